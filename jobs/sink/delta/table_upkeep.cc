#include "jobs/sink/delta/table_upkeep.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "jobs/sink/delta/row_drafter.h"
#include "jobs/sink/delta/stored_rows.h"
#include "jobs/sink/delta/table_marker.h"
#include "jobs/sink/delta/vacuum.h"
#include "lib/delta/file_stats.h"
#include "lib/storage/in_parallel.h"

namespace cdc::delta_sink {

using lake_sink::FileMerge;
using worker::Tidying;

namespace {

/// What a live file's former deletion vectors are kept in checkpoints for: readers that have begun with them.
/// A table that is changed every second has thousands of them.
constexpr int64_t kStatesKept = 3'600'000;
constexpr int64_t kDefaultInterval = 100;
constexpr size_t kDeletedTogether = 64;

}  // namespace

TableUpkeep::TableUpkeep(const Settings& settings, const Ports& ports, Parts parts)
    : settings_(settings), ports_(ports), parts_(parts), pace_(ports.clock) {}

Result<bool> TableUpkeep::Step(Tidying mode) {
  if (!parts_.table.made()) return false;
  auto more = pace_.Run(mode, [&] { return DoNext(mode); });
  if (!more) merge_.reset();
  return more;
}

Result<TableUpkeep::Progress> TableUpkeep::DoNext(Tidying mode) {
  if (DeleteSome()) return Progress::kMore;
  CDC_ASSIGN(const bool written, WriteCheckpoint());
  if (written) return Progress::kMore;
  if (merge_ != nullptr) return ContinueMerge(mode);
  CDC_ASSIGN(const Progress planned, PlanMerge(mode));
  if (planned != Progress::kNothing || mode == Tidying::kBetweenCommits) return planned;
  CDC_ASSIGN(const bool found, Sweep(mode));
  return found ? Progress::kMore : Progress::kNothing;
}

/// \return whether one was due. Together with it the log is cleaned up.
Result<bool> TableUpkeep::WriteCheckpoint() {
  DeltaTable& table = parts_.table;
  if (!checkpoint_) checkpoint_ = table.log().LastCheckpoint().value_or(-1);
  const int64_t said = std::atoll(table.Property("delta.checkpointInterval").c_str());
  if (table.version() - *checkpoint_ < (said > 0 ? said : kDefaultInterval)) return false;
  const int64_t now = UnixMillis(ports_.clock.wall());
  const Retention retention = RetentionOf(table.metadata());
  table.snapshot().ForgetRemoved(now - retention.files_ms, now - std::min(retention.files_ms, kStatesKept));
  const Status written = table.log().WriteCheckpoint(table.snapshot());
  if (!written && written.error().kind != ErrorKind::kConflict) return written.error();
  checkpoint_ = table.version();
  if (table.Property("delta.enableExpiredLogCleanup") != "false") {
    CDC_ASSIGN(const size_t deleted, table.log().CleanUp(now - retention.versions_ms));
    if (deleted > 0) ports_.log.Debug("removed old versions of the log files={}", deleted);
  }
  CDC_TRY(parts_.locator.ForgetGoneFiles());
  return true;
}

/// Nothing can have changed for the plan before something is committed.
Result<TableUpkeep::Progress> TableUpkeep::PlanMerge(Tidying mode) {
  DeltaTable& table = parts_.table;
  if (planned_for_ == table.version() && planned_mode_ == mode) return Progress::kNothing;
  std::vector<lake_sink::RewritableFile> files;
  for (const auto& [path, file] : table.snapshot().files())
    files.push_back({&path, file.add.size, file.records, file.deleted()});
  const auto paths = lake_sink::PlanRewrite(
      files, lake_sink::RulesFor(mode, settings_.table.target_file_bytes, settings_.table.memory_bytes));
  if (paths.empty()) {
    planned_for_ = table.version();
    planned_mode_ = mode;
    return Progress::kNothing;
  }
  int64_t rows = 0;
  for (const std::string& path : paths) rows += table.snapshot().Find(path)->records;
  const std::string path = table.NewPath("data");
  CDC_ASSIGN(auto out, ports_.files.Create(path));
  CDC_ASSIGN(auto writer,
             CreateStored(std::move(out), path, table.columns(), FileOptions(settings_.table.memory_bytes)));
  begun_ = ports_.clock.steady();
  merge_ = std::make_unique<FileMerge>(
      FileMerge::Parts{parts_.located, parts_.locator, ports_.files, settings_.table.table}, paths, path,
      std::move(writer), rows);
  return Progress::kMore;
}

Result<TableUpkeep::Progress> TableUpkeep::ContinueMerge(Tidying mode) {
  if (!merge_->closed()) {
    CDC_TRY(merge_->Continue());
    return Progress::kMore;
  }
  const int64_t rows = merge_->rows();
  const lake_sink::Allowance* limit = pace_.limit(mode);
  if (limit != nullptr && !limit->Affords(finish_cost_.Of(rows))) return Progress::kWait;
  const SteadyTime begun = ports_.clock.steady();
  CDC_TRY(FinishMerge());
  finish_cost_.Learn(rows, ports_.clock.steady() - begun);
  return Progress::kMore;
}

/// Puts the copy in the place of its sources, in a commit that leaves the offsets as they are. One that
/// another writer overtakes is given up: the next run, or the next commit of rows, follows that writer.
Status TableUpkeep::FinishMerge() {
  CDC_ASSIGN(const auto deleted, merge_->DeletedSinceCopied());
  const std::unique_ptr<FileMerge> merge = std::move(merge_);
  // Its files went with a TRUNCATE, or with their last rows; or it has not all columns that its rows have by
  // now.
  if (!deleted || merge->schema() != parts_.table.schema()) return {};
  CommitDraft draft;
  draft.data_change = false;
  draft.now_ms = UnixMillis(ports_.clock.wall());
  if (const Status drafted = DraftMerge(*merge, *deleted, &draft); !drafted) {
    parts_.protocol.Discard(draft);
    return drafted;
  }
  const auto sent = parts_.protocol.Commit(
      &draft, {SameMarker(parts_.table.snapshot(), parts_.table.version() + 1)}, "OPTIMIZE");
  if (!sent && sent.error().kind == ErrorKind::kConflict)
    return Error{ErrorKind::kTransient, sent.error().message};
  if (!sent) return sent.error();
  ports_.log.Info("merged files={} rows={} ms={}", merge->sources().size(), merge->rows(),
                  std::chrono::duration_cast<Millis>(ports_.clock.steady() - begun_).count());
  return {};
}

Status TableUpkeep::DraftMerge(FileMerge& merge, const std::vector<int64_t>& deleted, CommitDraft* draft) {
  for (const std::string& path : merge.sources()) draft->Remove(path, *parts_.table.snapshot().Find(path));
  if (static_cast<int64_t>(deleted.size()) == merge.rows()) return {};  // nothing is left of them
  draft->intent.attempt_files.push_back(merge.path());
  delta::AddFile add = AddOf(merge.HandOver(), parts_.table, *draft);
  if (!deleted.empty()) {
    delta::VectorFile vectors;
    add.vector = vectors.Add(deleted);
    add.stats = delta::WithDeletedRows(add.stats);
    CDC_ASSIGN(NewFile file, draft->Create(parts_.table.root() + "/" + vectors.name(), parts_.table));
    CDC_TRY(file.out->Write(vectors.bytes()));
    CDC_TRY(file.out->Close());
  }
  draft->actions.emplace_back(std::move(add));
  if (!parts_.locator.open()) return {};
  draft->moved = merge.TakeKeys();
  draft->intent.new_files.emplace_back(parts_.locator.next_number(), merge.path());
  draft->intent.keys_in_files = true;
  // The key of a row that was deleted meanwhile is elsewhere by now, or nowhere.
  draft->moved_without = deleted;
  return {};
}

/// When the last sweep was is the modification time of a file in the state folder. \return whether there is
/// something to delete
Result<bool> TableUpkeep::Sweep(Tidying mode) {
  const std::filesystem::path stamp = settings_.table.index_folder / "orphans-swept";
  std::error_code error;
  const auto last = std::filesystem::last_write_time(stamp, error);
  std::optional<std::chrono::nanoseconds> age;
  if (!error) age = std::filesystem::file_time_type::clock::now() - last;
  const lake_sink::SweepDecision decision = lake_sink::DecideSweep(mode, age, swept_);
  if (decision == lake_sink::SweepDecision::kNotDue) return false;
  if (decision == lake_sink::SweepDecision::kSweep) {
    swept_ = true;
    CDC_ASSIGN(const auto files, ports_.files.List(parts_.table.root()));
    // As the table is now: another writer may have restored an older version.
    CDC_ASSIGN(const delta::Snapshot now, parts_.table.log().Load());
    CDC_ASSIGN(to_delete_, FindUnneeded(now, files, UnixMillis(ports_.clock.wall())));
    if (!to_delete_.empty()) ports_.log.Info("removing files that nothing needs files={}", to_delete_.size());
  }
  std::filesystem::create_directories(settings_.table.index_folder, error);
  std::ofstream(stamp, std::ios::trunc) << "";
  return !to_delete_.empty();
}

bool TableUpkeep::DeleteSome() {
  if (to_delete_.empty()) return false;
  const size_t count = std::min(to_delete_.size(), kDeletedTogether);
  const std::vector<std::string> paths(to_delete_.end() - static_cast<std::ptrdiff_t>(count),
                                       to_delete_.end());
  (void)storage::DeleteMany(ports_.files, paths);
  to_delete_.resize(to_delete_.size() - count);
  return true;
}

}  // namespace cdc::delta_sink
