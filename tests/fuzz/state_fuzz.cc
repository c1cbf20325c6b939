/// Files of state_dir. Where one carries a checksum, the target makes the right one: what stands behind it is
/// to be safe to read as well, whoever wrote it.

#include <cstring>

#include "jobs/source/known_columns.h"
#include "jobs/source/letter_streak.h"
#include "jobs/source/tainted_keys.h"
#include "lib/core/hash128.h"
#include "lib/core/sealed_file.h"
#include "lib/index/commit_journal.h"
#include "lib/index/file_numbers.h"
#include "lib/rows/column.h"
#include "tests/fuzz/scratch_folder.h"
#include "tests/fuzz/target.h"

namespace cdc {
namespace {

using fuzz::Require;

const fuzz::ScratchFolder& Folder() {
  static const fuzz::ScratchFolder folder;
  return folder;
}

bool Same(const index::CommitIntent& a, const index::CommitIntent& b) {
  return a.table_uuid == b.table_uuid && a.secret == b.secret &&
         a.parent_snapshot_id == b.parent_snapshot_id && a.snapshot_id == b.snapshot_id &&
         a.clears == b.clears && a.keys_in_files == b.keys_in_files && a.new_files == b.new_files &&
         a.attempt_files == b.attempt_files && a.changes.size() == b.changes.size() &&
         (a.changes.empty() ||
          std::memcmp(a.changes.data(), b.changes.data(), a.changes.size() * sizeof(index::KeyChange)) == 0);
}

constexpr std::string_view kNumbersMagic = "cdc-file-numbers-2 ";

}  // namespace

FUZZ_TARGET(journal) {
  const Hash128 sum = HashBytes(bytes);
  std::string sealed(bytes);
  sealed.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  Folder().Write("commit.journal", bytes);
  (void)index::ReadJournal(Folder().path());
  Folder().Write("commit.journal", sealed);
  const auto read = index::ReadJournal(Folder().path());
  if (!read || !*read) return;
  Require(index::WriteJournal(Folder().path(), **read).has_value(), "an intent that was read can be written");
  const auto again = index::ReadJournal(Folder().path());
  Require(again && *again && Same(**read, **again), "an intent is read as it was written");
}

/// Lines without their checksums, the first one without its magic word.
FUZZ_TARGET(file_numbers) {
  Folder().Write("files", bytes);
  (void)index::FileNumbers::Open(Folder().path(), 0);
  std::string text;
  uint64_t chain = 0;
  while (!bytes.empty()) {
    std::string body(text.empty() ? kNumbersMagic : "");
    body.append(fuzz::TakeLine(&bytes));
    std::string summed(reinterpret_cast<const char*>(&chain), sizeof chain);
    chain = HashBytes(summed.append(body)).low;
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(chain));
    text.append(digits).append("\t").append(body).append("\n");
  }
  Folder().Write("files", text);
  auto numbers = index::FileNumbers::Open(Folder().path(), chain);
  if (!numbers) return;
  const uint32_t next = numbers->next();
  if (next == UINT32_MAX || next == 0) return;
  Require(numbers->PathOf(next) == nullptr, "the next number is of no file yet");
  Require(numbers->Add(next, "/w/data/new.parquet").has_value(), "a file can be added");
  const uint64_t added = numbers->chain();
  const auto again = index::FileNumbers::Open(Folder().path(), added);
  Require(again && again->PathOf(next) != nullptr && *again->PathOf(next) == "/w/data/new.parquet",
          "a list is read as it was written");
}

/// The small files beside the key index: a digit that says which one, then what it holds.
FUZZ_TARGET(state_file) {
  if (bytes.empty()) return;
  const char which = bytes.front();
  bytes.remove_prefix(1);
  const auto file = Folder().path() / "state";
  if (which % 3 == 0) {
    if (!WriteSealed(file, "cdccols1", bytes)) return;
    source::KnownColumns known(file);
    for (const rows::Field& field : known.schema().fields) {
      (void)rows::ToString(field.type);
      rows::Column column(field.type);  // as every reader of the schema makes one
      column.AppendNull();
    }
  } else if (which % 3 == 1) {
    const KeySecret secret;
    std::string content;
    const uint64_t fingerprint = secret.fingerprint();
    content.append(reinterpret_cast<const char*>(&fingerprint), sizeof fingerprint);
    if (!WriteSealed(file, "cdctain2", content.append(bytes))) return;
    const auto tainted = source::TaintedKeys::Load(file, secret, "t");
    Require(tainted.has_value() == (bytes.size() % sizeof(Hash128) == 0), "a list holds whole keys");
  } else {
    const Hash128 sum = HashBytes(bytes);
    char digits[33];
    std::snprintf(digits, sizeof digits, "%016llx%016llx", static_cast<unsigned long long>(sum.high),
                  static_cast<unsigned long long>(sum.low));
    Folder().Write("state", std::string(digits) + "\n" + std::string(bytes) + "\n");
    auto streak = source::LetterStreak::Load(file);
    (void)streak.Note(1, 0, 1, "column 'a': 'x' is not a date");
    (void)streak.Save(1);
  }
}

}  // namespace cdc
