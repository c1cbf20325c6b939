#include "lib/index/key_index.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "lib/core/decimal.h"
#include "lib/index/hash_order_internal.h"

namespace cdc::index {
namespace {

constexpr char kMagic[8] = {'c', 'd', 'c', 'k', 'e', 'y', 's', '\0'};
constexpr uint32_t kFormatVersion = 2;
constexpr size_t kHeaderBytes = 4096;
constexpr uint64_t kMinCapacity = 1024;
/// Slots behind the last home slot, so that probing never wraps around.
constexpr uint64_t kTail = 512;
/// Growing by a quarter when three quarters full keeps 32 to 40 bytes per key.
constexpr double kMaxLoad = 0.75, kGrowth = 1.25;
/// Less than this share of the slots is not worth a copy that only leaves erased ones behind: each would make
/// room for few keys.
constexpr uint64_t kSpareShare = 8;
/// A batch that adds more than this share of the keys comes from a bulk load: more of them will follow, and
/// with factor 1.25 each key would be copied five times.
constexpr uint64_t kBulkShare = 32;
constexpr double kBulkGrowth = 2;
/// How many times what is needed now a bulk load may make room for by a guess.
constexpr uint64_t kBulkAhead = 8;
/// What a bulk load may leave behind, and the share of free room that is left when it is exceeded.
constexpr uint64_t kMostBytesPerKey = 40;
constexpr double kRoomLeft = 1.1;
constexpr uint64_t kLeastTrimmed = 100'000;
constexpr uint64_t kErased = UINT64_MAX;

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t synced;    // 1: every page is on disk
  uint64_t capacity;  // home slots
  uint64_t used;      // slots that are not empty, erased ones included
  uint64_t live;      // keys
  int64_t snapshot_id;
  char table_uuid[40];
  char boot_id[40];
  uint64_t secret;
};

struct Slot {
  uint64_t low;  // 0: empty; written last
  uint64_t high;
  uint64_t location;  // kErased: the key is gone, the slot stays taken
};
static_assert(sizeof(Slot) == 24 && sizeof(Header) <= kHeaderBytes);

/// A hash of 0 would read as an empty slot.
uint64_t Low(const Hash128& key) { return key.low == 0 ? 1 : key.low; }

uint64_t Home(uint64_t low, uint64_t capacity) {
  return static_cast<uint64_t>(static_cast<UInt128>(low) * capacity >> 64);
}

uint64_t Pack(Location l) { return uint64_t{l.file} << 32 | l.position; }
Location Unpack(uint64_t v) { return {static_cast<uint32_t>(v >> 32), static_cast<uint32_t>(v)}; }

uint64_t SlotsFor(uint64_t keys) { return static_cast<uint64_t>(static_cast<double>(keys) / kMaxLoad) + 1; }

void Store(uint64_t* at, uint64_t value) {
  std::atomic_ref<uint64_t>(*at).store(value, std::memory_order_release);
}

Error FileError(const char* what, const std::filesystem::path& path) {
  return Error{ErrorKind::kTransient, std::string(what) + " " + path.string() + ": " + std::strerror(errno),
               "free space or permissions in state_dir"};
}

void CopyText(char (&to)[40], std::string_view from) {
  std::memset(to, 0, sizeof to);
  std::memcpy(to, from.data(), std::min(from.size(), sizeof to - 1));
}

std::filesystem::path FilePath(const std::filesystem::path& folder) { return folder / "keys.idx"; }

}  // namespace

struct KeyIndex::Mapping {
  void* base = MAP_FAILED;
  size_t bytes = 0;

  ~Mapping() {
    if (base != MAP_FAILED) ::munmap(base, bytes);
  }
  Header* header() const { return static_cast<Header*>(base); }
  Slot* slots() const { return reinterpret_cast<Slot*>(static_cast<char*>(base) + kHeaderBytes); }
  uint64_t slot_count() const { return header()->capacity + kTail; }
  static size_t BytesFor(uint64_t capacity) { return kHeaderBytes + (capacity + kTail) * sizeof(Slot); }

  static Result<std::unique_ptr<Mapping>> Map(int fd, size_t bytes, const std::filesystem::path& path) {
    auto mapping = std::make_unique<Mapping>();
    mapping->base = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapping->base == MAP_FAILED) return FileError("cannot map", path);
    mapping->bytes = bytes;
    return mapping;
  }

  /// A new file under a temporary name. Its blocks are allocated: a full disk is an error here, not a SIGBUS
  /// later.
  static Result<std::unique_ptr<Mapping>> Make(const std::filesystem::path& path, uint64_t capacity) {
    const size_t bytes = BytesFor(capacity);
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return FileError("cannot create", path);
    errno = ::posix_fallocate(fd, 0, static_cast<off_t>(bytes));
    auto mapping = errno == 0 ? Map(fd, bytes, path)
                              : Result<std::unique_ptr<Mapping>>(FileError("cannot allocate", path));
    ::close(fd);
    if (!mapping) {
      ::unlink(path.c_str());
      return mapping.error();
    }
    // Every page will be written to: one call is cheaper than a fault for each. Older kernels do not know it.
    ::madvise((*mapping)->base, bytes, MADV_POPULATE_WRITE);
    Header* header = (*mapping)->header();
    std::memcpy(header->magic, kMagic, sizeof kMagic);
    header->version = kFormatVersion;
    header->capacity = capacity;
    return mapping;
  }

  /// The slot of `low`/`high`, or the empty slot where it would go; nullptr when the tail is full.
  Slot* Probe(uint64_t low, uint64_t high) const {
    Slot* slot = slots() + Home(low, header()->capacity);
    Slot* const end = slots() + slot_count();
    for (; slot < end; ++slot) {
      if (slot->low == 0 || (slot->low == low && slot->high == high)) return slot;
    }
    return nullptr;
  }
};

KeyIndex::KeyIndex(std::filesystem::path folder, std::unique_ptr<Mapping> mapping)
    : folder_(std::move(folder)), mapping_(std::move(mapping)) {}
KeyIndex::~KeyIndex() = default;

Result<std::unique_ptr<KeyIndex>> KeyIndex::Create(const std::filesystem::path& folder, const Stamp& stamp) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const auto path = FilePath(folder), temporary = folder / "keys.idx.new";
  CDC_ASSIGN(auto mapping, Mapping::Make(temporary, kMinCapacity));
  std::unique_ptr<KeyIndex> index(new KeyIndex(folder, std::move(mapping)));
  index->unsynced_ = true;
  index->SetStamp(stamp);
  index->mapping_->header()->secret = stamp.secret;
  CopyText(index->mapping_->header()->boot_id, BootId());
  if (::rename(temporary.c_str(), path.c_str()) != 0) return FileError("cannot rename", temporary);
  return index;
}

Result<std::unique_ptr<KeyIndex>> KeyIndex::Open(const std::filesystem::path& folder,
                                                 std::string_view boot_id) {
  const auto path = FilePath(folder);
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return Error{ErrorKind::kNotFound, "no key index at " + path.string()};
  if (fd < 0) return FileError("cannot open", path);
  struct stat info {};
  ::fstat(fd, &info);
  const auto bytes = static_cast<size_t>(info.st_size);
  const auto corrupt = [&](const char* why) {
    ::close(fd);
    return Error{ErrorKind::kCorrupt, "key index " + path.string() + " " + why};
  };
  if (bytes < kHeaderBytes) return corrupt("is too short");
  auto mapping = Mapping::Map(fd, bytes, path);
  if (!mapping) {
    ::close(fd);
    return mapping.error();
  }
  const Header* header = (*mapping)->header();
  if (std::memcmp(header->magic, kMagic, sizeof kMagic) != 0) return corrupt("is not a key index");
  if (header->version != kFormatVersion) return corrupt("has another format version");
  if (header->capacity < kMinCapacity || Mapping::BytesFor(header->capacity) != bytes)
    return corrupt("has a wrong size");
  if (header->synced == 0 && (boot_id.empty() || header->boot_id != boot_id)) {
    return corrupt("was not closed before the machine went down");
  }
  ::close(fd);
  std::unique_ptr<KeyIndex> index(new KeyIndex(folder, std::move(*mapping)));
  index->unsynced_ = header->synced == 0;
  return index;
}

/// The flag must be off on disk before any other page changes.
void KeyIndex::MarkUnsynced() {
  if (unsynced_) return;
  unsynced_ = true;
  Header* header = mapping_->header();
  header->synced = 0;
  CopyText(header->boot_id, BootId());
  ::msync(mapping_->base, kHeaderBytes, MS_SYNC);
}

std::optional<Location> KeyIndex::Find(const Hash128& key) const {
  const Slot* slot = mapping_->Probe(Low(key), key.high);
  if (slot == nullptr || slot->low == 0 || slot->location == kErased) return std::nullopt;
  return Unpack(slot->location);
}

/// Also the lines behind the home slot: where three quarters are taken, a key that is not there is known to
/// be missing after eight slots.
void KeyIndex::Prefetch(const Hash128& key) const {
  constexpr size_t kLine = 64, kLines = 3;
  const char* const home =
      reinterpret_cast<const char*>(mapping_->slots() + Home(Low(key), mapping_->header()->capacity));
  for (size_t line = 0; line < kLines; ++line) __builtin_prefetch(home + kLine * line);
}

void KeyIndex::FindMany(std::span<const Hash128> keys, std::span<Location> out) const {
  constexpr size_t kAhead = 32;
  if (!WorthOrdering(keys.size(), file_bytes())) {
    for (size_t i = 0; i < keys.size(); ++i) {
      if (i + kAhead < keys.size()) Prefetch(keys[i + kAhead]);
      out[i] = Find(keys[i]).value_or(Missing());
    }
    return;
  }
  const auto order = HashOrder(keys.size(), [&](size_t i) -> const Hash128& { return keys[i]; });
  for (size_t i = 0; i < order.size(); ++i) {
    if (i + kAhead < order.size()) Prefetch(keys[order[i + kAhead]]);
    out[order[i]] = Find(keys[order[i]]).value_or(Missing());
  }
}

Status KeyIndex::Put(const Hash128& key, Location location) {
  MarkUnsynced();
  Header* header = mapping_->header();
  Slot* slot = mapping_->Probe(Low(key), key.high);
  while (slot == nullptr || (slot->low == 0 && static_cast<double>(header->used + 1) >
                                                   kMaxLoad * static_cast<double>(header->capacity))) {
    const double growth = ErasedAreInTheWay(header->live + 1) ? 1 : kGrowth;
    CDC_TRY(Grow(static_cast<uint64_t>(static_cast<double>(header->capacity) * growth)));
    header = mapping_->header();
    slot = mapping_->Probe(Low(key), key.high);
  }
  if (slot->low != 0) {
    if (slot->location == kErased) ++header->live;
    Store(&slot->location, Pack(location));
    return {};
  }
  Store(&slot->location, Pack(location));
  Store(&slot->high, key.high);
  Store(&slot->low, Low(key));
  ++header->used;
  ++header->live;
  return {};
}

void KeyIndex::Erase(const Hash128& key) {
  Slot* slot = mapping_->Probe(Low(key), key.high);
  if (slot == nullptr || slot->low == 0 || slot->location == kErased) return;
  MarkUnsynced();
  Store(&slot->location, kErased);
  --mapping_->header()->live;
}

Status KeyIndex::Clear() {
  const Stamp kept = stamp();
  CDC_ASSIGN(auto fresh, Create(folder_, kept));
  mapping_ = std::move(fresh->mapping_);
  unsynced_ = true;
  return {};
}

bool KeyIndex::HasRoom(uint64_t keys) const {
  const Header* header = mapping_->header();
  return SlotsFor(keys) + (header->used - header->live) <= header->capacity;
}

/// Whether `keys` have room, with some to spare, once erased slots are left behind: where keys come and go
/// the file would grow with every one that ever was.
bool KeyIndex::ErasedAreInTheWay(uint64_t keys) const {
  const Header* header = mapping_->header();
  return header->used > header->live && SlotsFor(keys) <= header->capacity - header->capacity / kSpareShare;
}

Status KeyIndex::Reserve(uint64_t keys, uint64_t in_the_end) {
  if (HasRoom(keys)) return {};
  const uint64_t needed = SlotsFor(keys);
  const bool bulk = keys > size() + size() / kBulkShare;
  MarkUnsynced();
  if (ErasedAreInTheWay(keys)) return Grow(mapping_->header()->capacity);
  // A guess for which there is no space is none.
  if (bulk && in_the_end > keys && Grow(SlotsFor(std::min(in_the_end, kBulkAhead * keys)))) return {};
  return Grow(std::max(needed, static_cast<uint64_t>(static_cast<double>(mapping_->header()->capacity) *
                                                     (bulk ? kBulkGrowth : kGrowth))));
}

/// Also to the capacity there is. Both files are in hash order, so this reads and writes front to back.
/// Erased slots are left behind.
Status KeyIndex::Grow(uint64_t capacity) {
  capacity = std::max(capacity, kMinCapacity);
  const auto path = FilePath(folder_), temporary = folder_ / "keys.idx.new";
  while (true) {
    CDC_ASSIGN(auto grown, Mapping::Make(temporary, capacity));
    Header* to = grown->header();
    const Header* from = mapping_->header();
    to->snapshot_id = from->snapshot_id;
    std::memcpy(to->table_uuid, from->table_uuid, sizeof to->table_uuid);
    std::memcpy(to->boot_id, from->boot_id, sizeof to->boot_id);
    to->secret = from->secret;
    bool fits = true;
    const Slot* const end = mapping_->slots() + mapping_->slot_count();
    for (const Slot* slot = mapping_->slots(); slot < end && fits; ++slot) {
      if (slot->low == 0 || slot->location == kErased) continue;
      Slot* place = grown->Probe(slot->low, slot->high);
      fits = place != nullptr;
      if (!fits) break;
      *place = *slot;
      ++to->used;
    }
    if (!fits) {  // a cluster ran over the tail: more room thins it out
      capacity = static_cast<uint64_t>(static_cast<double>(capacity) * kGrowth);
      continue;
    }
    to->live = to->used;
    if (::rename(temporary.c_str(), path.c_str()) != 0) return FileError("cannot rename", temporary);
    mapping_ = std::move(grown);
    return {};
  }
}

Stamp KeyIndex::stamp() const {
  return {mapping_->header()->table_uuid, mapping_->header()->snapshot_id, mapping_->header()->secret};
}

void KeyIndex::SetStamp(const Stamp& stamp) {
  MarkUnsynced();
  CopyText(mapping_->header()->table_uuid, stamp.table_uuid);
  mapping_->header()->snapshot_id = stamp.snapshot_id;
}

uint64_t KeyIndex::size() const { return mapping_->header()->live; }
uint64_t KeyIndex::file_bytes() const { return mapping_->bytes; }

Status KeyIndex::Sync() {
  if (!unsynced_) return {};
  // Without space for the copy the index stays as large as it is.
  if (file_bytes() > std::max(size(), kLeastTrimmed) * kMostBytesPerKey) {
    (void)Grow(static_cast<uint64_t>(static_cast<double>(SlotsFor(size())) * kRoomLeft));
  }
  if (::msync(mapping_->base, mapping_->bytes, MS_SYNC) != 0)
    return FileError("cannot write out", FilePath(folder_));
  mapping_->header()->synced = 1;
  if (::msync(mapping_->base, kHeaderBytes, MS_SYNC) != 0)
    return FileError("cannot write out", FilePath(folder_));
  unsynced_ = false;
  return {};
}

std::string BootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace cdc::index
