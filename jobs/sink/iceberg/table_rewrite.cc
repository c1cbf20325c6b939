#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "jobs/sink/iceberg/commit_draft.h"
#include "jobs/sink/iceberg/rewriting.h"
#include "jobs/sink/iceberg/table_rewriter.h"
#include "jobs/sink/iceberg/type_change_note.h"
#include "lib/contract/names.h"
#include "lib/iceberg/schema_evolution.h"
#include "lib/iceberg/schema_json.h"
#include "lib/rows/cast.h"

namespace cdc::iceberg_sink {
namespace {

/// Conflicts with writers that change no rows, each of which costs the whole work.
constexpr int kAttempts = 5;

/// Whether a row that is not deleted is sure to have a value in `field`; of a list, an element. What files do
/// not say is not counted.
bool HasValues(const iceberg::LiveFiles& live, const rows::Field& field) {
  const bool list = field.type.kind == rows::TypeKind::kList;
  const int id = list ? field.element_id : field.id;
  int64_t values = 0;
  for (const auto& [path, entry] : live.data()) {
    const auto all = entry->file.value_counts.find(id), nulls = entry->file.null_value_counts.find(id);
    if (all != entry->file.value_counts.end() && nulls != entry->file.null_value_counts.end())
      values += all->second - nulls->second;
  }
  const int64_t deleted = live.totals().position_deletes;
  return list ? values > 0 && deleted == 0 : values > deleted;
}

/// What no rewrite can do is said before anything is read, and before somebody is told to have it done.
Status RefuseUncertainTexts(const std::vector<Retyped>& columns, const rows::Schema& schema,
                            const iceberg::LiveFiles& live, const std::string& entry) {
  std::vector<Retyped> refused;
  for (const Retyped& each : columns) {
    const int at = schema.IndexOf(each.name);
    if (rows::HasUncertainText(each.from, each.to) && at >= 0 &&
        HasValues(live, schema.fields[static_cast<size_t>(at)]))
      refused.push_back(each);
  }
  if (refused.empty()) return {};
  return Error{ErrorKind::kUnsupported,
               fmt::format("the source changed the type of {}, and the table does not know which PostgreSQL "
                           "type's text the old values had",
                           ToString(refused)),
               SnapshotAnew(entry)};
}

}  // namespace

/// As its caller's thread is the one that speaks to the orchestrator.
Status IcebergSink::Working(const std::string& doing) const {
  return ports_.working ? ports_.working(doing) : Status{};
}

Status IcebergSink::Retype(const std::vector<Retyped>& columns) {
  CDC_TRY(RefuseUncertainTexts(columns, *schema_, live_, settings_.table));
  if (!settings_.rewrite_on_type_change) return HoldForTypes(columns);
  const auto begun = ports_.clock.steady();
  ports_.log.Info("writing the table anew: {}", ToString(columns));
  // Keys are read into the index on this thread, too: whoever waits is told.
  const auto alive = std::exchange(ports_.alive, [this] { return Working("reading keys of the new files"); });
  Status done;
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    done = WriteAnew(columns);
    if (done || done.error().kind != ErrorKind::kConflict) break;
    if (done = RebaseAfterConflict(); !done) break;
    done = Error{ErrorKind::kTransient, "other writers changed the table each time it had been written anew"};
  }
  ports_.alive = alive;
  if (!done) return done;
  ports_.log.Info("the table is written anew files={} rows={} ms={}", live_.data().size(), figures().rows,
                  std::chrono::duration_cast<Millis>(ports_.clock.steady() - begun).count());
  return {};
}

Status IcebergSink::HoldForTypes(const std::vector<Retyped>& columns) const {
  CDC_TRY(NoteRetyped(settings_.index_folder, table_.metadata->table_uuid, columns));
  const TableFigures now = figures();
  return Error{ErrorKind::kUnsupported,
               fmt::format("the source changed the type of {}, for which the table must be written anew: {} "
                           "rows, {} bytes",
                           ToString(columns), now.rows, now.bytes),
               fmt::format("`cdc migrate {0} --yes` does it; or on_type_change = \"rewrite\" in tables.toml "
                           "under [tables.\"{0}\"] lets the worker do so by itself",
                           settings_.table)};
}

/// One attempt, on the table as it is known now.
Status IcebergSink::WriteAnew(const std::vector<Retyped>& columns) {
  rows::SchemaChanges changes;
  for (const Retyped& each : columns) changes.replacements.emplace_back(each.name, each.to);
  if (live_.data().empty()) {
    CDC_TRY(Evolve(changes, own_.value_or(OwnNames{})));
    ForgetRetyped(settings_.index_folder);
    return {};
  }
  CDC_ASSIGN(const rows::Schema evolved, rows::Evolve(*schema_, table_.metadata->last_column_id, changes));
  auto written = WriteFilesAnew(evolved, columns);
  if (!written && written.error().kind == ErrorKind::kBadValue) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("the source changed the type of {}, and an old value cannot be cast exactly: {}",
                             ToString(columns), written.error().message),
                 SnapshotAnew(settings_.table)};
  }
  if (!written) return written.error();
  CDC_TRY(SendRewritten(std::move(*written), evolved));
  return AdoptRewritten();
}

Result<std::vector<iceberg::DataFile>> IcebergSink::WriteFilesAnew(const rows::Schema& evolved,
                                                                   const std::vector<Retyped>& columns) {
  TableRewriter::Plan plan;
  for (const auto& [path, entry] : live_.data()) plan.sources.push_back({path, entry->file.record_count});
  std::sort(plan.sources.begin(), plan.sources.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  plan.from = schema_;
  plan.to = std::make_shared<const rows::Schema>(evolved);
  plan.columns = columns;
  plan.key = key_;
  plan.target_bytes = settings_.target_file_bytes;
  plan.options = FileOptions();
  plan.folder = settings_.index_folder;
  std::error_code ignored;
  std::filesystem::create_directories(plan.folder, ignored);
  const std::string of = fmt::format("{} {} {}", table_.metadata->table_uuid, live_.snapshot_id().value_or(0),
                                     iceberg::SchemaToJson(evolved));
  RewriteProgress progress = LoadProgress(plan.folder, of);
  for (const iceberg::DataFile& file : progress.written) {
    // The sweep may have taken it, when nobody went on for long.
    const auto there = ports_.files.Open(file.file_path);
    if (there && (*there)->size() == file.file_size_in_bytes) continue;
    progress = {};
    progress.of = of;
    break;
  }
  if (!progress.written.empty())
    ports_.log.Info("going on where the last run ended files={}", progress.written.size());
  TableRewriter rewriter(std::move(plan), std::move(progress),
                         {ports_.files, [this] { return NewDataPath("data"); },
                          [this](const std::string& path) { return DeletedPositions(path); },
                          [this](int64_t rows, int64_t of_rows) {
                            return Working(fmt::format(
                                "writing the table anew for a changed type: {} of {} rows", rows, of_rows));
                          }});
  return rewriter.Run();
}

/// Schema and files change in one commit, and the offsets stay what they are.
Status IcebergSink::SendRewritten(std::vector<iceberg::DataFile> files, const rows::Schema& evolved) {
  const int64_t now_ms = UnixMillis(ports_.clock.wall());
  const iceberg::TableCommit schema_commit = iceberg::SchemaCommit(*table_.metadata, evolved);
  CDC_ASSIGN(iceberg::TableMetadata with_schema,
             iceberg::ApplyCommit(*table_.metadata, schema_commit, now_ms));
  iceberg::LoadedTable base = table_;
  base.metadata = std::make_shared<const iceberg::TableMetadata>(std::move(with_schema));
  iceberg::SnapshotChanges changes;
  changes.remove_all = true;
  changes.added_data = std::move(files);
  changes.summary = NewestSummary();
  changes.operation = "overwrite";
  iceberg::StageOptions options;
  options.now_ms = now_ms;
  options.snapshot_id = iceberg::NewSnapshotId(*table_.metadata);
  CDC_ASSIGN(iceberg::StagedSnapshot staged, iceberg::StageSnapshot(closing_, base, live_, changes, options));
  CDC_TRY(closing_.CloseAll());
  auto& updates = staged.commit.updates;
  updates.insert(updates.begin(), schema_commit.updates.begin(), schema_commit.updates.end());
  staged.commit.requirements = schema_commit.requirements;
  if (settings_.append && changes.summary.contains(std::string(contract::kSummaryOffsets)))
    updates.push_back(iceberg::SetProperties{MirrorOf(staged.snapshot)});
  // Not asked whether to end: a run that is told so here each time would never get further.
  (void)Working("committing the table written anew");
  CDC_ASSIGN(table_, SendUntilKnown(staged));
  departed_.Note(live_, staged, table_.metadata->location);
  live_.Advance(staged);
  return {};
}

/// The index still knows the rows by files that have gone, and maybe by keys of another type.
Status IcebergSink::AdoptRewritten() {
  RemoveProgress(settings_.index_folder);
  ForgetRetyped(settings_.index_folder);
  CDC_ASSIGN(rows::Schema schema, table_.metadata->CurrentSchema());
  schema_ = std::make_shared<const rows::Schema>(std::move(schema));
  MakeIdentity();
  rewriting_.reset();
  deleted_.ForgetAll();
  shared_.reset();
  // Where a row was before a key change has values of the old column only.
  moved_.clear();
  CDC_TRY(KeepPlaces({}));
  return settings_.append ? Status{} : RebuildIndex("a column changed its type");
}

}  // namespace cdc::iceberg_sink
