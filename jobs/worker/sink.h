#pragma once

/// \file jobs/worker/sink.h
/// Port to where folded changes end up. jobs/sink has a room for each kind of store; they fit behind the same
/// five steps.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "jobs/worker/column_names.h"
#include "jobs/worker/fold.h"
#include "jobs/worker/row_identity.h"
#include "jobs/worker/type_change.h"
#include "lib/contract/event_times.h"
#include "lib/contract/key_changes.h"
#include "lib/contract/last_records.h"
#include "lib/contract/offsets.h"
#include "lib/contract/record_ranges.h"
#include "lib/core/keyed_hash.h"
#include "lib/core/result.h"
#include "lib/rows/schema_changes.h"
#include "lib/rows/type.h"

namespace cdc::worker {

/// What is committed together with the rows: how far the source has been read.
struct Marker {
  contract::TopicOffsets offsets;  ///< next offset of every partition
  contract::TopicLastRecords
      last_records;  ///< by which the topic is known again; of partitions that have one
  std::optional<int64_t> valid_through_ms = {};  ///< every change produced before this Unix time is in
  int64_t source_lsn = 0;                        ///< highest seen; 0: unknown
  contract::KeyChangeState key_changes = {};  ///< rows between two keys, and what was applied of key changes
  /// Dead letters that were applied after all, so far.
  contract::RecordRanges replayed = {};
  /// The newest of those that were not: records that commits have passed over.
  contract::RecordRanges passed_over = {};
  contract::EventTimes event_times = {};  ///< highest of each partition, where events have a time
};

struct Committed {
  int64_t snapshot_id = 0;
  int64_t rows = 0;             ///< rows written
  int64_t deletes = 0;          ///< rows of the table that were deleted or superseded
  std::optional<Error> untidy;  ///< BeginCommit() could not tidy up afterwards: as Maintain()
};

/// What time there is for maintenance.
enum class Tidying {
  kBetweenCommits,  ///< less than a tenth of it; only what cannot be left for later
  kAtEnd,           ///< the run is about to end: the same, as long as it takes
  kIdle,            ///< nothing else to do: what makes reading faster, too
  kThorough,        ///< asked for by an operator: until nothing is left to do
};

/// One table. One thread at a time. While a commit is under way (BeginCommit) schema(), key() and
/// committing() answer at once; all else waits for it, and fails as it did.
class Sink {
 public:
  virtual ~Sink() = default;

  /// The newest committed marker; nothing: never committed, or the table is not made yet.
  virtual const std::optional<Marker>& marker() const = 0;

  /// The table's present schema; null before Create(). A new object after every change.
  virtual std::shared_ptr<const rows::Schema> schema() const = 0;
  /// Names of the key's columns, pinned by Create(); empty: an append-only table.
  virtual const std::vector<std::string>& key() const = 0;

  /// Whether keys must come with their values (Fold::FindKey()); false: their hashes are enough.
  virtual bool needs_key_values() const { return false; }
  /// Whether the types that columns have at the source are wanted (rows::Field::source_type).
  virtual bool needs_source_types() const { return false; }

  /// What the hashes of the table's keys are made with. Not before Create().
  virtual const KeySecret& key_secret() const = 0;
  /// Which of its columns the worker fills; nothing: not noted, as in tables made before this was.
  virtual std::optional<OwnNames> own_names() const = 0;

  /// Makes the table. \param key empty for append, and for rows that are told apart by their content
  /// \param derived names of a job's own columns \return kConflict: somebody else just did; kTransient.
  virtual Status Create(const rows::Schema& schema, const std::vector<std::string>& key, const OwnNames& own,
                        const std::vector<std::string>& derived) = 0;
  /// \param own noted with it; what it is already changes nothing
  virtual Status Evolve(const rows::SchemaChanges& changes, const OwnNames& own) = 0;

  /// Gives columns other types, for which all rows are written anew (on_type_change = "rewrite").
  /// \return kUnsupported: on_type_change = "hold", or an old value has no exact counterpart: nothing was
  /// changed. kShuttingDown: told to end meanwhile; the next run goes on. kConflict, kTransient,
  /// kCommitUnknown.
  virtual Status Retype(const std::vector<Retyped>& columns) = 0;

  /// Columns that the source had and has no more, as far as is committed or noted below.
  virtual std::vector<std::string> absent() const { return {}; }
  /// To be committed together with the next marker.
  virtual void NoteAbsent(std::vector<std::string> columns) { (void)columns; }

  /// About how much memory a row of the table takes when its gaps are filled, in bytes; a guess on the safe
  /// side.
  virtual int64_t row_bytes() const = 0;

  /// Fills the gaps of `fold`'s rows from the table's present rows. \return numbers of the rows whose old row
  /// is not there, or does not complete them (Fold::refused): the caller must take them out (Fold::Abandon)
  /// before Commit(). kTransient, kCorrupt.
  virtual Result<std::vector<uint32_t>> FillGaps(Fold* fold) = 0;

  /// How rows are told apart in an upsert table without a key; null: by the key. A new object after every
  /// change of the schema.
  virtual std::shared_ptr<RowIdentity> row_identity() const = 0;
  /// How many rows of this content the table has. \return kTransient, and the error of the commit under way.
  virtual Result<uint32_t> CountRows(const Hash128& content) = 0;
  /// Of a table without a key: which of its columns the source does not send any more. \return kTransient,
  /// kConflict.
  virtual Status IdentifyRowsWithout(const std::vector<std::string>& absent) = 0;

  /// Whether the table has a row of this key. \param values where needs_key_values()
  /// \return kTransient, and the error of the commit under way.
  virtual Result<bool> HasRow(const Hash128& key, const rows::KeyRow& values) = 0;

  /// Appends the table's row of this key to `row`, a batch of schema(). \param values as of HasRow()
  /// \return whether it has one; kTransient, kCorrupt.
  virtual Result<bool> ReadRow(const Hash128& key, const rows::KeyRow& values, rows::Batch* row) = 0;

  /// The rows of these keys are about to be removed by key changes whose second halves have not come:
  /// remember where their values are, so that FillGaps() finds them for a while.
  /// \param fold has the keys' values, where needs_key_values() \return kTransient.
  virtual Status KeepMoved(const std::vector<Hash128>& keys, const Fold& fold) = 0;

  /// Hint: about how many records of the source are known to come behind the next commit, so that room for
  /// their keys can be made at once.
  virtual void Expect(int64_t records) { (void)records; }

  /// Applies `fold` and `marker` atomically. `fold` is unchanged and may be committed again after an error.
  ///
  /// \return kConflict: another writer moved the offsets: stop, it is theirs. kTransient: not committed, try
  /// later.
  ///         kCommitUnknown: may be committed; stop, the next start finds out. kUnsupported, kCorrupt: held.
  virtual Result<Committed> Commit(const Fold& fold, const Marker& marker) = 0;

  /// Begins Commit(fold, marker) on a thread of its own, followed by Maintain(kBetweenCommits). One at a
  /// time.
  ///
  /// \param fold stays as it is, and where it is, until AwaitCommit() has returned
  /// \param may asked on that thread before: its error is the outcome, and nothing is committed
  virtual void BeginCommit(const Fold& fold, const Marker& marker, std::function<Status()> may) = 0;
  /// Whether AwaitCommit() would wait.
  virtual bool committing() const = 0;
  /// The outcome; once for each BeginCommit().
  virtual Result<Committed> AwaitCommit() = 0;

  /// Tidies up for a short while: about 50 ms, or what its share of the time since the last call allows. What
  /// is begun goes on with the next call, commits in between or not.
  ///
  /// \return whether there is more to do. Errors do no harm and are tried again later, but for kCommitUnknown
  /// and kCorrupt: stop.
  virtual Result<bool> Maintain(Tidying when) = 0;

  /// The orderly end: everything local is written out.
  virtual Status Close() = 0;
};

}  // namespace cdc::worker
