#pragma once

/// \file jobs/source/intake.h
/// Messages of one topic, in order, into the fold: decodes, follows the source's schema, dead-letters what is
/// bad.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "jobs/source/dead_letters.h"
#include "jobs/source/event_clock.h"
#include "jobs/source/event_columns.h"
#include "jobs/source/key_changes.h"
#include "jobs/source/known_columns.h"
#include "jobs/source/left_alone.h"
#include "jobs/source/letter_streak.h"
#include "jobs/source/mapping.h"
#include "jobs/source/row_reader.h"
#include "jobs/source/settings.h"
#include "jobs/source/tainted_keys.h"
#include "jobs/source/toast_doubts.h"
#include "jobs/source/window_counts.h"
#include "jobs/source/words.h"
#include "jobs/worker/table.h"
#include "lib/core/clock.h"
#include "lib/event/envelope.h"
#include "lib/kafka/message.h"
#include "lib/log/logger.h"

namespace cdc::source {

/// In the index folder: the topic has rows of another table as well.
inline constexpr const char* kSharedTopicFile = "shared-topic";

/// In the index folder: see letter_streak.h.
inline constexpr const char* kStreakFile = "dead-letter-streak";

/// In the index folder: see known_columns.h.
inline constexpr const char* kColumnsFile = "source-columns";

/// What the source database says about the table.
struct SourceDescription {
  std::map<std::string, std::string> columns;  ///< name → PostgreSQL's words
  std::vector<std::string> key;                ///< primary key; empty: none
  std::string missing;  ///< why there is nothing of the above: the database has no such table
};

/// Owns the fold of the batch being collected. Not thread-safe.
class Intake {
 public:
  enum class Verdict {
    kTaken,
    kCommitFirst,  ///< nothing taken: the table's schema must change, and the fold holds rows of the old one
  };

  /// \param mapping may be null; all references must outlive the intake
  /// \param describe asks the source database, when events without a schema show new columns; empty: there is
  /// none
  Intake(const SourceSettings& settings, worker::Table& table, DeadLetters& letters, TaintedKeys& tainted,
         Mapping* mapping, std::function<Result<SourceDescription>()> describe, const Clock& clock,
         log::Logger log);

  /// Takes one message. \param ahead this message and those known to follow: a look at them spares schema
  /// changes \param partitions how many the topic has \return kUnsupported, kInvalidConfig: the table must be
  /// held. kTransient, kConflict.
  Result<Verdict> Take(const kafka::Message& message, std::span<const kafka::Message> ahead,
                       int32_t partitions);

  /// Whether a key change has begun whose second half has not come, or a row has been displaced whose own
  /// event has not: what has come of it is not committed before the rest does, if that comes soon.
  bool InKeyChange() const { return !changes_.open().empty() || changes_.unsettled(); }
  /// The offset before which `partition` may be committed; nothing: no key change is open there.
  std::optional<int64_t> HeldOffset(int32_t partition) const;
  /// Takes the first halves out of the fold, for a commit that ends before them. StartBatch() takes them in
  /// again.
  void SetAsideKeyChanges();
  /// When the first half of the oldest open one came, or the last row was displaced.
  std::optional<SteadyTime> oldest_key_change() const;
  /// Gives up waiting for second halves whose first halves came before `since`: those are deletes then.
  /// \return their keys
  std::vector<Hash128> ForgetKeyChanges(SteadyTime since);
  /// Before a commit: notes where the rows are that the batch displaces. \return kTransient.
  Status KeepDisplaced();
  /// What the commit must remember beside the offsets, which `checkpoint` has already.
  void AddTo(Checkpoint* checkpoint) const;

  /// Messages to come are dead letters: older than what the table has, and told at once when they are bad
  /// still.
  void BeginReplay();

  /// A record from before the run's first one: it may be the delete whose tombstone comes next.
  void NoteEarlier(const kafka::Message& message);

  /// Before a commit. \return kUnsupported: all that this run has read is other tables', and would be passed.
  Status JudgeLeftAlone() const;
  int64_t left_alone() const { return left_alone_.count(); }  ///< records of other tables, of this run
  /// Before a commit: hands over letters that were kept back. \return as DeadLetters::Add.
  Status SendLetters();
  /// Before a commit, behind the letters. \return kTransient.
  Status SaveStreak();

  /// Dead-letters the event of a row whose gaps the sink could not fill.
  Status AbandonRow(uint32_t row);

  Fold& fold() { return fold_; }
  /// Whether there is anything to commit beside the first halves of key changes.
  bool has_changes() const;
  /// Gives the batch away to `other`, whose own is used up, and goes on with that one: StartBatch() comes
  /// next.
  void SwapFold(Fold* other);
  /// After a commit: a fold of the present schema with nothing in it but the first halves of open key
  /// changes.
  void StartBatch();

  /// To be called before the messages of a poll are taken: their ingestion time is now.
  void BeginPoll() { now_micros_ = UnixMicros(clock_.wall()); }

  /// Notes the source position of a message that was taken; one per poll is enough.
  void NoteSource(const kafka::Message& message);
  int64_t byte_size() const {
    return static_cast<int64_t>(fold_.byte_size() + counts_.size() * 48) + kept_bytes_;
  }

 private:
  Result<Verdict> TakeOne(const kafka::Message& message, std::span<const kafka::Message> ahead,
                          int32_t partitions);
  Status NoteEvent(const kafka::Message& message, const event::Envelope& envelope);
  Result<Verdict> TakeRow(const kafka::Message& message, const event::Envelope& envelope);
  Result<Verdict> TakeTruncate(const kafka::Message& message, const event::Envelope& envelope,
                               int32_t partitions);
  Result<Verdict> AppendRemoval(const kafka::Message& message, const event::Envelope& envelope);
  /// \param taints the table may have an older row of this key, from which no other event is to be completed
  Result<Verdict> DropRow(const kafka::Message& message, uint32_t row, std::string reason,
                          bool taints = true);

  // intake_keys.cc
  struct Move {
    Hash128 from;            // the key that the row had
    bool by_update = false;  // told by the update's own `before`; false: by Debezium's header
  };
  /// An event's place in PostgreSQL's log.
  struct Place {
    std::optional<event::LogPosition> at;  // nothing: unknown
    bool again = false;                    // it was applied before
  };
  // intake_moves.cc: rows with a key
  Result<Verdict> TakeKeyed(const kafka::Message& message, const event::Envelope& envelope, uint32_t row,
                            bool gaps);
  Result<Verdict> PlaceRow(const kafka::Message& message, const event::Envelope& envelope, const Hash128& key,
                           uint32_t row, bool gaps);
  Result<Verdict> MoveRow(const kafka::Message& message, const event::Envelope& envelope, const Hash128& key,
                          uint32_t row, bool gaps, const Move& move);
  Result<std::optional<Move>> MoveOf(const kafka::Message& message, const event::Envelope& envelope,
                                     const Hash128& key);
  Result<Verdict> TakeDelete(const kafka::Message& message, const event::Envelope& envelope);
  Result<Verdict> TakeTombstone(const kafka::Message& message);
  Status RemoveKey(const kafka::Message& message, const event::Envelope& envelope, const Hash128& key,
                   bool moving);
  bool WasApplied(const kafka::Message& message, const event::Envelope& envelope);
  Place PlaceOf(const kafka::Message& message, const event::Envelope& envelope, Part part);
  std::optional<event::LogPosition> PositionOf(const event::Envelope& envelope) const;
  Result<bool> IsTaken(const Hash128& key);
  Result<bool> CopyPresentRow(const Hash128& key, rows::Batch* out);
  Result<bool> IsLikePresentRow(const Hash128& key, uint32_t row);
  Error ValuesLost(const std::string& where) const;
  Result<bool> IsPresentRow(const Hash128& key, std::string_view image);
  void Reinstate(const kafka::Message& message, const Hash128& key, const FormerRow& row);
  Result<Hash128> HashOfKey(std::string_view json, bool is_row);
  Status CloseKeyChange(const Hash128& key);
  Status CloseKeyChangeOf(const kafka::Message& message);
  void TakeInKeyChanges();

  // intake_rows.cc: tables without a key
  Result<Verdict> TakeByContent(const kafka::Message& message, const event::Envelope& envelope, uint32_t row,
                                bool gaps);
  Result<std::optional<Verdict>> RemoveByContent(const kafka::Message& message,
                                                 const event::Envelope& envelope);
  Result<uint32_t*> CountOf(const Hash128& content);
  Status BeginSnapshot(const kafka::Message& message, const event::Envelope& envelope);
  void NoteSnapshot(int32_t partition, const event::Envelope& envelope);
  bool by_content() const { return identity_ != nullptr; }

  // intake_shape.cc
  Result<Verdict> FollowShape(const kafka::Message& message, const event::Envelope& envelope,
                              std::span<const kafka::Message> ahead);
  Result<Verdict> AdoptColumns(std::vector<event::SourceColumn> columns, const kafka::Message& message,
                               std::string shape);
  Result<std::vector<std::string>> KeyOfNewTable(const kafka::Message& message, const RowProgram* program) const;
  rows::Schema SourceFields(const rows::Schema& table) const;
  Status MakeTable(const std::vector<event::SourceColumn>& columns, const RowProgram* program,
                   const kafka::Message& message);
  Result<std::vector<event::SourceColumn>> LearnColumns(const event::Envelope& envelope,
                                                        std::span<const kafka::Message> ahead);
  Status NoteSourceTypes(std::vector<event::SourceColumn>* columns) const;
  Status CheckKeyOf(const kafka::Message& message, const event::Envelope& envelope);
  Status RefuseGuesses(const std::string& missing, const std::vector<std::string_view>& objects) const;
  Error Untyped(std::string_view object) const;
  bool IsOurs(const event::Envelope& envelope);
  void MakeDecoders(std::vector<event::SourceColumn> columns);
  void MakeKeyDecoder(std::vector<event::SourceColumn> columns);

  // intake_letters.cc
  Status CheckTruncated(const kafka::Message& message, const event::Envelope& envelope) const;

  // intake_key.cc
  Result<Hash128> KeyOfDelete(const kafka::Message& message, const event::Envelope& envelope);
  void Taint(const kafka::Message& message);

  // intake_types.cc
  Result<Verdict> FollowTypes(const std::vector<event::SourceColumn>& columns, bool from_schema);
  Result<Verdict> FollowAbsence(const std::vector<event::SourceColumn>& columns,
                                const std::set<std::string>& skipped);
  Result<Verdict> TakeBadRow(const kafka::Message& message, const event::Envelope& envelope);
  Result<bool> DatabaseSaysOtherwise();
  Status SuspectType(std::string_view row);
  std::set<std::string> OwnColumns() const;
  void DeriveAnew();
  void FillMetadata(uint32_t row, char op, const event::Envelope& envelope);
  Status Bad(const kafka::Message& message, const std::string& reason);

  // intake_gaps.cc
  void KeepForGaps(const kafka::Message& message, uint32_t row);
  Status MarkRemoved(const event::Envelope& envelope, const Hash128& key);
  Result<Verdict> LeaveOut(const kafka::Message& message, const event::Envelope& envelope, const Hash128& key,
                           uint32_t row, const std::optional<Move>& move);
  bool IsOlder(const Hash128& key, int64_t time) const;

  const SourceSettings& settings_;
  worker::Table& table_;
  DeadLetters& letters_;
  TaintedKeys& tainted_;
  Mapping* mapping_;
  std::function<Result<SourceDescription>()> describe_;
  const Clock& clock_;
  log::Logger log_;

  Declarations declared_;
  std::vector<std::string> database_key_;

  event::Placeholder placeholder_;
  ToastDoubts doubts_;
  event::EnvelopeParser envelopes_;
  event::EnvelopeParser keys_;
  Fold fold_;
  std::set<std::string> row_names_;  // of the shape's columns, at the source
  std::string shape_;                // schema text of the decoders; "-" without a schema
  uint64_t shape_number_ = 0;        // Envelope::schema_number of shape_, where known
  bool relearn_ = false;
  std::span<const kafka::Message> ahead_;     // of the message being taken, with it
  std::optional<SteadyTime> database_asked_;  // because of a bad value
  EventContext event_;  // that is being taken
  EventClock event_clock_;
  EventColumns event_columns_;
  KnownColumns known_columns_;
  WindowCounts window_counts_;
  std::unique_ptr<RowProgram> program_, key_program_;  // null: rows are the source's
  std::unique_ptr<RowReader> rows_;
  std::unique_ptr<RowReader> key_decoder_;
  std::shared_ptr<const rows::Schema> key_schema_;
  std::unique_ptr<rows::Batch> key_batch_;
  std::vector<int> key_batch_columns_;  // 0, 1, …
  std::unique_ptr<rows::KeyHasher> row_hasher_, key_hasher_;
  std::vector<int> key_columns_;     // of the table's key, in its rows
  std::vector<int> source_columns_;  // that come from the source …
  std::vector<int> other_columns_;   // … and are not of the key
  std::vector<int> derived_columns_;
  std::vector<int> own_positions_;  // columns of the table that the source does not fill
  int ingestion_time_ = -1, operation_ = -1, source_lsn_column_ = -1, source_time_ = -1, deleted_at_ = -1;

  /// How the key of a message looked that had the table's columns: others are known by it without a parser.
  class KeyForm {
   public:
    KeyForm() = default;
    /// \param key the whole of it \param object the part with the columns \param names in their order
    KeyForm(std::string_view key, std::string_view object, const std::vector<std::string>& names);
    /// Whether `key` has the same columns for certain; false: ask a parser.
    bool Has(std::string_view key) const;

   private:
    std::string head_;                // up to the object: its schema, where it comes first
    std::vector<std::string> names_;  // "name": of each column; none: nothing is known
  };

  KeyForm key_form_;

  struct Kept {
    Letter letter;
    Hash128 origin;  // key of the table's row that its gaps are in
  };
  std::unordered_map<uint32_t, Kept> kept_;  // events of rows with gaps
  int64_t kept_bytes_ = 0;
  KeyChanges changes_;
  std::shared_ptr<const NotedKeys> carried_keys_;  // of the batch that was given away
  std::shared_ptr<RowIdentity> identity_;          // of a table without a key
  std::unordered_map<Hash128, uint32_t> counts_;   // content → rows, with this batch; as far as asked for
  std::vector<std::string> absent_;                // columns that the source does not send any more
  std::unordered_map<int32_t, bool> in_snapshot_;  // partition → its last row is of a snapshot that goes on
  struct Removal {
    int64_t offset;
    Hash128 key;
  };
  std::unordered_map<int32_t, Removal> removals_;  // partition → its last delete, whose tombstone may follow
  std::optional<event::LogPosition> watched_at_;   // of the event being taken, in a partition that is watched
  int32_t partitions_ = 1;
  bool replaying_ = false;
  std::string our_source_;     // `"schema":…,"table":…` that is known to be ours …
  size_t our_source_at_ = 0;   // … and where it stood in the last one
  bool shared_topic_ = false;  // rows of another table have been seen in it, now or in an earlier run
  LetterStreak streak_;
  std::vector<std::pair<Letter, std::string>> waiting_;  // letters of the streak with their reasons
  size_t waiting_bytes_ = 0;
  bool is_change_ = false;    // of this table, or nobody knows: the message that is being taken
  int64_t change_count_ = 0;  // of that kind, in this run
  LeftAlone left_alone_;
  int64_t own_ = 0;  // records that are certainly not left alone
  int64_t source_lsn_ = 0;
  std::optional<int64_t> now_micros_;
};

}  // namespace cdc::source
