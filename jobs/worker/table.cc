#include "jobs/worker/table.h"

#include <chrono>

namespace cdc::worker {

Table::Table(Sink& sink) : sink_(sink), opened_(sink.opened()) {}

Table::~Table() {
  if (under_way_.valid()) under_way_.wait();
}

/// Waits for the commit under way. \return its error; never kBadValue, which would be taken for a message's
Status Table::Settle() const {
  if (!under_way_.valid()) return {};
  const Result<Committed>& outcome = under_way_.get();
  if (outcome) return {};
  Error error = outcome.error();
  if (error.kind == ErrorKind::kBadValue) error.kind = ErrorKind::kCorrupt;
  return error;
}

Status Table::Follow(const ShapeChange& change) {
  CDC_TRY(Settle());
  CDC_ASSIGN(opened_.shape, sink_.Follow(change));
  return {};
}

Result<bool> Table::HasRow(const Hash128& key, const rows::KeyRow& values) {
  CDC_TRY(Settle());
  return sink_.lookup().HasRow(key, values);
}

Result<bool> Table::ReadRow(const Hash128& key, const rows::KeyRow& values, rows::Batch* row) {
  CDC_TRY(Settle());
  return sink_.lookup().ReadRow(key, values, row);
}

Result<uint32_t> Table::CountRows(const Hash128& content) {
  CDC_TRY(Settle());
  return sink_.lookup().CountRows(content);
}

Result<std::vector<uint32_t>> Table::FillGaps(Fold* fold) {
  CDC_TRY(Settle());
  return sink_.lookup().FillGaps(fold);
}

Status Table::KeepMoved(const std::vector<Hash128>& keys, const Fold& fold) {
  CDC_TRY(Settle());
  return sink_.lookup().KeepMoved(keys, fold);
}

void Table::NoteCommitted(const Committed& committed, const Checkpoint& checkpoint) {
  opened_.checkpoint = checkpoint;
  opened_.live_rows = committed.live_rows;
  if (committed.row_bytes) opened_.shape.row_bytes = *committed.row_bytes;
}

Result<Committed> Table::Commit(const Batch& batch) {
  CDC_TRY(Settle());
  CDC_ASSIGN(Committed committed, sink_.Commit(batch));
  NoteCommitted(committed, batch.checkpoint);
  return committed;
}

/// The two threads share the fold, which neither changes, and the sink, which this object keeps from the
/// first one.
void Table::BeginCommit(const Batch& batch, std::function<Status()> gate) {
  (void)batch.fold.slots();  // settled by the thread that filled it: from now on two may read it
  checkpoint_under_way_ = &batch.checkpoint;
  auto outcome = std::make_shared<std::promise<Result<Committed>>>();
  under_way_ = outcome->get_future().share();
  second_thread_.Run([this, batch, gate = std::move(gate), outcome] {
    const Status allowed = gate();
    auto committed = allowed ? sink_.Commit(batch) : Result<Committed>(allowed.error());
    if (committed && sink_.upkeep() != nullptr) {
      const auto more = sink_.upkeep()->Maintain(Tidying::kBetweenCommits);
      if (!more) committed->untidy = more.error();
    }
    outcome->set_value(std::move(committed));
  });
}

bool Table::committing() const {
  return under_way_.valid() && under_way_.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
}

Result<Committed> Table::AwaitCommit() {
  Result<Committed> outcome = under_way_.get();
  under_way_ = {};
  if (outcome) NoteCommitted(*outcome, *checkpoint_under_way_);
  return outcome;
}

Result<bool> Table::Maintain(Tidying when) {
  CDC_TRY(Settle());
  return sink_.upkeep() != nullptr ? sink_.upkeep()->Maintain(when) : Result<bool>(false);
}

Status Table::Close() {
  CDC_TRY(Settle());
  return sink_.upkeep() != nullptr ? sink_.upkeep()->Close() : Status{};
}

}  // namespace cdc::worker
