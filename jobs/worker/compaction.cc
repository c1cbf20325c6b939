#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "jobs/worker/commit_draft.h"
#include "lib/contract/names.h"
#include "lib/iceberg/expire.h"
#include "lib/parquet/data_file_reader.h"
#include "lib/parquet/data_file_writer.h"

namespace cdc::worker {
namespace {

/// A file that lost this share of its rows is written anew.
constexpr double kRewriteShare = 0.2;
/// So many files of similar size are merged into one.
constexpr size_t kFilesPerMerge = 8;
/// Files below this are of one tier, then each factor of four makes the next.
constexpr int64_t kSmallestTier = 256 << 10;
/// Rewriting goes on in slices of this many input bytes, so that it never holds a commit up for long.
constexpr int64_t kSliceBytes = 64 << 20;
/// … and rows: each needs its change of the index in memory and in the journal.
constexpr int64_t kSliceRows = 1'000'000;
/// Beyond so many, table metadata gets too large for a commit a second, however young they are.
constexpr int kMostSnapshots = 1000;
/// Files that no snapshot reaches are looked for this often, and only those that no commit in flight can
/// still want.
constexpr std::chrono::hours kSweepInterval{6}, kOrphanAge{2};
/// Numbers of files that are gone, kept before the list of numbers is worth rewriting.
constexpr size_t kSpareNumbers = 1000;
/// Snapshots beyond the policy before expiry is worth a commit.
constexpr size_t kExpirySlack = 20;

int Tier(int64_t bytes) {
  int tier = 0;
  for (int64_t limit = kSmallestTier; bytes > limit; limit *= 4) ++tier;
  return tier;
}

}  // namespace

/// Files with many deletes first, then a tier that is full. Empty: nothing to do.
std::vector<std::string> IcebergSink::PickForRewrite() const {
  std::vector<std::string> picked;
  int64_t bytes = 0, rows = 0;
  std::map<int, std::vector<const iceberg::DataFile*>> tiers;
  for (const auto& [path, entry] : live_.data()) {
    const iceberg::DataFile& file = entry->file;
    int64_t deleted = 0;
    bool foreign = false;
    for (const auto& deletes : live_.DeletesOf(path)) {
      deleted += deletes->file.record_count;
      foreign |= !iceberg::ReferencedDataFile(deletes->file).has_value();
    }
    if (foreign) continue;
    if (static_cast<double>(deleted) >= kRewriteShare * static_cast<double>(file.record_count)) {
      const bool full =
          bytes + file.file_size_in_bytes > kSliceBytes || rows + file.record_count > kSliceRows;
      if (full && !picked.empty()) continue;
      bytes += file.file_size_in_bytes;
      rows += file.record_count;
      picked.push_back(path);
    } else if (file.file_size_in_bytes < settings_.target_file_bytes / 2) {
      tiers[Tier(file.file_size_in_bytes)].push_back(&file);
    }
  }
  if (!picked.empty()) return picked;
  for (auto& [tier, files] : tiers) {
    if (files.size() < kFilesPerMerge) continue;
    std::sort(files.begin(), files.end(), [](auto* a, auto* b) { return a->file_path < b->file_path; });
    for (const iceberg::DataFile* file : files) {
      if (bytes + file->file_size_in_bytes > std::max(kSliceBytes, settings_.target_file_bytes) ||
          rows + file->record_count > kSliceRows) {
        break;
      }
      bytes += file->file_size_in_bytes;
      rows += file->record_count;
      picked.push_back(file->file_path);
    }
    break;
  }
  if (picked.size() < 2) picked.clear();  // merging one file is none
  return picked;
}

/// The rows of `paths` that are not deleted, in one new file; the offsets stay what they are.
Status IcebergSink::Rewrite(const std::vector<std::string>& paths) {
  Draft draft;
  rows::KeyHasher hasher(KeyColumns(*schema_));
  const uint32_t number = numbers_ ? numbers_->next() : 1;
  std::string path;
  CDC_ASSIGN(auto file, NewFile("data", &path, &draft));
  CDC_ASSIGN(auto writer, parquet::DataFileWriter::Make(std::move(file), path, schema_));
  rows::Batch batch(schema_);
  std::vector<uint32_t> keep;
  for (const std::string& from : paths) {
    CDC_ASSIGN(const std::vector<int64_t> deleted, DeletedPositions(from));
    CDC_ASSIGN(auto opened, ports_.files.Open(from));
    CDC_ASSIGN(auto reader, parquet::DataFileReader::Make(std::move(opened), schema_));
    int64_t first = 0;
    while (true) {
      CDC_ASSIGN(const bool more, reader->Next(&batch, &first));
      if (!more) break;
      keep.clear();
      for (uint32_t row = 0; row < batch.rows(); ++row) {
        if (std::binary_search(deleted.begin(), deleted.end(), first + row)) continue;
        if (index_ != nullptr) {
          const auto position = static_cast<uint32_t>(writer->rows() + static_cast<int64_t>(keep.size()));
          draft.intent.changes.push_back({hasher(batch, row), {number, position}});
        }
        keep.push_back(row);
      }
      CDC_TRY(writer->Write(batch, keep));
    }
    draft.changes.removed_paths.push_back(from);
    for (const auto& deletes : live_.DeletesOf(from)) {
      draft.changes.removed_paths.push_back(deletes->file.file_path);
    }
  }
  if (writer->rows() > 0) {
    CDC_ASSIGN(iceberg::DataFile data, writer->Close());
    draft.intent.new_files.emplace_back(number, path);
    draft.changes.added_data.push_back(std::move(data));
  }
  std::map<std::string, std::string> summary;
  if (const auto marked = table_.metadata->NewestAncestorWith(std::string(contract::kSummaryOffsets))) {
    for (const auto& [key, value] : marked->summary) {
      if (key.starts_with("cdc.")) summary[key] = value;
    }
  }
  const int64_t rows = writer->rows();
  auto sent = Send(&draft, summary, "replace");
  if (!sent && sent.error().kind == ErrorKind::kConflict) Discard(draft);
  if (!sent) return sent.error();
  ports_.log.Info("merged files={} rows={}", paths.size(), rows);
  return {};
}

Status IcebergSink::Expire() {
  iceberg::ExpiryPolicy policy;
  policy.min_snapshots = settings_.snapshot_keep;
  policy.max_age_ms = settings_.snapshot_age.count();
  policy.max_snapshots = std::max(settings_.snapshot_keep, kMostSnapshots);
  const auto expired = iceberg::PlanExpiry(*table_.metadata, policy, UnixMillis(ports_.clock.wall()));
  if (expired.size() < kExpirySlack) return {};
  CDC_ASSIGN(const auto unreachable, iceberg::FindUnreachable(ports_.files, *table_.metadata, expired));
  CDC_ASSIGN(table_, ports_.catalog.CommitTable(table_, iceberg::ExpiryCommit(*table_.metadata, expired)));
  for (const std::string& path : unreachable) (void)ports_.files.Delete(path);  // what stays is an orphan
  // Index entries of files that are gone mean nothing; their numbers need not be known any more.
  if (numbers_ && numbers_->size() > 2 * live_.data().size() + kSpareNumbers) {
    CDC_TRY(numbers_->Retain([this](const std::string& path) { return live_.FindData(path) != nullptr; }));
  }
  ports_.log.Debug("expired snapshots={} files={}", expired.size(), unreachable.size());
  return {};
}

/// Leftovers of killed runs. When the last sweep was is the modification time of a file in the state folder.
Status IcebergSink::SweepOrphans() {
  const std::filesystem::path stamp = settings_.index_folder / "orphans-swept";
  std::error_code error;
  const auto swept = std::filesystem::last_write_time(stamp, error);
  const bool due = !error && std::filesystem::file_time_type::clock::now() - swept > kSweepInterval;
  if (!error && !due) return {};
  if (due) {
    const int64_t before = UnixMillis(ports_.clock.wall() - kOrphanAge);
    CDC_ASSIGN(const auto orphans, iceberg::FindOrphans(ports_.files, table_, before));
    for (const std::string& path : orphans) (void)ports_.files.Delete(path);
    if (!orphans.empty()) ports_.log.Info("removed leftovers of killed runs files={}", orphans.size());
  }
  // A table made just now has none yet: the first time only starts the clock.
  std::filesystem::create_directories(settings_.index_folder, error);
  std::ofstream(stamp, std::ios::trunc) << "";
  return {};
}

Result<bool> IcebergSink::MaintainNow(int64_t budget_ms) {
  if (table_.metadata == nullptr || live_.snapshot_id() == std::nullopt) return false;
  const auto end = ports_.clock.steady() + Millis(budget_ms);
  auto picked = PickForRewrite();
  while (!picked.empty() && ports_.clock.steady() < end) {
    CDC_TRY(Rewrite(picked));
    picked = PickForRewrite();
  }
  CDC_TRY(Expire());
  if (ports_.clock.steady() < end) CDC_TRY(SweepOrphans());
  return !picked.empty();
}

std::vector<int> IcebergSink::KeyColumns(const rows::Schema& schema) const {
  std::vector<int> columns;
  for (const std::string& name : key_) columns.push_back(schema.IndexOf(name));
  return columns;
}

}  // namespace cdc::worker
