#pragma once

/// \file jobs/source/shape_follower.h
/// The table follows the shape of the source's events: it is made, gets columns, wider types or other ones.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "jobs/source/event_clock.h"
#include "jobs/source/event_reader.h"
#include "jobs/source/key_columns.h"
#include "jobs/source/open_batch.h"
#include "jobs/source/source_columns.h"
#include "jobs/source/verdict.h"

namespace cdc::source {

/// How rows of a shape are read: see EventReader::Learn().
struct LearntShape {
  std::vector<event::SourceColumn> columns;
  std::unique_ptr<RowProgram> row, key;
};

/// Not thread-safe.
class ShapeFollower {
 public:
  struct Followed {
    Verdict verdict = Verdict::kTaken;
    std::unique_ptr<LearntShape> learnt = {};  ///< null: as before
  };

  /// All outlive this. \param mapping may be null
  ShapeFollower(OpenBatch& batch, Mapping* mapping, SourceColumns& columns, const EventReader& reader,
                EventClock& event_clock);

  /// What an earlier run knew, for a tombstone, a TRUNCATE or a broken message that comes before the first
  /// event that says how rows are written. Nothing: that is not enough.
  std::optional<LearntShape> Known() const;

  /// The table has the shape of `envelope` afterwards. \param ahead the message and those known to follow: a
  /// look at them spares schema changes \return kCommitFirst: the batch must be committed, and then asked
  /// again. Errors: kUnsupported, kInvalidConfig: the table must be held. kTransient, kConflict. kBadValue:
  /// the event is to be refused
  Result<Followed> Follow(const kafka::Message& message, const event::Envelope& envelope,
                          std::span<const kafka::Message> ahead);

  /// A row had a column that the plan does not know: the next Follow() learns the shape anew.
  void Relearn() { relearn_ = true; }
  void StopRelearning() { relearn_ = false; }
  bool relearning() const { return relearn_; }

  /// A value that does not fit may be the first that shows a change of its column's type. \param reason why
  /// it does not \return whether the shape is to be learnt anew; kUnsupported: the type has changed
  Result<bool> Suspect(const event::Envelope& envelope, const std::string& reason,
                       std::span<const kafka::Message> ahead);

 private:
  bool IsSame(const event::Envelope& envelope);
  Result<Followed> Adopt(std::vector<event::SourceColumn> columns, const kafka::Message& message,
                         std::string shape);
  Status MakeTable(const std::vector<event::SourceColumn>& columns, const RowProgram* program,
                   const kafka::Message& message);
  Result<Verdict> Evolve(const std::vector<event::SourceColumn>& columns, bool from_schema);
  Result<Verdict> FollowTypes(const std::vector<event::SourceColumn>& columns, bool from_schema);
  Result<Verdict> FollowAbsence(const std::vector<event::SourceColumn>& columns,
                                const std::set<std::string>& skipped);
  Result<Verdict> FollowContent(const std::vector<event::SourceColumn>& columns, bool from_schema);
  void WarnOfUnmarked(const std::vector<event::SourceColumn>& columns, const rows::Schema* known) const;
  std::vector<rows::Field> Derived() const;

  OpenBatch& batch_;
  Mapping* mapping_;
  SourceColumns& columns_;
  const EventReader& reader_;
  EventClock& event_clock_;
  KeyColumns key_;
  std::string shape_;          // schema text of the present one; "-" without a schema; empty: none yet
  uint64_t shape_number_ = 0;  // Envelope::schema_number of shape_, where known
  bool relearn_ = false;
  std::vector<std::string>
      absent_;  // columns that the source does not send any more, of a table without a key
};

}  // namespace cdc::source
