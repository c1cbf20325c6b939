#include "lib/index/commit_journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "lib/core/read_file.h"
#include "lib/index/hash_order_internal.h"

namespace cdc::index {
namespace {

/// 1 and 2 had hashes without a secret.
constexpr char kMagic[8] = {'c', 'd', 'c', 'j', 'r', 'n', 'l', '3'};
/// Of an intent with keys_in_files: a program that knows nothing of these must not take it for one without
/// changes.
constexpr char kMagicInFiles[8] = {'c', 'd', 'c', 'j', 'r', 'n', 'l', '4'};
static_assert(sizeof kMagic == sizeof kMagicInFiles);

class Encoder {
 public:
  void Number(uint64_t v) { Raw(&v, sizeof v); }
  void Text(std::string_view v) {
    Number(v.size());
    Raw(v.data(), v.size());
  }
  void Raw(const void* data, size_t size) { bytes_.append(static_cast<const char*>(data), size); }
  std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
};

/// What does not fit ends the reading: from then on all is 0 or empty, and whole() is false.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : rest_(bytes) {}
  uint64_t Number() {
    uint64_t v = 0;
    Raw(&v, sizeof v);
    return v;
  }
  /// A number of things that take `size` bytes or more each: never more than there can be.
  uint64_t Count(size_t size) {
    const uint64_t count = Number();
    if (count > rest_.size() / size) Fail();
    return fits_ ? count : 0;
  }
  std::string Text() {
    const uint64_t size = Count(1);
    std::string v(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return v;
  }
  void Raw(void* to, size_t size) {
    // An empty vector's data may be null, which memcpy must not be given, not even for nothing.
    if (size == 0) return;
    if (size > rest_.size()) return Fail();
    std::memcpy(to, rest_.data(), size);
    rest_.remove_prefix(size);
  }
  bool whole() const { return fits_ && rest_.empty(); }

 private:
  void Fail() {
    fits_ = false;
    rest_ = {};
  }

  std::string_view rest_;
  bool fits_ = true;
};

std::filesystem::path FilePath(const std::filesystem::path& folder) { return folder / "commit.journal"; }

/// A slot is fetched while so many before it are dealt with.
constexpr size_t kAhead = 32;

/// Calls `visit` for all changes, fetching the slots of those some places on.
template <typename Visit>
Status VisitMany(std::span<const KeyChange> changes, const KeyIndex& index, Visit visit) {
  if (!WorthOrdering(changes.size(), index.file_bytes())) {
    for (size_t i = 0; i < changes.size(); ++i) {
      if (i + kAhead < changes.size()) index.Prefetch(changes[i + kAhead].key);
      CDC_TRY(visit(changes[i]));
    }
    return {};
  }
  const auto order = HashOrder(changes.size(), [&](size_t i) -> const Hash128& { return changes[i].key; });
  for (size_t i = 0; i < order.size(); ++i) {
    // The changes themselves lie in no order.
    if (i + 2 * kAhead < order.size()) __builtin_prefetch(&changes[order[i + 2 * kAhead]]);
    if (i + kAhead < order.size()) index.Prefetch(changes[order[i + kAhead]].key);
    CDC_TRY(visit(changes[order[i]]));
  }
  return {};
}

Result<uint64_t> CountNew(std::span<const KeyChange> changes, const KeyIndex& index) {
  uint64_t count = 0;
  CDC_TRY(VisitMany(changes, index, [&](const KeyChange& change) -> Status {
    CDC_ASSIGN(const Location found, index.Find(change.key));
    count += change.location != KeyIndex::Missing() && found == KeyIndex::Missing();
    return {};
  }));
  return count;
}

/// Over what the file held before: its blocks are used again.
bool WriteFile(const std::filesystem::path& path, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return false;
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    done += static_cast<size_t>(n);
  }
  const bool cut = done == bytes.size() && ::ftruncate(fd, static_cast<off_t>(done)) == 0;
  return (::close(fd) == 0) & cut;
}

/// The former file is left under the temporary name where that can be had: a file less to be made and deleted
/// for every commit, of which some file systems take long notice.
bool Replace(const std::filesystem::path& temporary, const std::filesystem::path& path) {
  return ::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) == 0 ||
         ::rename(temporary.c_str(), path.c_str()) == 0;
}

}  // namespace

Status WriteJournal(const std::filesystem::path& folder, const CommitIntent& intent) {
  Encoder out;
  out.bytes().reserve(256 + intent.changes.size() * sizeof(KeyChange));
  out.Raw(intent.keys_in_files ? kMagicInFiles : kMagic, sizeof kMagic);
  out.Text(intent.table_uuid);
  out.Number(intent.secret);
  out.Number(static_cast<uint64_t>(intent.parent_snapshot_id));
  out.Number(static_cast<uint64_t>(intent.snapshot_id));
  out.Number(intent.clears ? 1 : 0);
  out.Number(intent.new_files.size());
  for (const auto& [number, path] : intent.new_files) {
    out.Number(number);
    out.Text(path);
  }
  out.Number(intent.attempt_files.size());
  for (const std::string& path : intent.attempt_files) out.Text(path);
  out.Number(intent.changes.size());
  static_assert(sizeof(KeyChange) == 24);
  out.Raw(intent.changes.data(), intent.changes.size() * sizeof(KeyChange));
  const Hash128 sum = HashBytes(out.bytes());
  out.Raw(&sum, sizeof sum);
  const auto path = FilePath(folder), temporary = folder / "commit.journal.new";
  if (!WriteFile(temporary, out.bytes()) || !Replace(temporary, path)) {
    return Error{ErrorKind::kTransient, "cannot write " + path.string() + ": " + std::strerror(errno),
                 "free space or permissions in state_dir"};
  }
  return {};
}

Result<std::optional<CommitIntent>> ReadJournal(const std::filesystem::path& folder) {
  CDC_ASSIGN(const auto read, ReadWholeFile(FilePath(folder)));
  if (!read) return std::optional<CommitIntent>();
  const std::string& bytes = *read;
  Hash128 sum;
  if (bytes.size() < sizeof kMagic + sizeof sum) return std::optional<CommitIntent>();
  std::memcpy(&sum, bytes.data() + bytes.size() - sizeof sum, sizeof sum);
  const std::string_view body(bytes.data(), bytes.size() - sizeof sum);
  const bool in_files = std::memcmp(body.data(), kMagicInFiles, sizeof kMagic) == 0;
  if ((!in_files && std::memcmp(body.data(), kMagic, sizeof kMagic) != 0) || HashBytes(body) != sum) {
    return std::optional<CommitIntent>();
  }
  Decoder in(body.substr(sizeof kMagic));
  CommitIntent intent;
  intent.keys_in_files = in_files;
  intent.table_uuid = in.Text();
  intent.secret = in.Number();
  intent.parent_snapshot_id = static_cast<int64_t>(in.Number());
  intent.snapshot_id = static_cast<int64_t>(in.Number());
  intent.clears = in.Number() != 0;
  for (uint64_t n = in.Count(2 * sizeof n); n > 0; --n) {
    const auto number = static_cast<uint32_t>(in.Number());
    intent.new_files.emplace_back(number, in.Text());
  }
  for (uint64_t n = in.Count(sizeof n); n > 0; --n) intent.attempt_files.push_back(in.Text());
  intent.changes.resize(in.Count(sizeof(KeyChange)));
  in.Raw(intent.changes.data(), intent.changes.size() * sizeof(KeyChange));
  if (!in.whole()) return std::optional<CommitIntent>();
  return std::optional<CommitIntent>(std::move(intent));
}

void RemoveJournal(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::filesystem::remove(FilePath(folder), ignored);
}

Status PutMany(std::span<const KeyChange> changes, KeyIndex* index) {
  return VisitMany(changes, *index, [&](const KeyChange& change) -> Status {
    if (change.location != KeyIndex::Missing()) return index->Put(change.key, change.location);
    return index->Erase(change.key);
  });
}

Status PutFile(std::span<const Hash128> keys, uint32_t file, std::span<const int64_t> skipped,
               KeyIndex* index) {
  auto skip = skipped.begin();
  for (size_t row = 0; row < keys.size(); ++row) {
    if (row + kAhead < keys.size()) index->Prefetch(keys[row + kAhead]);
    if (skip != skipped.end() && *skip == static_cast<int64_t>(row)) {
      ++skip;
      continue;
    }
    CDC_TRY(index->Put(keys[row], {file, static_cast<uint32_t>(row)}));
  }
  return {};
}

Status Apply(const CommitIntent& intent, KeyIndex* index) {
  index->Begin(Unfinished::kCommit, intent.snapshot_id);
  // Clearing again on a repeat is right: the changes that follow hold every key of this commit.
  if (intent.clears) CDC_TRY(index->Clear());
  const auto& changes = intent.changes;
  // Most changes are of keys that are there: they are counted before the file grows for nothing.
  if (!index->HasRoom(index->size() + changes.size())) {
    uint64_t fresh = intent.new_keys.value_or(0);
    if (!intent.new_keys) {
      CDC_ASSIGN(fresh, CountNew(changes, *index));
    }
    const uint64_t keys = index->size() + fresh;
    CDC_TRY(index->Reserve(keys, keys + intent.keys_to_come));
  }
  CDC_TRY(PutMany(changes, index));
  index->SetStamp({intent.table_uuid, intent.snapshot_id});
  return {};
}

}  // namespace cdc::index
