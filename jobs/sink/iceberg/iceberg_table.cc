#include "jobs/sink/iceberg/iceberg_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "jobs/sink/iceberg/foreign_commits.h"
#include "lib/core/check.h"
#include "lib/iceberg/deletable.h"
#include "lib/storage/in_parallel.h"

namespace cdc::iceberg_sink {

using iceberg::LoadedTable;

namespace {

/// How often a commit in doubt is asked about before the run gives up and leaves the answer to the next one.
constexpr int kMaxQuestions = 8;
/// The same as time, for a catalog that takes long to say nothing: the orchestrator takes a worker that it
/// does not hear of for two minutes for dead.
constexpr Millis kLongestDoubt{60'000};
constexpr Millis kFirstPause{50};
constexpr Millis kLongestPause{5000};

}  // namespace

IcebergTable::IcebergTable(iceberg::TableIdent ident, std::string entry, const Ports& ports)
    : ident_(std::move(ident)), entry_(std::move(entry)), ports_(ports), closing_(ports_.files) {}

Status IcebergTable::Adopt(LoadedTable table) {
  const std::string name = iceberg::ToString(ident_);
  if (table.metadata->partitioned) {
    return Error{ErrorKind::kUnsupported,
                 "table " + name + " is partitioned; only unpartitioned tables can be written yet",
                 "`cdc reset " + entry_ + " --yes` builds it anew"};
  }
  CDC_ASSIGN(rows::Schema schema, table.metadata->CurrentSchema());
  CDC_ASSIGN(auto live, iceberg::LiveFiles::Load(ports_.files, *table.metadata));
  if (live.has_equality_deletes()) {
    return Error{
        ErrorKind::kUnsupported, "table " + name + " has equality deletes of another writer",
        "rewrite it with that engine first (rewrite_data_files), or `cdc reset " + entry_ + " --yes`"};
  }
  table_ = std::move(table);
  live_ = std::move(live);
  schema_ = std::make_shared<const rows::Schema>(std::move(schema));
  ++generation_;
  return {};
}

Status IcebergTable::ReadSchema() {
  CDC_ASSIGN(rows::Schema schema, table_.metadata->CurrentSchema());
  schema_ = std::make_shared<const rows::Schema>(std::move(schema));
  return {};
}

Status IcebergTable::Change(const iceberg::TableCommit& commit) {
  auto committed = Try(commit);
  if (!committed) return committed.error();
  Refresh(std::move(*committed));
  return {};
}

std::string IcebergTable::NewPath(const char* kind) const {
  return fmt::format("{}/data/{}-{}.parquet", table_.metadata->folder(), iceberg::NewUuid(), kind);
}

Result<NewFile> IcebergTable::Create(const char* kind) {
  NewFile file{NewPath(kind), nullptr};
  CDC_ASSIGN(file.out, closing_.Create(file.path));
  return file;
}

void IcebergTable::Discard(std::vector<std::string> paths) {
  iceberg::KeepOwnFiles(*table_.metadata, &paths);
  (void)storage::DeleteMany(closing_, paths);
}

Result<iceberg::StagedSnapshot> IcebergTable::Stage(const LoadedTable& base,
                                                    const iceberg::SnapshotChanges& changes,
                                                    const iceberg::StageOptions& options) {
  return iceberg::StageSnapshot(closing_, base, live_, changes, options);
}

Status IcebergTable::Send(const iceberg::StagedSnapshot& staged) {
  CDC_ASSIGN(table_, SendUntilKnown(staged));
  departed_.Note(live_, staged, table_.metadata->location);
  live_.Advance(staged);
  CDC_CHECK(live_.snapshot_id() == staged.snapshot.snapshot_id);
  return {};
}

/// A commit has three answers. The third is asked after until it is one of the other two: either our snapshot
/// is in the table's history, or the same commit is sent again on the same parent, so that at most one of the
/// two can win.
Result<LoadedTable> IcebergTable::SendUntilKnown(const iceberg::StagedSnapshot& staged) const {
  const SteadyTime until = ports_.clock.steady() + kLongestDoubt;
  auto answer = Try(staged.commit);
  Millis pause = kFirstPause;
  for (int question = 0;
       !answer && question < kMaxQuestions && (question == 0 || ports_.clock.steady() < until); ++question) {
    const ErrorKind kind = answer.error().kind;
    if (kind != ErrorKind::kConflict && kind != ErrorKind::kCommitUnknown && kind != ErrorKind::kTransient)
      return answer;
    auto loaded = Load();
    if (loaded && loaded->metadata->HistoryContains(staged.snapshot.snapshot_id)) return loaded;
    if (loaded && kind == ErrorKind::kConflict && MovedOn(*table_.metadata, *loaded->metadata)) return answer;
    ports_.log.Warn("commit {} {}: {}", staged.snapshot.snapshot_id,
                    kind == ErrorKind::kTransient ? "failed, trying again" : "in doubt, asking again",
                    answer.error().message);
    ports_.sleep(pause);
    pause = std::min(pause * 2, kLongestPause);
    if (loaded) {
      auto again = Try(staged.commit);
      // That it is not taken this time says nothing about the time before.
      const bool doubt =
          kind != ErrorKind::kTransient && !again && again.error().kind == ErrorKind::kTransient;
      answer = doubt ? Result<LoadedTable>(Error{ErrorKind::kCommitUnknown, again.error().message})
                     : std::move(again);
    }
  }
  if (!answer && answer.error().kind == ErrorKind::kConflict)
    return Error{ErrorKind::kCommitUnknown, answer.error().message, answer.error().hint};
  return answer;
}

}  // namespace cdc::iceberg_sink
