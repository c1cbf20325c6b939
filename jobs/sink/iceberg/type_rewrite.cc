#include "jobs/sink/iceberg/type_rewrite.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "jobs/sink/iceberg/source_marker.h"
#include "jobs/sink/iceberg/table_rewriter.h"
#include "jobs/sink/iceberg/type_change_note.h"
#include "lib/contract/names.h"
#include "lib/iceberg/deletable.h"
#include "lib/iceberg/schema_evolution.h"
#include "lib/iceberg/schema_json.h"
#include "lib/rows/cast.h"

namespace cdc::iceberg_sink {
namespace {

/// Each conflict with a writer that changes no rows costs the whole work.
constexpr int kAttempts = 5;

/// Whether a row that is not deleted certainly has a value in `field`; of a list, an element. What files do
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

/// What no rewrite can do is said before anything is read, and before an operator is told to have it done.
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

Status TypeRewrite::Working(const std::string& doing) const {
  return ports_.working ? ports_.working(doing) : Status{};
}

Status TypeRewrite::Run(const std::vector<Retyped>& columns) {
  const iceberg::LiveFiles& live = parts_.table.live();
  CDC_TRY(RefuseUncertainTexts(columns, *parts_.table.schema(), live, settings_.table));
  if (!settings_.rewrite_on_type_change) return Hold(columns);
  const auto begun = ports_.clock.steady();
  ports_.log.Info("writing the table anew: {}", ToString(columns));
  Status done;
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    done = Rewrite(columns);
    if (done || done.error().kind != ErrorKind::kConflict) break;
    if (done = protocol_.FollowOthers([this] { return ReadingKeys(); }); !done) break;
    done = Error{ErrorKind::kTransient, "other writers changed the table each time it had been written anew"};
  }
  if (!done) return done;
  ports_.log.Info("the table is written anew files={} rows={} ms={}", live.data().size(),
                  FiguresOf(parts_.table, settings_.target_file_bytes).rows,
                  std::chrono::duration_cast<Millis>(ports_.clock.steady() - begun).count());
  return {};
}

Status TypeRewrite::Hold(const std::vector<Retyped>& columns) const {
  CDC_TRY(NoteRetyped(settings_.index_folder, parts_.table.metadata().table_uuid, columns));
  const TableFigures now = FiguresOf(parts_.table, settings_.target_file_bytes);
  return Error{ErrorKind::kUnsupported,
               fmt::format("the source changed the type of {}, for which the table must be written anew: {} "
                           "rows, {} bytes",
                           ToString(columns), now.rows, now.bytes),
               fmt::format("`cdc migrate {0} --yes` does it; or on_type_change = \"rewrite\" in tables.toml "
                           "under [tables.\"{0}\"] lets the worker do so by itself",
                           settings_.table)};
}

/// \return kUnsupported: a file of another writer may hold values of columns that we cannot copy.
Status TypeRewrite::RefuseForeignValues() const {
  const auto foreign = parts_.table.metadata().ForeignColumns();
  const auto& files = parts_.table.live().data();
  const bool ours = std::all_of(files.begin(), files.end(),
                                [](const auto& each) { return iceberg::IsOurDataFile(each.first); });
  if (foreign.empty() || ours) return {};
  return Error{
      ErrorKind::kUnsupported,
      fmt::format("the table must be written anew, and its column {} is of a type that cdc cannot copy; "
                  "another engine wrote files that may hold values of it",
                  foreign.front().name),
      fmt::format("drop the column {} with the engine that added it, or make a snapshot of the source anew",
                  foreign.front().name)};
}

/// One attempt, on the table as it is known now.
Status TypeRewrite::Rewrite(const std::vector<Retyped>& columns) {
  CDC_TRY(RefuseForeignValues());
  rows::SchemaChanges changes;
  for (const Retyped& each : columns) changes.replacements.emplace_back(each.name, each.to);
  if (parts_.table.live().data().empty()) {
    CDC_TRY(parts_.definition.Evolve(changes, parts_.definition.own_names().value_or(OwnNames{})));
    ForgetRetyped(settings_.index_folder);
    return {};
  }
  CDC_ASSIGN(const rows::Schema evolved,
             rows::Evolve(*parts_.table.schema(), parts_.table.metadata().last_column_id, changes));
  auto written = WriteFiles(evolved, columns);
  if (!written && written.error().kind == ErrorKind::kBadValue) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("the source changed the type of {}, and an old value cannot be cast exactly: {}",
                             ToString(columns), written.error().message),
                 SnapshotAnew(settings_.table)};
  }
  if (!written) return written.error();
  CDC_TRY(Send(std::move(*written), evolved));
  return Adopt();
}

Result<std::vector<iceberg::DataFile>> TypeRewrite::WriteFiles(const rows::Schema& evolved,
                                                               const std::vector<Retyped>& columns) {
  const IcebergTable& table = parts_.table;
  TableRewriter::Plan plan;
  for (const auto& [path, entry] : table.live().data())
    plan.sources.push_back({path, entry->file.record_count});
  std::sort(plan.sources.begin(), plan.sources.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  plan.from = table.schema();
  plan.to = std::make_shared<const rows::Schema>(evolved);
  plan.columns = columns;
  plan.key = parts_.definition.key();
  plan.target_bytes = settings_.target_file_bytes;
  plan.options = FileOptions(settings_.memory_bytes);
  plan.folder = settings_.index_folder;
  std::error_code ignored;
  std::filesystem::create_directories(plan.folder, ignored);
  RewriteProgress progress =
      FindProgress(fmt::format("{} {} {}", table.metadata().table_uuid,
                               table.live().snapshot_id().value_or(0), iceberg::SchemaToJson(evolved)));
  TableRewriter rewriter(std::move(plan), std::move(progress),
                         {ports_.files, [&table] { return table.NewPath("data"); },
                          [this](const std::string& path) { return parts_.deletes.Read(path); },
                          [this](int64_t rows, int64_t of_rows) {
                            return Working(fmt::format(
                                "writing the table anew for a changed type: {} of {} rows", rows, of_rows));
                          }});
  return rewriter.Run();
}

/// How far a run before has got, if all of its files are still there.
RewriteProgress TypeRewrite::FindProgress(const std::string& of) const {
  RewriteProgress progress = LoadProgress(settings_.index_folder, of);
  for (const iceberg::DataFile& file : progress.written) {
    // The sweep may have taken it, when nobody continued for long.
    const auto there = ports_.files.Open(file.file_path);
    if (there && (*there)->size() == file.file_size_in_bytes) continue;
    progress = {};
    progress.of = of;
    break;
  }
  if (!progress.written.empty())
    ports_.log.Info("going on where the last run ended files={}", progress.written.size());
  return progress;
}

/// Schema and files change in one commit, and the offsets stay as they are.
Status TypeRewrite::Send(std::vector<iceberg::DataFile> files, const rows::Schema& evolved) {
  const iceberg::TableMetadata& metadata = parts_.table.metadata();
  const int64_t now_ms = UnixMillis(ports_.clock.wall());
  const iceberg::TableCommit schema_commit = iceberg::SchemaCommit(metadata, evolved);
  CDC_ASSIGN(iceberg::TableMetadata with_schema, iceberg::ApplyCommit(metadata, schema_commit, now_ms));
  iceberg::LoadedTable base = parts_.table.loaded();
  base.metadata = std::make_shared<const iceberg::TableMetadata>(std::move(with_schema));
  iceberg::SnapshotChanges changes;
  changes.remove_all = true;
  changes.added_data = std::move(files);
  changes.summary = NewestSummary(metadata);
  changes.operation = "overwrite";
  iceberg::StageOptions options;
  options.now_ms = now_ms;
  options.snapshot_id = iceberg::NewSnapshotId(metadata);
  CDC_ASSIGN(iceberg::StagedSnapshot staged, parts_.table.Stage(base, changes, options));
  CDC_TRY(parts_.table.CloseFiles());
  auto& updates = staged.commit.updates;
  updates.insert(updates.begin(), schema_commit.updates.begin(), schema_commit.updates.end());
  staged.commit.requirements = schema_commit.requirements;
  if (settings_.append && changes.summary.contains(std::string(contract::kSummaryOffsets)))
    updates.push_back(iceberg::SetProperties{MirrorOf(metadata, staged.snapshot)});
  // Not asked whether to end: a run that is told so here each time would never get further.
  (void)Working("committing the table written anew");
  return parts_.table.Send(staged);
}

/// The index still knows the rows by files that have gone, and maybe by keys of another type.
Status TypeRewrite::Adopt() {
  RemoveProgress(settings_.index_folder);
  ForgetRetyped(settings_.index_folder);
  CDC_TRY(parts_.table.ReadSchema());
  parts_.definition.MakeIdentity();
  upkeep_.AbandonCompaction();
  parts_.deletes.ForgetAll();
  // Where a row was before a key change has values of the old column only.
  CDC_TRY(moved_.Clear());
  if (settings_.append) return {};
  return parts_.locator.Rebuild("a column changed its type", [this] { return ReadingKeys(); });
}

}  // namespace cdc::iceberg_sink
