#pragma once

/// \file jobs/sink/iceberg/iceberg_sink.h
/// Folded changes into an Iceberg v2 table: data files, position deletes found through the key index, one
/// atomic commit.
///
/// Words: the *index* says where each key's row lies, the *journal* what the last commit was to do to it,
/// *live* is the table's present set of files, the *marker* the offsets in the newest snapshot that has them.

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>

#include "jobs/sink/iceberg/allowance.h"
#include "jobs/sink/iceberg/known_deletes.h"
#include "jobs/sink/iceberg/position_set.h"
#include "jobs/sink/iceberg/rewrite_plan.h"
#include "jobs/sink/iceberg/words.h"
#include "lib/core/clock.h"
#include "lib/iceberg/catalog.h"
#include "lib/iceberg/departed_files.h"
#include "lib/iceberg/live_files.h"
#include "lib/iceberg/snapshot_writer.h"
#include "lib/index/commit_journal.h"
#include "lib/index/file_numbers.h"
#include "lib/index/key_index.h"
#include "lib/log/logger.h"
#include "lib/storage/deferred_close.h"
#include "lib/storage/file_system.h"

namespace cdc::parquet {
struct FileDeletes;
struct WriterOptions;
}  // namespace cdc::parquet

namespace cdc::iceberg_sink {

struct SharedDeletes;

/// The table's name, as catalogs take it.
inline iceberg::TableIdent IdentOf(const TableSettings& settings) {
  return {settings.ident.name_space, settings.ident.name};
}

/// Of what a table consists.
struct TableFigures {
  int64_t rows = 0;          ///< that are not deleted
  int64_t deleted_rows = 0;  ///< in data files still
  int64_t bytes = 0;         ///< of data and delete files
  int64_t data_files = 0;
  int64_t small_files = 0;  ///< data files below half of target_file_size
  int64_t delete_files = 0;
  int64_t manifests = 0;
  int64_t snapshots = 0;
};

struct MaintenanceDue {
  int64_t files_to_rewrite = 0;
  int64_t snapshots_to_expire = 0;
  int64_t orphans = 0;
};

class IcebergSink final : public Sink, public worker::Lookup, public worker::Upkeep {
 public:
  ~IcebergSink() override;

  struct Ports {
    iceberg::Catalog& catalog;  ///< all must outlive the sink
    storage::FileSystem& files;
    const Clock& clock;
    std::function<void(Millis)> sleep;  ///< between attempts to learn a commit's outcome
    log::Logger log;
    /// Called again and again while keys are read into the index, which takes minutes where a large table's
    /// is lost. What it returns ends that; the next Open() goes on with the files that are not read yet.
    std::function<Status()> alive = {};
    /// Called again and again, with what to tell people, while the table is written anew. What it returns
    /// ends that; the next run goes on with what is written.
    std::function<Status(const std::string& doing)> working = {};
  };

  /// Loads the table if it is there, resolves what the last run left in doubt, and brings the index up to
  /// date.
  ///
  /// \param source_json identity of the Kafka cluster and topic (`cdc.source`); another one than the table's
  /// is refused \return kUnsupported: not a table we may write (another source, data without a marker,
  /// partitions, equality
  ///         deletes); the hint names the command. kTransient, kCorrupt.
  static Result<std::unique_ptr<IcebergSink>> Open(TableSettings settings, std::string source_json,
                                                   Ports ports);

  /// The same for a run that only maintains a table that is there: from whichever source it was filled.
  /// \return also kNotFound: no such table.
  static Result<std::unique_ptr<IcebergSink>> OpenToMaintain(TableSettings settings, Ports ports);

  /// Of the table's present snapshot.
  TableFigures figures() const;
  /// What Maintain(kThorough) would begin with. Reads the table's metadata and lists its folder.
  Result<MaintenanceDue> FindDue();

  worker::Opened opened() const override { return {marker_, shape()}; }
  Result<worker::Shape> Follow(const worker::ShapeChange& change) override;
  worker::Lookup& lookup() override { return *this; }
  worker::Upkeep* upkeep() override { return this; }

  const std::optional<Marker>& marker() const { return marker_; }
  worker::Shape shape() const;
  Status Create(const rows::Schema& schema, const std::vector<std::string>& key, const OwnNames& own = {},
                const std::vector<std::string>& derived = {});
  Status Evolve(const rows::SchemaChanges& changes, const OwnNames& own);
  Status Retype(const std::vector<Retyped>& columns);
  Status IdentifyRowsWithout(const std::vector<std::string>& absent);

  Result<uint32_t> CountRows(const Hash128& content) override;
  Result<std::vector<uint32_t>> FillGaps(Fold* fold) override;
  Result<bool> HasRow(const Hash128& key, const rows::KeyRow& values) override;
  Result<bool> ReadRow(const Hash128& key, const rows::KeyRow& values, rows::Batch* row) override;
  Status KeepMoved(const std::vector<Hash128>& keys, const Fold& fold) override;
  Result<Committed> Commit(const worker::Batch& batch) override;
  Result<bool> Maintain(Tidying when) override;
  Status Close() override;

 private:
  struct Draft;      // one attempt's files and index changes
  struct Rewriting;  // data files being written anew
  struct Doomed {
    SteadyTime due;  // not before
    std::string path;
  };

  IcebergSink(TableSettings settings, std::string source_json, Ports ports);

  // iceberg_sink.cc: the table
  Status Apply(const worker::NewTable& made);
  Status Apply(const worker::Evolution& evolution);
  Status Apply(const worker::NewTypes& types);
  Status Apply(const worker::AbsentColumns& gone);
  Status Apply(const worker::ContentWithout& gone);
  Status Load();
  Status Adopt(iceberg::LoadedTable table);
  Status CheckSource(const std::string& written) const;
  bool HoldsOurFiles() const;
  Status ReadMarker();

  // table_rewrite.cc
  Status HoldForTypes(const std::vector<Retyped>& columns) const;
  Status WriteAnew(const std::vector<Retyped>& columns);
  Result<std::vector<iceberg::DataFile>> WriteFilesAnew(const rows::Schema& evolved,
                                                        const std::vector<Retyped>& columns);
  Status SendRewritten(std::vector<iceberg::DataFile> files, const rows::Schema& evolved);
  Status AdoptRewritten();
  Status Working(const std::string& doing) const;

  // index_recovery.cc
  static constexpr const char* kPropertySecret = "cdc.key-secret";  ///< table property; hexadecimal
  Status TakeSecret();
  Status RecoverIndex();
  Result<std::string> OpenIndex();
  Result<std::string> CompleteIndex();
  int64_t RowsOfTable() const;
  Status ReplayJournal();
  Status CatchUpIndex();
  Status RebuildIndex(const std::string& why);
  Status ScanIntoIndex(const std::string& path, uint32_t number);
  Status ScanRowsIntoIndex(const std::string& path, uint32_t number);
  std::vector<int> KeyColumns(const rows::Schema& schema) const;

  // rows_without_key.cc
  /// Table property of an upsert table without a key: {"derived":[…],"absent":[…],"ids":n}.
  static constexpr const char* kPropertyIdentity = "cdc.row-identity";
  static std::string IdentityProperty(const std::vector<std::string>& derived,
                                      const std::vector<std::string>& absent, int ids);
  Status ReadIdentity();
  void MakeIdentity();
  Status NumberRow(const rows::Batch& batch, uint32_t row, index::Location at);
  Result<Hash128> KeyOfRowAt(const rows::Batch& batch, uint32_t row, index::Location at);

  // gap_filling.cc
  int64_t row_bytes() const;
  struct RowPlace {
    std::string path;
    int64_t position;
  };
  Result<std::optional<RowPlace>> Locate(const Hash128& key) const;
  std::optional<RowPlace> LocateMoved(const Hash128& key) const;
  Status KeepPlaces(const std::vector<Hash128>& keys);
  void LoadMoved();
  Status FillFromFile(const std::string& path, std::vector<std::pair<int64_t, uint32_t>> wanted, Fold* fold,
                      std::vector<uint32_t>* unknown);
  Result<rows::Batch> ReadRowsOf(const std::string& path,
                                 const std::vector<std::pair<int64_t, uint32_t>>& wanted,
                                 std::shared_ptr<const rows::Schema> projection);
  Status JudgeDoubts(const std::string& path, const std::vector<std::pair<int64_t, uint32_t>>& doubtful,
                     Fold* fold);

  // commit_draft.cc
  Status DraftRows(const Fold& fold, Draft* draft);
  void NoteSuperseded(const std::vector<Slot>& slots, const std::vector<index::Location>& old,
                      Draft* draft) const;
  void GroupDeletes(const std::vector<index::Location>& superseded, Draft* draft) const;
  std::string NewDataPath(const char* kind) const;
  parquet::WriterOptions FileOptions() const;
  Result<std::unique_ptr<storage::Writer>> NewFile(const char* kind, std::string* path, Draft* draft);

  // draft_deletes.cc
  Status DraftDeletes(Draft* draft);
  void DropFile(const std::string& data_path, Draft* draft) const;
  void DropOwnDeletes(const std::string& data_path, Draft* draft) const;
  Status ArrangeDeletes(bool split, Draft* draft);
  Status WriteSharedDeletes(std::span<const parquet::FileDeletes> files, std::vector<std::string>* paths,
                            Draft* draft);
  Status WriteOwnDeletes(const parquet::FileDeletes& more, Draft* draft);
  Result<bool> SplitSharedDeletes();
  Result<const SharedDeletes*> LoadShared();
  std::span<const int64_t> SensiblePositions(const std::string& data_path,
                                             std::span<const int64_t> ascending) const;
  Result<PositionSet> ReadDeleted(const std::string& data_path);
  Result<PositionSet> DeletedPositions(const std::string& data_path);
  Result<const PositionSet*> DeletedOf(const std::string& data_path);

  // commit_protocol.cc
  Result<int64_t> Send(Draft* draft, const std::map<std::string, std::string>& summary,
                       std::optional<std::string> operation);
  static bool MovedOn(const iceberg::TableMetadata& base, const iceberg::TableMetadata& now);
  Result<iceberg::LoadedTable> SendUntilKnown(const iceberg::StagedSnapshot& staged);
  Status RefuseRowsOf(const iceberg::Snapshot& foreign) const;
  Status RebaseAfterConflict();
  Status BringIndexForward(const Draft& draft);
  std::map<std::string, std::string> SummaryOf(const Marker& marker) const;
  std::map<std::string, std::string> NewestSummary() const;
  std::map<std::string, std::string> MirrorOf(const iceberg::Snapshot& snapshot) const;
  void Discard(const Draft& draft);

  // compaction.cc
  enum class Step;
  Status BeginRewrite(const std::vector<std::string>& paths);
  Status CopySome();
  Result<Step> GoOnRewriting(Tidying when);
  Result<std::optional<std::vector<int64_t>>> DeletedSinceCopied();
  Status DraftRewrite(Rewriting& work, const std::vector<int64_t>& deleted, Draft* draft);
  Status FinishRewrite();

  // maintenance.cc
  RewriteRules RulesFor(Tidying when) const;
  Result<Step> MaintainOnce(Tidying when);
  bool DeleteSomeDoomed(Tidying when);
  std::vector<int64_t> FindExpired() const;
  bool SharesFolder();
  Result<std::vector<std::string>> FindLeftovers();
  Result<bool> Expire(Tidying when);
  Status SweepOrphans(Tidying when);

  TableSettings settings_;
  std::string source_json_;  // empty: of no concern
  Ports ports_;
  storage::DeferredClose closing_;  // what a commit writes; the rest goes to ports_.files

  iceberg::LoadedTable table_;  // metadata null: not made yet
  iceberg::LiveFiles live_;
  std::shared_ptr<const rows::Schema> schema_;
  std::vector<std::string> key_;
  KeySecret secret_;  // of the hashes of this run, whatever another engine does to the property meanwhile
  std::optional<OwnNames> own_;  // changed by Create() and Evolve() only, after Load()
  // Of an upsert table without a key: columns that do not tell rows apart, as columns of the job's and as
  // ones that the source has dropped; and the last field id when it was made.
  std::vector<std::string> derived_columns_, absent_columns_;
  int made_with_ids_ = 0;
  std::shared_ptr<RowIdentity> identity_;  // null: it has a key
  std::vector<std::string> absent_;
  std::optional<Marker> marker_;
  int64_t expected_records_ = 0;

  std::unique_ptr<index::KeyIndex> index_;  // null in append mode and before the table is made
  std::optional<index::FileNumbers> numbers_;
  KnownDeletes deleted_;  // as far as read or written; of some 100 million rows of data files
  std::unique_ptr<SharedDeletes> shared_;  // null: not read yet
  std::unordered_map<Hash128, RowPlace>
      moved_;  // where rows were before a key change that is only half there

  // Maintenance: what is under way, and when what is due was last found out.
  Allowance allowance_;
  StepCost rewrite_end_{std::chrono::nanoseconds(150)};  // for each row
  SteadyTime put_off_until_{};
  std::unique_ptr<Rewriting> rewriting_;
  std::deque<Doomed> doomed_;  // files that nothing reaches any more, in the order of their times
  std::optional<int64_t> planned_for_, looked_for_expired_;  // the newest snapshot at that time
  Tidying planned_when_ = Tidying::kBetweenCommits;
  bool swept_thoroughly_ = false;
  iceberg::DepartedFiles departed_;  // what expiring our snapshots will leave behind
};

}  // namespace cdc::iceberg_sink
