#include "jobs/sink/iceberg/iceberg_sink.h"

#include <algorithm>

#include "jobs/sink/iceberg/source_marker.h"
#include "lib/contract/names.h"
#include "lib/iceberg/deletable.h"
#include "lib/lake/written_marker.h"

namespace cdc::iceberg_sink {
namespace {

/// A guess on the safe side: TOASTed values are large by nature, and compress well.
int64_t RowBytesOf(const iceberg::LiveFiles& live) {
  constexpr int64_t kMinBytes = 2048, kCompression = 8;
  const auto& totals = live.totals();
  return totals.records == 0 ? kMinBytes : std::max(kMinBytes, totals.bytes / totals.records * kCompression);
}

int64_t LiveRows(const IcebergTable& table) {
  if (!table.made()) return 0;
  const iceberg::LiveTotals& totals = table.live().totals();
  return totals.records - totals.position_deletes;
}

}  // namespace

worker::Opened IcebergSink::opened() const {
  return {.checkpoint = marker_, .shape = shape(), .live_rows = LiveRows(table_)};
}

IcebergSink::IcebergSink(TableSettings settings, std::string source_json, Ports ports)
    : settings_(std::move(settings)),
      source_json_(std::move(source_json)),
      ports_(std::move(ports)),
      table_(IdentOf(settings_), settings_.table, ports_),
      definition_(settings_, table_),
      deletes_(static_cast<size_t>(ShareOut(settings_.memory_bytes).known_deletes), table_, ports_.files),
      located_(table_, definition_, deletes_, ports_.files),
      locator_(settings_.index_folder, located_, ports_.clock, ports_.log),
      moved_(settings_.index_folder, locator_, ports_.files, ports_.log),
      old_rows_(located_, locator_, moved_),
      drafter_(settings_, table_, locator_),
      protocol_(settings_, ports_, {table_, definition_, deletes_, locator_}),
      upkeep_(settings_, ports_, {table_, definition_, deletes_, locator_}, protocol_, located_),
      type_rewrite_(settings_, ports_, {table_, definition_, deletes_, locator_}, protocol_, moved_,
                    upkeep_) {}

Result<std::unique_ptr<IcebergSink>> IcebergSink::Open(TableSettings settings, std::string source_json,
                                                       Ports ports) {
  std::unique_ptr<IcebergSink> sink(
      new IcebergSink(std::move(settings), std::move(source_json), std::move(ports)));
  CDC_TRY(sink->ports_.catalog.EnsureNamespace(sink->settings_.ident.name_space));
  CDC_TRY(sink->Load());
  if (!sink->settings_.append) sink->moved_.Load();
  return sink;
}

Result<std::unique_ptr<IcebergSink>> IcebergSink::OpenToMaintain(TableSettings settings, Ports ports) {
  const std::string name = ToString(settings.ident);
  std::unique_ptr<IcebergSink> sink(new IcebergSink(std::move(settings), "", std::move(ports)));
  CDC_TRY(sink->Load());
  if (!sink->table_.made()) return Error{ErrorKind::kNotFound, "There is no table " + name};
  return sink;
}

Status IcebergSink::Load() {
  auto loaded = table_.Load();
  if (!loaded && loaded.error().kind == ErrorKind::kNotFound) return {};
  if (!loaded) return loaded.error();
  if (const Status adopted = definition_.Adopt(std::move(*loaded)); !adopted) {
    // A table that was replaced may have lost its key, too: that is not what is to be mended first.
    const Status marked = table_.made() ? FindMarker() : Status{};
    return marked ? adopted : marked;
  }
  CDC_TRY(FindMarker());
  if (!settings_.append) CDC_TRY(definition_.TakeSecret());
  definition_.MakeIdentity();
  if (!settings_.append) CDC_TRY(locator_.Recover(ports_.alive));
  return {};
}

/// Reads the marker, unless any source will do.
Status IcebergSink::FindMarker() {
  marker_.reset();
  if (source_json_.empty()) return {};
  const auto& data = table_.live().data();
  const MarkerSource source{WaysOut(settings_.table), ToString(settings_.ident), settings_.topic, source_json_};
  CDC_ASSIGN(marker_, ReadMarker(table_.metadata(), ports_.files, settings_.table, source, !data.empty(), [&data] {
               return std::any_of(data.begin(), data.end(),
                                  [](const auto& entry) { return iceberg::IsOurDataFile(entry.first); });
             }));
  return {};
}

worker::Shape IcebergSink::shape() const {
  worker::Shape shape;
  shape.schema = table_.made() ? table_.schema() : nullptr;
  shape.key = definition_.key();
  shape.key_secret = definition_.keys().secret;
  shape.own_names = definition_.own_names();
  shape.absent = definition_.absent();
  // One of their own for readers: it has memory that is written to.
  const auto& identity = definition_.keys().identity;
  if (identity != nullptr) shape.identity = std::make_shared<RowIdentity>(*identity);
  shape.row_bytes = RowBytesOf(table_.live());
  return shape;
}

Result<worker::Shape> IcebergSink::Follow(const worker::ShapeChange& change) {
  Status done;
  if (const auto* made = std::get_if<worker::NewTable>(&change)) {
    done = Create(made->schema, made->key, made->own, made->derived);
  } else if (const auto* evolution = std::get_if<worker::Evolution>(&change)) {
    done = Evolve(evolution->changes, evolution->own);
  } else if (const auto* types = std::get_if<worker::NewTypes>(&change)) {
    done = Retype(types->columns);
  } else if (const auto* gone = std::get_if<worker::AbsentColumns>(&change)) {
    definition_.NoteAbsent(gone->names);
  } else if (const auto* content = std::get_if<worker::ContentWithout>(&change)) {
    done = IdentifyRowsWithout(content->names);
  }
  return done ? Result<worker::Shape>(shape()) : Result<worker::Shape>(done.error());
}

Status IcebergSink::Create(const rows::Schema& schema, const std::vector<std::string>& key,
                           const OwnNames& own, const std::vector<std::string>& derived) {
  const Status created = definition_.Create(schema, key, own, derived);
  if (!created || settings_.append) return created;
  return locator_.Rebuild("", ports_.alive);
}

Status IcebergSink::Evolve(const rows::SchemaChanges& changes, const OwnNames& own) {
  return definition_.Evolve(changes, own);
}

Result<uint32_t> IcebergSink::CountRows(const Hash128& content) {
  if (!locator_.open()) return 0;
  return locator_.Count(*definition_.keys().identity, content);
}

/// A column that the source drops is in none of its images any more, though the table's rows keep its values.
Status IcebergSink::IdentifyRowsWithout(const std::vector<std::string>& absent) {
  if (absent == definition_.identified_without()) return {};
  CDC_TRY(definition_.IdentifyRowsWithout(absent));
  return locator_.Rebuild(
      absent.empty() ? "a column of the source is back" : "a column was dropped at the source", ports_.alive);
}

Result<bool> IcebergSink::HasRow(const Hash128& key, const rows::KeyRow&) {
  CDC_ASSIGN(const auto place, locator_.Find(key));
  return place.has_value();
}

Result<bool> IcebergSink::ReadRow(const Hash128& key, const rows::KeyRow&, rows::Batch* row) {
  return old_rows_.Read(key, row);
}

Status IcebergSink::KeepMoved(const std::vector<Hash128>& keys, const Fold&) {
  return moved_.Keep(keys);
}

Result<Committed> IcebergSink::Commit(const worker::Batch& batch) {
  drafter_.Expect(batch.expected_records);
  // A conflict that leaves the offsets alone is worked around a few times; more is another engine at war with
  // us.
  constexpr int kAttempts = 5;
  for (int attempt = 1;; ++attempt) {
    CommitDraft draft;
    Status drafted = drafter_.Draft(batch.fold, &draft);
    if (drafted) drafted = deletes_.Draft(&draft);
    if (!drafted) {
      protocol_.Discard(draft);
      return drafted.error();
    }
    auto sent = protocol_.Commit(&draft, SummaryOf(batch.checkpoint, source_json_, settings_.pipeline), std::nullopt);
    if (sent) {
      marker_ = batch.checkpoint;
      Committed done;
      done.snapshot_id = *sent;
      done.rows = draft.rows;
      done.deletes = draft.deleted_rows;
      done.row_bytes = RowBytesOf(table_.live());
      done.live_rows = LiveRows(table_);
      return done;
    }
    if (sent.error().kind != ErrorKind::kConflict || attempt == kAttempts) return sent.error();
    CDC_TRY(protocol_.FollowOthers(ports_.alive));
  }
}

/// The marker also as a property, for the day when another engine has expired every snapshot of ours.
Status IcebergSink::Close() {
  if (!table_.made()) return {};
  const iceberg::TableMetadata& metadata = table_.metadata();
  const auto snapshot = metadata.NewestAncestorWith(std::string(contract::kSummaryOffsets));
  if (snapshot != nullptr && !lake::IsMirrored(metadata, *snapshot)) {
    const Status mirrored = table_.Change(iceberg::PropertiesCommit(metadata, MirrorOf(metadata, *snapshot)));
    if (!mirrored) ports_.log.Debug("offsets not mirrored to a property: {}", mirrored.error().message);
  }
  return locator_.Sync();
}

}  // namespace cdc::iceberg_sink
