#include "jobs/sink/delta/delta_sink.h"

#include <fmt/format.h>

#include <algorithm>

#include "jobs/sink/delta/foreign_versions.h"
#include "jobs/sink/delta/table_features.h"
#include "jobs/sink/delta/table_marker.h"

namespace cdc::delta_sink {
namespace {

/// A guess on the safe side: TOASTed values are large by nature, and compress well.
int64_t RowBytesOf(const delta::Snapshot& snapshot) {
  constexpr int64_t kMinBytes = 2048, kCompression = 8;
  int64_t bytes = 0, records = 0;
  for (const auto& [path, file] : snapshot.files()) {
    bytes += file.add.size;
    records += file.records;
  }
  return records == 0 ? kMinBytes : std::max(kMinBytes, bytes / records * kCompression);
}

/// A commit is a file that is made only if it is not there. A store that ignores that condition would let two
/// writers make one version; it is tried on a file that nobody reads. A local disk has link().
Status CheckStore(const std::string& root, storage::FileSystem& files) {
  if (!root.starts_with("s3")) return {};
  const std::string path = root + "/_delta_log/_cdc_put_if_absent";
  for (int attempt = 0; attempt < 2; ++attempt) {
    const Status made =
        files.WriteNew(path, "Made by cdc to see that the store does not replace a file that is there.\n");
    if (!made && made.error().kind == ErrorKind::kConflict) return {};
    CDC_TRY(made);
  }
  return Error{
      ErrorKind::kUnsupported,
      fmt::format("the object store of {} replaced a file although the request said If-None-Match: *", root),
      "use a store that does conditional writes (AWS S3, MinIO, Ceph), or a local folder"};
}

/// Others' commits behind the newest of ours, as they are met while the log is read.
class Followers {
 public:
  explicit Followers(const std::string& root) : root_(root) {}

  void Visit(const delta::Snapshot& before, int64_t version, const std::vector<delta::Action>& actions) {
    if (HasMarker(actions)) {
      *this = Followers(root_);
      return;
    }
    if (version == 0) return;
    first_ = std::min(first_.value_or(version), version);
    const auto rows_before = [&before](const std::string& log_path) -> int64_t {
      const auto path = before.PathOf(log_path);
      const delta::LiveFile* file = path ? before.Find(*path) : nullptr;
      return file == nullptr || file->records < 0 ? -1 : file->records - file->deleted();
    };
    const Foreign what = Judge(actions, rows_before);
    if (what == Foreign::kMoreRows && !refused_) refused_ = AddedRows(version, root_);
    changed_ |= what == Foreign::kFewerRows;
  }

  bool changed() const { return changed_; }
  /// \param marked version of our newest commit
  Status Check(std::optional<int64_t> marked, int64_t version) const {
    if (refused_) return *refused_;
    if (!marked || *marked == version || first_ == *marked + 1) return {};
    return Error{
        ErrorKind::kUnsupported,
        fmt::format(
            "another writer committed to the Delta table in {} after version {}, and its log does not say "
            "any more what",
            root_, *marked),
        WayOut(root_)};
  }

 private:
  std::string root_;
  std::optional<int64_t> first_;
  std::optional<Error> refused_;
  bool changed_ = false;
};

}  // namespace

DeltaSink::DeltaSink(Settings settings, std::string source_json, Ports ports)
    : settings_(std::move(settings)),
      source_json_(std::move(source_json)),
      ports_(std::move(ports)),
      table_(settings_.root, ports_),
      definition_(settings_, table_),
      deleted_(static_cast<size_t>(ShareOut(settings_.table.memory_bytes).known_deletes), table_, ports_),
      located_(table_, definition_, deleted_, ports_.files),
      locator_(settings_.table.index_folder, located_, ports_.clock, ports_.log),
      moved_(settings_.table.index_folder, locator_, ports_.files, ports_.log),
      old_rows_(located_, locator_, moved_),
      drafter_(settings_, {table_, definition_, deleted_, locator_, located_}),
      protocol_(ports_, {table_, definition_, deleted_, locator_}),
      upkeep_(settings_, ports_, {table_, deleted_, locator_, located_, protocol_}) {}

Result<std::unique_ptr<DeltaSink>> DeltaSink::Open(Settings settings, std::string source_json, Ports ports) {
  std::unique_ptr<DeltaSink> sink(
      new DeltaSink(std::move(settings), std::move(source_json), std::move(ports)));
  CDC_TRY(CheckStore(sink->settings_.root, sink->ports_.files));
  CDC_TRY(sink->Load());
  if (!sink->settings_.table.append) sink->moved_.Load();
  return sink;
}

Status DeltaSink::Load() {
  Followers others(table_.root());
  const auto visit = [&others](const delta::Snapshot& before, int64_t version,
                               const std::vector<delta::Action>& actions) {
    others.Visit(before, version, actions);
  };
  const Status loaded = table_.Load(visit);
  if (!loaded && loaded.error().kind == ErrorKind::kNotFound) return {};
  CDC_TRY(loaded);
  CDC_TRY(definition_.Read());
  const auto& settings = settings_.table;
  CDC_ASSIGN(marker_, ReadMarker(table_.snapshot(),
                                 {WayOut(table_.root()), table_.root(), settings.topic, source_json_},
                                 settings.pipeline));
  if (!marker_ && !table_.snapshot().files().empty()) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("the Delta table in {} has data but nothing says how far its topic was read",
                             table_.root()),
                 WayOut(table_.root())};
  }
  CDC_TRY(others.Check(MarkedVersion(table_.snapshot()), table_.version()));
  if (!settings.append) CDC_TRY(protocol_.Recover(settings.index_folder, others.changed()));
  return SwitchFeedOn();
}

/// A table that was made without one has changes from then on.
Status DeltaSink::SwitchFeedOn() {
  if (!settings_.change_data_feed || Enabled(table_.metadata(), kFeedProperty)) return {};
  CDC_TRY(CheckColumns(*table_.schema(), true));
  return protocol_.Change(definition_.Set({{kFeedProperty, "true"}}), "SET TBLPROPERTIES");
}

worker::Opened DeltaSink::opened() const {
  return {.checkpoint = marker_, .shape = shape(), .live_rows = table_.made() ? table_.snapshot().rows() : 0};
}

worker::Shape DeltaSink::shape() const {
  worker::Shape shape;
  if (!table_.made()) return shape;
  shape.schema = table_.schema();
  shape.key = definition_.key();
  shape.key_secret = definition_.keys().secret;
  shape.own_names = definition_.own_names();
  shape.absent = definition_.absent();
  // One of their own for readers: it has memory that is written to.
  const auto& identity = definition_.keys().identity;
  if (identity != nullptr) shape.identity = std::make_shared<RowIdentity>(*identity);
  shape.row_bytes = RowBytesOf(table_.snapshot());
  return shape;
}

Result<worker::Shape> DeltaSink::Follow(const worker::ShapeChange& change) {
  Status done;
  if (const auto* made = std::get_if<worker::NewTable>(&change)) {
    done = Create(*made);
  } else if (const auto* evolution = std::get_if<worker::Evolution>(&change)) {
    done = Evolve(*evolution);
  } else if (const auto* types = std::get_if<worker::NewTypes>(&change)) {
    const std::string what = types->columns.empty() ? std::string() : ToString(types->columns);
    done = Error{ErrorKind::kUnsupported,
                 "the type changed at the source of column " + what +
                     "; a Delta table is not written anew for that yet",
                 WayOut(table_.root())};
  } else if (const auto* gone = std::get_if<worker::AbsentColumns>(&change)) {
    definition_.NoteAbsent(gone->names);
  } else if (const auto* content = std::get_if<worker::ContentWithout>(&change)) {
    done = IdentifyRowsWithout(content->names);
  }
  return done ? Result<worker::Shape>(shape()) : Result<worker::Shape>(done.error());
}

Status DeltaSink::Create(const worker::NewTable& table) {
  const int64_t now = UnixMillis(ports_.clock.wall());
  CDC_ASSIGN(auto actions, definition_.Make(table.schema, table.key, table.own, table.derived, now));
  const auto& metadata = std::get<delta::Metadata>(actions.back());
  delta::CommitInfo info{now, "CREATE TABLE", {}, "cdc/" CDC_VERSION, metadata.id};
  actions.insert(actions.begin(), info);
  CDC_TRY(table_.Send(actions, info.transaction_id));
  CDC_TRY(definition_.Read());
  return settings_.table.append ? Status{} : locator_.Rebuild("", ports_.alive);
}

Status DeltaSink::Evolve(const worker::Evolution& evolution) {
  const bool own_is_new = definition_.own_names() != evolution.own;
  if (evolution.changes.empty() && !own_is_new) return {};
  CDC_ASSIGN(const auto actions, definition_.Change(evolution.changes, evolution.own));
  CDC_TRY(protocol_.Change(actions, "CHANGE COLUMNS"));
  return definition_.Read();
}

/// A column that the source drops is in none of its images any more, though the table's rows keep its values.
Status DeltaSink::IdentifyRowsWithout(const std::vector<std::string>& absent) {
  if (absent == definition_.identified_without()) return {};
  CDC_TRY(protocol_.Change(definition_.Set(definition_.WithoutInIdentity(absent)), "SET TBLPROPERTIES"));
  CDC_TRY(definition_.Read());
  return locator_.Rebuild(
      absent.empty() ? "a column of the source is back" : "a column was dropped at the source", ports_.alive);
}

Result<uint32_t> DeltaSink::CountRows(const Hash128& content) {
  if (!locator_.open()) return 0;
  return locator_.Count(*definition_.keys().identity, content);
}

Result<bool> DeltaSink::HasRow(const Hash128& key, const rows::KeyRow&) {
  CDC_ASSIGN(const auto place, locator_.Find(key));
  return place.has_value();
}

Result<bool> DeltaSink::ReadRow(const Hash128& key, const rows::KeyRow&, rows::Batch* row) {
  return old_rows_.Read(key, row);
}

Status DeltaSink::KeepMoved(const std::vector<Hash128>& keys, const Fold&) { return moved_.Keep(keys); }

Result<Committed> DeltaSink::Commit(const worker::Batch& batch) {
  drafter_.Expect(batch.expected_records);
  // A conflict that leaves the offsets alone is worked around a few times; more is another engine at war with
  // us.
  constexpr int kAttempts = 5;
  for (int attempt = 1;; ++attempt) {
    CommitDraft draft;
    draft.now_ms = UnixMillis(ports_.clock.wall());
    if (const Status drafted = drafter_.Draft(batch.fold, &draft); !drafted) {
      protocol_.Discard(draft);
      return drafted.error();
    }
    const auto marker =
        MarkerActions(batch.checkpoint, table_.version() + 1, source_json_, settings_.table.pipeline);
    const auto sent =
        protocol_.Commit(&draft, marker, draft.deleted_rows > 0 || draft.truncates ? "MERGE" : "WRITE");
    if (sent) {
      marker_ = batch.checkpoint;
      Committed done;
      done.snapshot_id = *sent;
      done.rows = draft.rows;
      done.deletes = draft.deleted_rows;
      done.row_bytes = RowBytesOf(table_.snapshot());
      done.live_rows = table_.snapshot().rows();
      return done;
    }
    if (sent.error().kind != ErrorKind::kConflict || attempt == kAttempts) return sent.error();
    CDC_TRY(protocol_.FollowOthers());
  }
}

Status DeltaSink::Close() { return locator_.Sync(); }

}  // namespace cdc::delta_sink
