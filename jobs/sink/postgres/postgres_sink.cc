#include "jobs/sink/postgres/postgres_sink.h"

#include <fmt/format.h>

#include <algorithm>

namespace cdc::postgres_sink {

using worker::Committed;
using worker::Fold;

PostgresSink::PostgresSink(Settings settings, std::string source_json, Link::Ports ports)
    : settings_(std::move(settings)),
      source_json_(std::move(source_json)),
      link_(settings_, std::move(ports)),
      shape_(settings_, &link_, [this](WriterTable table) { return TakeShape(std::move(table)); }) {
  link_.SetPrepare([this](postgres::Session* session) { return writer_ ? writer_->Prepare(session) : Status{}; });
}

Result<std::unique_ptr<PostgresSink>> PostgresSink::Open(Settings settings, std::string source_json,
                                                         Link::Ports ports) {
  std::unique_ptr<PostgresSink> sink(
      new PostgresSink(std::move(settings), std::move(source_json), std::move(ports)));
  CDC_TRY(sink->link_.Connect());
  CDC_ASSIGN(auto found, sink->link_.TakeOver());
  if (!found) return sink;
  const Settings& wanted = sink->settings_;
  if (found->source != sink->source_json_) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("table {} was filled from another Kafka topic: {}, now {}",
                             sink->shape_.target().full_name(), found->source, sink->source_json_),
                 WayOut(wanted.table)};
  }
  if (found->state.target != wanted.target) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("this entry has filled the table {}, and tables.toml says {} now", found->state.target,
                             wanted.target),
                 "take the name back; or rebuild: " + WayOut(wanted.table)};
  }
  sink->checkpoint_ = std::move(found->marker);
  CDC_TRY(sink->shape_.Adopt(found->state));
  return sink;
}

Status PostgresSink::TakeShape(WriterTable table) {
  writer_.emplace(std::move(table));
  old_rows_.emplace(&link_, &*writer_);
  CDC_TRY(writer_->Prepare(link_.session()));
  CDC_ASSIGN(const bool rows, shape_.target().HasRows(link_.session()));
  loading_ = !rows;
  return {};
}

worker::Shape PostgresSink::shape() const {
  const TableState& state = shape_.state();
  worker::Shape shape;
  shape.schema = shape_.schema();
  shape.key = state.key;
  shape.key_secret = state.secret;
  shape.own_names = state.own;
  shape.absent = state.absent;
  return shape;
}

Result<worker::Shape> PostgresSink::Follow(const worker::ShapeChange& change) {
  CDC_TRY(link_.EnsureConnected());
  CDC_TRY(shape_.Follow(change, source_json_));
  return shape();
}

Result<std::vector<uint32_t>> PostgresSink::FillGaps(Fold* fold) {
  CDC_TRY(link_.EnsureConnected());
  return old_rows_->FillGaps(fold);
}

Result<bool> PostgresSink::HasRow(const Hash128&, const rows::KeyRow& values) {
  if (!values.known()) return Error{ErrorKind::kCorrupt, "a row is looked for whose key is not known"};
  CDC_TRY(link_.EnsureConnected());
  CDC_ASSIGN(const std::vector<bool> found, old_rows_->Find({values}));
  return found[0];
}

Result<bool> PostgresSink::ReadRow(const Hash128&, const rows::KeyRow& values, rows::Batch* row) {
  if (!values.known()) return Error{ErrorKind::kCorrupt, "a row is looked for whose key is not known"};
  CDC_TRY(link_.EnsureConnected());
  CDC_ASSIGN(const auto found, old_rows_->Read({values}, row));
  return found[0].has_value();
}

Status PostgresSink::KeepMoved(const std::vector<Hash128>& keys, const Fold& fold) {
  CDC_TRY(link_.EnsureConnected());
  return old_rows_->KeepMoved(keys, fold);
}

// ---- commits

Result<Committed> PostgresSink::Commit(const worker::Batch& batch) {
  Applied applied;
  CDC_TRY(link_.Retrying([&] { return TryCommit(batch, &applied); }));
  checkpoint_ = batch.checkpoint;
  Committed done{.snapshot_id = link_.commits(), .rows = applied.rows, .deletes = applied.deletes};
  // Not behind a backlog: there time is short, and the number is another one a moment later.
  if (batch.expected_records == 0) done.live_rows = shape_.target().CountRows(link_.session());
  return done;
}

Status PostgresSink::TryCommit(const worker::Batch& batch, Applied* applied) {
  auto done = Apply(batch.fold);
  const Status committed = done ? link_.CommitWith(batch.checkpoint, shape_.state()) : Status(done.error());
  if (!committed) {
    const Error error = link_.HintFor(committed.error());
    link_.RollBack();
    return error;
  }
  *applied = *done;
  return {};
}

/// While no key has been there before, rows go straight into the target.
Result<Applied> PostgresSink::Apply(const Fold& fold) {
  const bool adds_only = !fold.truncated() && fold.gaps().empty() &&
                         std::all_of(fold.slots().begin(), fold.slots().end(), [](const worker::Slot& slot) {
                           return slot.state == worker::Slot::State::kLive;
                         });
  postgres::Session* const session = link_.session();
  CDC_TRY(link_.Begin());
  loading_ = loading_ && adds_only;
  if (!loading_) return writer_->Apply(fold, false, session);
  CDC_TRY(session->Run("SAVEPOINT rows", "Setting a savepoint"));
  auto applied = writer_->Apply(fold, true, session);
  if (applied || applied.error().kind != ErrorKind::kConflict) return applied;
  loading_ = false;
  CDC_TRY(session->Run("ROLLBACK TO SAVEPOINT rows", "Going back to a savepoint"));
  return writer_->Apply(fold, false, session);
}

}  // namespace cdc::postgres_sink
