#include "jobs/sink/iceberg/iceberg_sink.h"

#include <algorithm>
#include <chrono>

#include "jobs/sink/iceberg/source_marker.h"
#include "lib/contract/names.h"
#include "lib/iceberg/deletable.h"
#include "lib/lake/written_marker.h"

namespace cdc::iceberg_sink {

IcebergSink::IcebergSink(TableSettings settings, std::string source_json, Ports ports)
    : settings_(std::move(settings)),
      source_json_(std::move(source_json)),
      ports_(std::move(ports)),
      table_(IdentOf(settings_), settings_.table, ports_),
      definition_(settings_, table_),
      deletes_(static_cast<size_t>(ShareOut(settings_.memory_bytes).known_deletes), table_, ports_.files),
      located_(table_, definition_, deletes_),
      locator_(settings_.index_folder, located_, ports_.files, ports_.clock, ports_.log),
      moved_(settings_.index_folder, locator_, ports_.files, ports_.log),
      old_rows_(located_, locator_, moved_, ports_.files),
      drafter_(settings_, table_, locator_),
      protocol_(settings_, ports_, {table_, definition_, deletes_, locator_}),
      upkeep_(settings_, ports_, {table_, definition_, deletes_, locator_}, protocol_),
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
  ShowDefinition();
  return {};
}

/// Reads the marker, unless any source will do.
Status IcebergSink::FindMarker() {
  marker_.reset();
  if (source_json_.empty()) return {};
  const auto& data = table_.live().data();
  const MarkerSource source{settings_.table, ToString(settings_.ident), settings_.topic, source_json_};
  CDC_ASSIGN(marker_, ReadMarker(table_.metadata(), ports_.files, source, !data.empty(), [&data] {
               return std::any_of(data.begin(), data.end(),
                                  [](const auto& entry) { return iceberg::IsOurDataFile(entry.first); });
             }));
  return {};
}

void IcebergSink::ShowDefinition() {
  seen_schema_ = table_.schema();
  seen_key_ = definition_.key();
  const auto& identity = definition_.keys().identity;
  seen_identity_ = identity == nullptr ? nullptr : std::make_shared<RowIdentity>(*identity);
}

Status IcebergSink::Create(const rows::Schema& schema, const std::vector<std::string>& key,
                           const OwnNames& own, const std::vector<std::string>& derived) {
  const Status created = definition_.Create(schema, key, own, derived);
  ShowDefinition();
  if (!created || settings_.append) return created;
  return locator_.Rebuild("", ports_.alive);
}

Status IcebergSink::Evolve(const rows::SchemaChanges& changes, const OwnNames& own) {
  CDC_TRY(Settle());
  const Status evolved = definition_.Evolve(changes, own);
  ShowDefinition();
  return evolved;
}

Status IcebergSink::Retype(const std::vector<Retyped>& columns) {
  CDC_TRY(Settle());
  const Status done = type_rewrite_.Run(columns);
  ShowDefinition();
  return done;
}

Result<uint32_t> IcebergSink::CountRows(const Hash128& content) {
  CDC_TRY(Settle());
  if (!locator_.open()) return 0;
  return locator_.Count(*seen_identity_, content);
}

/// A column that the source drops is in none of its images any more, though the table's rows keep its values.
Status IcebergSink::IdentifyRowsWithout(const std::vector<std::string>& absent) {
  CDC_TRY(Settle());
  if (absent == definition_.identified_without()) return {};
  CDC_TRY(definition_.IdentifyRowsWithout(absent));
  ShowDefinition();
  return locator_.Rebuild(
      absent.empty() ? "a column of the source is back" : "a column was dropped at the source", ports_.alive);
}

/// A commit under way says what was absent before; what it fails with is told by what is called next.
std::vector<std::string> IcebergSink::absent() const {
  (void)Settle();
  return definition_.absent();
}

void IcebergSink::NoteAbsent(std::vector<std::string> columns) {
  (void)Settle();
  definition_.NoteAbsent(std::move(columns));
}

Result<std::vector<uint32_t>> IcebergSink::FillGaps(Fold* fold) {
  CDC_TRY(Settle());
  return old_rows_.FillGaps(fold);
}

int64_t IcebergSink::row_bytes() const {
  // TOASTed values are large by nature, and compress well.
  constexpr int64_t kMinBytes = 2048, kCompression = 8;
  (void)Settle();  // a failure is told by what is called next
  const auto& totals = table_.live().totals();
  return totals.records == 0 ? kMinBytes : std::max(kMinBytes, totals.bytes / totals.records * kCompression);
}

Result<bool> IcebergSink::HasRow(const Hash128& key, const rows::KeyRow&) {
  CDC_TRY(Settle());
  CDC_ASSIGN(const auto place, locator_.Find(key));
  return place.has_value();
}

Result<bool> IcebergSink::ReadRow(const Hash128& key, const rows::KeyRow&, rows::Batch* row) {
  CDC_TRY(Settle());
  return old_rows_.Read(key, row);
}

Status IcebergSink::KeepMoved(const std::vector<Hash128>& keys, const Fold&) {
  CDC_TRY(Settle());
  return moved_.Keep(keys);
}

Result<Committed> IcebergSink::CommitNow(const Fold& fold, const Marker& marker) {
  // A conflict that leaves the offsets alone is worked around a few times; more is another engine at war with
  // us.
  constexpr int kAttempts = 5;
  for (int attempt = 1;; ++attempt) {
    CommitDraft draft;
    Status drafted = drafter_.Draft(fold, &draft);
    if (drafted) drafted = deletes_.Draft(&draft);
    if (!drafted) {
      protocol_.Discard(draft);
      return drafted.error();
    }
    auto sent = protocol_.Commit(&draft, SummaryOf(marker, source_json_, settings_.pipeline), std::nullopt);
    if (sent) {
      marker_ = marker;
      Committed done;
      done.snapshot_id = *sent;
      done.rows = draft.rows;
      done.deletes = draft.deleted_rows;
      return done;
    }
    if (sent.error().kind != ErrorKind::kConflict || attempt == kAttempts) return sent.error();
    CDC_TRY(protocol_.FollowOthers(ports_.alive));
  }
}

/// The marker also as a property, for the day when another engine has expired every snapshot of ours.
Status IcebergSink::Close() {
  CDC_TRY(Settle());
  if (!table_.made()) return {};
  const iceberg::TableMetadata& metadata = table_.metadata();
  const auto snapshot = metadata.NewestAncestorWith(std::string(contract::kSummaryOffsets));
  if (snapshot != nullptr && !lake::IsMirrored(metadata, *snapshot)) {
    const Status mirrored = table_.Change(iceberg::PropertiesCommit(metadata, MirrorOf(metadata, *snapshot)));
    if (!mirrored) ports_.log.Debug("offsets not mirrored to a property: {}", mirrored.error().message);
  }
  return locator_.Sync();
}

// Commits on a second thread. Files are encoded and committed there while the first thread reads on. The two
// share nothing but the fold, which neither changes, and this object, whose other functions wait.

void IcebergSink::BeginCommit(const Fold& fold, const Marker& marker, std::function<Status()> may) {
  (void)fold.slots();  // settled by the thread that filled it: from now on two may read it
  auto outcome = std::make_shared<std::promise<Result<Committed>>>();
  under_way_ = outcome->get_future().share();
  second_thread_.Run([this, &fold, marker, may = std::move(may), outcome] {
    const Status allowed = may();
    auto committed = allowed ? CommitNow(fold, marker) : Result<Committed>(allowed.error());
    if (committed) {
      const auto more = upkeep_.Step(MaintenanceMode::kBetweenCommits);
      if (!more) committed->untidy = more.error();
    }
    outcome->set_value(std::move(committed));
  });
}

bool IcebergSink::committing() const {
  return under_way_.valid() && under_way_.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
}

Result<Committed> IcebergSink::AwaitCommit() {
  Result<Committed> outcome = under_way_.get();
  under_way_ = {};
  return outcome;
}

/// Waits for the commit under way. \return its error; never kBadValue, which would be taken for a message's
Status IcebergSink::Settle() const {
  if (!under_way_.valid()) return {};
  const Result<Committed>& outcome = under_way_.get();
  if (outcome) return {};
  Error error = outcome.error();
  if (error.kind == ErrorKind::kBadValue) error.kind = ErrorKind::kCorrupt;
  return error;
}

Result<Committed> IcebergSink::Commit(const Fold& fold, const Marker& marker) {
  CDC_TRY(Settle());
  return CommitNow(fold, marker);
}

Result<bool> IcebergSink::Maintain(MaintenanceMode when) {
  CDC_TRY(Settle());
  return upkeep_.Step(when);
}

}  // namespace cdc::iceberg_sink
