#include "lib/index/key_index.h"

#include <unistd.h>

#include <algorithm>

#include "lib/index/hash_order_internal.h"
#include "lib/index/key_file_internal.h"

namespace cdc::index {
namespace {

/// Growing by so much when kMaxLoad is exceeded keeps 32 to 40 bytes per key.
constexpr double kGrowth = 1.25;
/// Less than this share of the slots is not worth a copy that only leaves erased ones behind: each would make
/// room for few keys.
constexpr uint64_t kSpareShare = 8;
/// A batch that adds more than this share of the keys comes from a bulk load: more of them will follow, and
/// with factor 1.25 each key would be copied five times.
constexpr uint64_t kBulkShare = 32;
constexpr double kBulkGrowth = 2;
/// How many times what is needed now a bulk load may make room for by a guess.
constexpr uint64_t kBulkAhead = 8;
constexpr uint64_t kErased = KeyFile::kErased;

/// A hash of 0 would read as an empty slot.
uint64_t Low(const Hash128& key) { return key.low == 0 ? 1 : key.low; }

uint64_t Pack(Location l) { return uint64_t{l.file} << 32 | l.position; }
Location Unpack(uint64_t v) { return {static_cast<uint32_t>(v >> 32), static_cast<uint32_t>(v)}; }

}  // namespace

KeyIndex::KeyIndex(std::filesystem::path folder, std::unique_ptr<KeyFile> file)
    : folder_(std::move(folder)), file_(std::move(file)) {
  most_used_ = static_cast<uint64_t>(kMaxLoad * static_cast<double>(file_->capacity()));
}
KeyIndex::~KeyIndex() = default;

Result<std::unique_ptr<KeyFile>> KeyIndex::MakeEmpty(const std::filesystem::path& folder,
                                                     const FileState& state) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const auto temporary = folder / "keys.idx.new";
  CDC_ASSIGN(auto file, KeyFile::Make(temporary, 0, state));
  if (::rename(temporary.c_str(), KeyFilePath(folder).c_str()) != 0)
    return KeyFileError("cannot rename", temporary);
  return file;
}

Result<std::unique_ptr<KeyIndex>> KeyIndex::Create(const std::filesystem::path& folder, const Stamp& stamp) {
  FileState state{};
  CopyText(state.table_uuid, stamp.table_uuid);
  CopyText(state.boot_id, BootId());
  state.snapshot_id = stamp.snapshot_id;
  state.secret = stamp.secret;
  CDC_ASSIGN(auto file, MakeEmpty(folder, state));
  return std::unique_ptr<KeyIndex>(new KeyIndex(folder, std::move(file)));
}

Result<std::unique_ptr<KeyIndex>> KeyIndex::Open(const std::filesystem::path& folder,
                                                 std::string_view boot_id) {
  CDC_ASSIGN(auto file, KeyFile::Open(KeyFilePath(folder)));
  const FileState& state = file->state();
  if (state.synced == 0 && (boot_id.empty() || state.boot_id != boot_id)) {
    return Error{ErrorKind::kCorrupt, "key index " + KeyFilePath(folder).string() +
                                          " was not closed before the machine went down"};
  }
  return std::unique_ptr<KeyIndex>(new KeyIndex(folder, std::move(file)));
}

/// Taking the file away is what a next run cannot overlook.
Status KeyIndex::Doubt() const {
  ::unlink(KeyFilePath(folder_).c_str());
  return Error{ErrorKind::kTransient,
               "key index " + KeyFilePath(folder_).string() + " is damaged; the next run builds it anew",
               "nothing has to be done; look for what writes to state_dir, or for a failing disk"};
}

bool KeyIndex::doubtful() const { return file_->doubtful(); }

/// Before the first change behind a state that is settled.
void KeyIndex::Unsettle() {
  if (file_->state().settled == 0) return;
  MarkUnsynced();
  file_->Write(file_->state(), false);
}

Location KeyIndex::FindOne(const Hash128& key) const {
  const Slot* slot = file_->Probe(Low(key), key.high);
  if (slot == nullptr || slot->low == 0 || slot->location == kErased) return Missing();
  return Unpack(slot->location);
}

Result<Location> KeyIndex::Find(const Hash128& key) const {
  const Location found = FindOne(key);
  if (file_->doubtful()) return Doubt().error();
  return found;
}

/// Also the lines behind the home slot: where three quarters are taken, a key that is not there is known to
/// be missing after eight slots.
void KeyIndex::Prefetch(const Hash128& key) const {
  constexpr size_t kLine = 64, kLines = 3;
  const char* const home = reinterpret_cast<const char*>(file_->slots() + file_->HomeOf(Low(key)));
  for (size_t line = 0; line < kLines; ++line) __builtin_prefetch(home + kLine * line);
}

Status KeyIndex::FindMany(std::span<const Hash128> keys, std::span<Location> out) const {
  constexpr size_t kAhead = 32;
  if (!WorthOrdering(keys.size(), file_bytes())) {
    for (size_t i = 0; i < keys.size(); ++i) {
      if (i + kAhead < keys.size()) Prefetch(keys[i + kAhead]);
      out[i] = FindOne(keys[i]);
    }
    return file_->doubtful() ? Doubt() : Status{};
  }
  const auto order = HashOrder(keys.size(), [&](size_t i) -> const Hash128& { return keys[i]; });
  for (size_t i = 0; i < order.size(); ++i) {
    // The keys themselves lie in no order.
    if (i + 2 * kAhead < order.size()) __builtin_prefetch(&keys[order[i + 2 * kAhead]]);
    if (i + kAhead < order.size()) Prefetch(keys[order[i + kAhead]]);
    out[order[i]] = FindOne(keys[order[i]]);
  }
  return file_->doubtful() ? Doubt() : Status{};
}

Status KeyIndex::Put(const Hash128& key, Location location) {
  Unsettle();
  Slot* slot = file_->Probe(Low(key), key.high);
  while (slot == nullptr || (slot->low == 0 && file_->used() >= most_used_)) {
    if (file_->doubtful()) return Doubt();
    const double growth = ErasedAreInTheWay(file_->live() + 1) ? 1 : kGrowth;
    CDC_TRY(Grow(static_cast<uint64_t>(static_cast<double>(file_->capacity()) * growth)));
    slot = file_->Probe(Low(key), key.high);
  }
  const bool fresh = slot->low == 0, gone = !fresh && slot->location == kErased;
  file_->Change(slot, {Low(key), key.high, Pack(location)}, file_->used() + (fresh ? 1 : 0),
                file_->live() + (fresh || gone ? 1 : 0));
  return {};
}

Status KeyIndex::Erase(const Hash128& key) {
  Slot* slot = file_->Probe(Low(key), key.high);
  if (file_->doubtful()) return Doubt();
  if (slot == nullptr || slot->low == 0 || slot->location == kErased) return {};
  Unsettle();
  file_->Change(slot, {slot->low, slot->high, kErased}, file_->used(), file_->live() - 1);
  return {};
}

Status KeyIndex::Clear() {
  MarkUnsynced();
  FileState state = file_->state();
  state.excess = 0;
  CDC_ASSIGN(file_, MakeEmpty(folder_, state));
  most_used_ = static_cast<uint64_t>(kMaxLoad * static_cast<double>(file_->capacity()));
  return {};
}

bool KeyIndex::HasRoom(uint64_t keys) const {
  return SlotsFor(keys) + (file_->used() - file_->live()) <= file_->capacity();
}

/// Whether `keys` have room, with some to spare, once erased slots are left behind: where keys come and go
/// the file would grow with every one that ever was.
bool KeyIndex::ErasedAreInTheWay(uint64_t keys) const {
  return file_->used() > file_->live() &&
         SlotsFor(keys) <= file_->capacity() - file_->capacity() / kSpareShare;
}

Status KeyIndex::Reserve(uint64_t keys, uint64_t in_the_end) {
  if (HasRoom(keys)) return {};
  const uint64_t needed = SlotsFor(keys);
  const bool bulk = keys > size() + size() / kBulkShare;
  MarkUnsynced();
  if (ErasedAreInTheWay(keys)) return Grow(file_->capacity());
  // A guess for which there is no space is none.
  if (bulk && in_the_end > keys && Grow(SlotsFor(std::min(in_the_end, kBulkAhead * keys)))) return {};
  return Grow(std::max(needed, static_cast<uint64_t>(static_cast<double>(file_->capacity()) *
                                                     (bulk ? kBulkGrowth : kGrowth))));
}

/// Also to the capacity there is. Both files are in hash order, so this reads and writes front to back.
/// Erased slots are left behind.
Status KeyIndex::Grow(uint64_t capacity) {
  const auto path = KeyFilePath(folder_), temporary = folder_ / "keys.idx.new";
  if (file_->doubtful()) return Doubt();
  while (true) {
    CDC_ASSIGN(auto grown, KeyFile::Make(temporary, capacity, file_->state()));
    bool fits = true;
    for (uint64_t at = 0; at < file_->slot_count() && fits; ++at) {
      if (at % KeyFile::kStripe == 0 && !file_->Trusts(at / KeyFile::kStripe)) return Doubt();
      const Slot& slot = file_->slots()[at];
      if (slot.low == 0 || slot.location == kErased) continue;
      Slot* const place = grown->Probe(slot.low, slot.high);
      fits = place != nullptr;
      if (fits) grown->Place(place, slot);
    }
    if (!fits) {  // a cluster ran over the tail: more room thins it out
      capacity = static_cast<uint64_t>(static_cast<double>(std::max(capacity, grown->capacity())) * kGrowth);
      continue;
    }
    grown->Write(grown->state(), file_->state().settled != 0);
    if (::rename(temporary.c_str(), path.c_str()) != 0) return KeyFileError("cannot rename", temporary);
    file_ = std::move(grown);
    most_used_ = static_cast<uint64_t>(kMaxLoad * static_cast<double>(file_->capacity()));
    return {};
  }
}

}  // namespace cdc::index
