#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <random>

#include "lib/core/hash128.h"
#include "lib/index/key_file_internal.h"

namespace cdc::index {
namespace {

constexpr char kMagic[8] = {'c', 'd', 'c', 'k', 'e', 'y', 's', '\0'};
/// 1 had hashes without a secret, and no checks.
constexpr uint32_t kFormatVersion = 3;
constexpr uint64_t kMinCapacity = 1024;
/// Slots behind the last home slot, so that probing never wraps around.
constexpr uint64_t kTail = 512;
/// Odd, and as random as any.
constexpr uint64_t kMixers[] = {
    0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb, 0xd6e8feb86659fd93, 0xa0761d6478bd642f,
    0xe7037ed1a0b428db, 0x8ebc6af09c88c6e3, 0x589965cc75374cc3, 0x1d8e4e27c47d124f, 0xeb44accab455d165};

static_assert(sizeof(FileState) <= 1024 && sizeof(ChangeRecord) <= 1024);

/// What stands in the program before it is in the file before what stands behind it, where a kill falls
/// between the two.
void KeepOrder() { std::atomic_signal_fence(std::memory_order_seq_cst); }

uint64_t Mix(uint64_t a, uint64_t b) {
  const UInt128 product = static_cast<UInt128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

/// Of a slot at its place; 0: empty.
uint64_t SumOf(const Slot& slot, uint64_t at) {
  const uint64_t taken = (slot.low | slot.high | slot.location) != 0;
  return Mix(slot.low ^ at * kMixers[0], (slot.high + slot.location * kMixers[1]) ^ kMixers[2]) & (0 - taken);
}

uint64_t CheckOf(const FileState& state) {
  return HashBytes({reinterpret_cast<const char*>(&state), offsetof(FileState, check)}).low;
}

/// One wrong bit, or one wrong word, never goes unseen.
uint64_t CheckOf(const ChangeRecord& r) {
  return r.number * kMixers[0] + r.at * kMixers[1] + r.slot.low * kMixers[2] + r.slot.high * kMixers[3] +
         r.slot.location * kMixers[4] + r.sum * kMixers[5] + r.total * kMixers[6] + r.used * kMixers[7] +
         r.live * kMixers[8] + kMixers[9];
}

uint64_t StripesFor(uint64_t capacity) {
  return (capacity + kTail + KeyFile::kStripe - 1) / KeyFile::kStripe;
}

size_t BytesFor(uint64_t capacity) {
  constexpr uint64_t kBytes = KeyFile::kStripe * sizeof(Slot) + sizeof(uint64_t);
  return KeyFile::kHeaderBytes + StripesFor(capacity) * kBytes;
}

Error Corrupt(const std::filesystem::path& path, const char* why) {
  return Error{ErrorKind::kCorrupt, "key index " + path.string() + " " + why};
}

}  // namespace

Error KeyFileError(const char* what, const std::filesystem::path& path) {
  return Error{ErrorKind::kTransient, std::string(what) + " " + path.string() + ": " + std::strerror(errno),
               "free space or permissions in state_dir"};
}

KeyFile::~KeyFile() {
  if (base_ != nullptr) ::munmap(base_, bytes_);
}

Status KeyFile::Map(int fd, size_t bytes, const std::filesystem::path& path) {
  void* const base = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (base == MAP_FAILED) return KeyFileError("cannot map", path);
  base_ = static_cast<char*>(base);
  bytes_ = bytes;
  slots_ = reinterpret_cast<Slot*>(base_ + kHeaderBytes);
  return {};
}

void KeyFile::SetCapacity(uint64_t capacity) {
  capacity_ = capacity;
  slot_count_ = StripesFor(capacity) * kStripe;
}

Result<std::unique_ptr<KeyFile>> KeyFile::Make(const std::filesystem::path& path, uint64_t capacity,
                                               const FileState& like) {
  capacity = std::max(capacity, kMinCapacity);
  std::unique_ptr<KeyFile> file(new KeyFile);
  const size_t bytes = BytesFor(capacity);
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return KeyFileError("cannot create", path);
  errno = ::posix_fallocate(fd, 0, static_cast<off_t>(bytes));
  const Status mapped = errno == 0 ? file->Map(fd, bytes, path) : KeyFileError("cannot allocate", path);
  ::close(fd);
  if (!mapped) {
    ::unlink(path.c_str());
    return mapped.error();
  }
  // Every page will be written to: one call is cheaper than a fault for each. Older kernels do not know it.
  ::madvise(file->base_, bytes, MADV_POPULATE_WRITE);
  file->SetCapacity(capacity);
  FileState state = like;
  std::memcpy(state.magic, kMagic, sizeof kMagic);
  state.version = kFormatVersion;
  state.capacity = capacity;
  state.synced = 0;
  state.number = state.changes = 0;
  std::random_device random;
  state.nonce = uint64_t{random()} << 32 | random();
  file->state_ = state;
  for (uint64_t stripe = 0; stripe < StripesFor(capacity); ++stripe)
    file->total_ += file->sums()[stripe] = file->BaseOf(stripe);
  file->checked_.assign(StripesFor(capacity) / 64 + 1, UINT64_MAX);
  file->Write(state, true);
  return file;
}

Result<std::unique_ptr<KeyFile>> KeyFile::Open(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return Error{ErrorKind::kNotFound, "no key index at " + path.string()};
  if (fd < 0) return KeyFileError("cannot open", path);
  struct stat info {};
  ::fstat(fd, &info);
  const auto bytes = static_cast<size_t>(info.st_size);
  std::unique_ptr<KeyFile> file(new KeyFile);
  const Status mapped =
      bytes < kHeaderBytes ? Status(Corrupt(path, "is too short")) : file->Map(fd, bytes, path);
  ::close(fd);
  CDC_TRY(mapped);
  CDC_TRY(file->Adopt(path));
  return file;
}

/// Finds the newest state, and the last change.
Status KeyFile::Adopt(const std::filesystem::path& path) {
  const FileState* newest = nullptr;
  for (const uint64_t i : {0, 1}) {
    const FileState* const one = copy(i);
    if (std::memcmp(one->magic, kMagic, sizeof kMagic) != 0) continue;
    if (i == 0 && one->version != kFormatVersion && one->version != 0)
      return Corrupt(path, "has another format version, or a damaged head");
    if (one->version != kFormatVersion || one->check != CheckOf(*one)) continue;
    if (newest == nullptr || one->number > newest->number) newest = one;
  }
  if (newest == nullptr) return Corrupt(path, "is not a key index, or its head is damaged");
  state_ = *newest;
  // No multiplication may overflow before the size is known to be right.
  if (state_.capacity < kMinCapacity || state_.capacity > bytes_ / sizeof(Slot) ||
      BytesFor(state_.capacity) != bytes_)
    return Corrupt(path, "has a wrong size");
  SetCapacity(state_.capacity);
  used_ = state_.used;
  live_ = state_.live;
  total_ = state_.total;
  changes_ = state_.changes;
  const ChangeRecord* last = nullptr;
  for (const uint64_t i : {0, 1}) {
    const ChangeRecord* const one = record(i);
    if (state_.settled == 0 && one->check == CheckOf(*one) && one->number > changes_ &&
        one->at < slot_count_ && (last == nullptr || one->number > last->number))
      last = one;
  }
  if (last != nullptr) {
    slots_[last->at] = last->slot;
    sums()[last->at / kStripe] = last->sum;
    used_ = last->used;
    live_ = last->live;
    total_ = last->total;
    changes_ = last->number;
  }
  uint64_t total = 0;
  for (uint64_t stripe = 0; stripe < slot_count_ / kStripe; ++stripe) total += sums()[stripe];
  if (total != total_ || live_ > used_ || used_ > slot_count_)
    return Corrupt(path, "is damaged: its sums do not add up");
  checked_.assign(slot_count_ / kStripe / 64 + 1, 0);
  return {};
}

void KeyFile::Write(const FileState& state, bool settled) {
  FileState next = state;
  next.number = state_.number + 1;
  next.changes = changes_;
  next.used = used_;
  next.live = live_;
  next.total = total_;
  next.settled = settled ? 1 : 0;
  next.check = CheckOf(next);
  KeepOrder();
  std::memcpy(static_cast<void*>(copy(next.number)), &next, sizeof next);
  KeepOrder();
  state_ = next;
}

uint64_t KeyFile::BaseOf(uint64_t stripe) const {
  return Mix(state_.nonce ^ kMixers[4], (stripe + 1) * kMixers[5]) | 1;
}

bool KeyFile::Check(uint64_t stripe) {
  uint64_t sum = BaseOf(stripe);
  const uint64_t first = stripe * kStripe;
  for (uint64_t at = first; at < first + kStripe; ++at) sum += SumOf(slots_[at], at);
  if (sum != sums()[stripe]) {
    doubtful_ = true;
    return false;
  }
  checked_[stripe / 64] |= uint64_t{1} << stripe % 64;
  return true;
}

void KeyFile::Change(Slot* slot, const Slot& to, uint64_t used, uint64_t live) {
  const auto at = static_cast<uint64_t>(slot - slots_);
  uint64_t& sum = sums()[at / kStripe];
  const uint64_t difference = SumOf(to, at) - SumOf(*slot, at);
  ChangeRecord change{++changes_, at, to, sum + difference, total_ + difference, used, live, 0};
  change.check = CheckOf(change);
  *record(changes_) = change;
  KeepOrder();
  *slot = to;
  sum = change.sum;
  total_ = change.total;
  used_ = used;
  live_ = live;
  KeepOrder();
}

void KeyFile::Place(Slot* slot, const Slot& to) {
  const auto at = static_cast<uint64_t>(slot - slots_);
  const uint64_t sum = SumOf(to, at);
  *slot = to;
  sums()[at / kStripe] += sum;
  total_ += sum;
  ++used_;
  ++live_;
}

}  // namespace cdc::index
