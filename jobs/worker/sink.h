#pragma once

/// \file jobs/worker/sink.h
/// The port to a store: one table of it. jobs/sink has a room for each kind of store.
///
/// A sink needs opened(), Follow() and Commit(). One that has the table's rows at hand adds lookup(); one
/// that must merge or expire files adds upkeep(). docs/adding-a-sink.md shows the smallest one.
///
/// One call at a time. Commit() and the upkeep behind it may run on another thread than the calls before.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "jobs/worker/words.h"
#include "lib/core/keyed_hash.h"
#include "lib/core/result.h"
#include "lib/rows/schema_changes.h"
#include "lib/rows/type.h"

namespace cdc::worker {

/// The table as the store has it. A value.
struct Shape {
  std::shared_ptr<const rows::Schema> schema =
      nullptr;                             ///< null: not made yet; a new object after every change
  std::vector<std::string> key = {};       ///< names of its columns; empty: append, or by content
  KeySecret key_secret = {};               ///< what the hashes of keys are made with
  std::optional<OwnNames> own_names = {};  ///< columns of the worker's own; nothing: not noted
  std::vector<std::string> absent = {};    ///< columns that the source had and has no more
  /// How rows are told apart in an upsert table without a key; null: by the key.
  std::shared_ptr<RowIdentity> identity = nullptr;
  /// About how much memory a row takes when its gaps are filled, in bytes; a guess on the safe side.
  int64_t row_bytes = 2048;
};

/// What was found when the table was opened.
struct Opened {
  std::optional<Checkpoint> checkpoint = {};  ///< the newest committed; nothing: never committed
  Shape shape = {};
  bool needs_key_values =
      false;  ///< keys must come with their values (Fold::FindKey); else hashes are enough
  bool needs_source_types =
      false;  ///< types that columns have at the source are wanted (rows::Field::source_type)
  std::optional<int64_t> live_rows = {};  ///< rows in the table; nothing: the store cannot say it cheaply
};

// ---- changes of the shape

struct NewTable {
  const rows::Schema& schema;
  const std::vector<std::string>& key;  ///< empty: append, or rows that are told apart by their content
  const OwnNames& own;
  const std::vector<std::string>& derived;  ///< names of the job's own columns
};
/// Columns that are new, wider, renamed or replaced. No changes at all: only `own` is to be noted.
struct Evolution {
  const rows::SchemaChanges& changes;
  const OwnNames& own;
};
/// Columns get other types, for which all rows are written anew (on_type_change = "rewrite").
struct NewTypes {
  const std::vector<Retyped>& columns;
};
/// Columns that the source has no more: to be committed together with the next checkpoint.
struct AbsentColumns {
  std::vector<std::string> names;
};
/// The same in a table without a key: they no longer count in the rows' content.
struct ContentWithout {
  const std::vector<std::string>& names;
};
using ShapeChange = std::variant<NewTable, Evolution, NewTypes, AbsentColumns, ContentWithout>;

// ---- commits

/// Folded changes, and how far the source was read to get them.
struct Batch {
  const Fold& fold;
  const Checkpoint& checkpoint;
  /// A hint: about how many records are known to come behind it, so that room for their keys is made at once.
  int64_t expected_records = 0;
};

struct Committed {
  int64_t snapshot_id = 0;                ///< the store's own number of the commit
  int64_t rows = 0;                       ///< rows written
  int64_t deletes = 0;                    ///< rows of the table that were deleted or superseded
  std::optional<int64_t> row_bytes = {};  ///< Shape::row_bytes from now on; nothing: as before
  std::optional<Error> untidy = {};       ///< upkeep failed afterwards: as Upkeep::Maintain()
  std::optional<int64_t> live_rows = {};  ///< rows in the table afterwards; nothing: not known now
};

/// Present rows of the table. The defaults are those of a store that keeps none.
class Lookup {
 public:
  virtual ~Lookup() = default;

  /// Whether the table has a row of this key. \param values where Opened::needs_key_values \return
  /// kTransient.
  virtual Result<bool> HasRow(const Hash128& key, const rows::KeyRow& values);
  /// Appends the row of this key to `row`, a batch of the schema. \return whether there is one; kTransient,
  /// kCorrupt.
  virtual Result<bool> ReadRow(const Hash128& key, const rows::KeyRow& values, rows::Batch* row);
  /// How many rows of this content there are, in a table without a key. \return kTransient.
  virtual Result<uint32_t> CountRows(const Hash128& content);
  /// Fills the gaps of `fold`'s rows from the table's present rows. \return numbers of the rows whose old row
  /// is missing or does not complete them (Fold::refused): the caller must take them out (Fold::Abandon)
  /// before Commit(). kTransient, kCorrupt.
  virtual Result<std::vector<uint32_t>> FillGaps(Fold* fold);
  /// The rows of these keys are about to be removed by key changes whose second halves have not come:
  /// remembers where their values are, so that FillGaps() finds them for a while. \param fold has the keys'
  /// values, where Opened::needs_key_values \return kTransient.
  virtual Status KeepMoved(const std::vector<Hash128>& keys, const Fold& fold);
};

/// What time there is for upkeep.
enum class Tidying {
  kBetweenCommits,  ///< less than a tenth of it; only what cannot be left for later
  kAtEnd,           ///< the run is about to end: the same, as long as it takes
  kIdle,            ///< nothing else to do: what makes reading faster, too
  kThorough,        ///< asked for by an operator: until nothing is left to do
};

/// What a store does besides commits: merge files, expire snapshots.
class Upkeep {
 public:
  virtual ~Upkeep() = default;

  /// Works for a short while: about 50 ms, or what its share of the time since the last call allows. What is
  /// begun goes on with the next call, commits in between or not. \return whether there is more to do. Errors
  /// do no harm and are tried again later, but for kCommitUnknown and kCorrupt: stop.
  virtual Result<bool> Maintain(Tidying when) = 0;
  /// The orderly end: everything local is written out.
  virtual Status Close() = 0;
};

class Sink {
 public:
  virtual ~Sink() = default;

  /// What was found when this object was made. Asked for once, before all else.
  virtual Opened opened() const = 0;

  /// Makes the table, or changes it. \return its new shape.
  /// kConflict: another process changed it meanwhile. kTransient, kCommitUnknown. Of NewTypes also
  /// kUnsupported: on_type_change = "hold", or an old value has no exact counterpart, and nothing was
  /// changed; kShuttingDown: told to end meanwhile, the next run continues.
  virtual Result<Shape> Follow(const ShapeChange& change) = 0;

  virtual Lookup& lookup();

  /// Applies rows and checkpoint atomically. The batch is unchanged.
  /// \return kConflict: another writer moved the offsets: stop, the table is theirs. kTransient: not
  /// committed, try later. kCommitUnknown: may be committed; stop, the next start finds out. kUnsupported,
  /// kCorrupt: held.
  virtual Result<Committed> Commit(const Batch& batch) = 0;

  /// Null: there is nothing to keep up.
  virtual Upkeep* upkeep() { return nullptr; }
};

}  // namespace cdc::worker
