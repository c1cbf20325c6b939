#include "tests/unit/run_loop/map_sink.h"

#include "lib/rows/schema_changes.h"

namespace cdc::worker {
namespace {

MapStore::Row CopyOf(const rows::Batch& batch, uint32_t row) {
  auto copy = std::make_shared<rows::Batch>(batch.shared_schema());
  for (size_t c = 0; c < batch.column_count(); ++c) copy->column(c).AppendFrom(batch.column(c), row);
  return copy;
}

/// Columns that were added later are null.
void AppendTo(rows::Batch* out, const rows::Batch& row) {
  for (size_t c = 0; c < out->column_count(); ++c) {
    const int at = row.schema().IndexOf(out->schema().fields[c].name);
    if (at < 0)
      out->column(c).AppendNull();
    else
      out->column(c).AppendFrom(row.column(static_cast<size_t>(at)), 0);
  }
}

MapStore::Row Find(const std::unordered_map<Hash128, MapStore::Row>& rows, const Hash128& key) {
  const auto found = rows.find(key);
  return found == rows.end() ? nullptr : found->second;
}

}  // namespace

Result<Shape> MapSink::Follow(const ShapeChange& change) {
  Shape& shape = store_->shape;
  if (const auto* made = std::get_if<NewTable>(&change)) {
    rows::Schema schema = made->schema;
    for (size_t i = 0; i < schema.fields.size(); ++i) schema.fields[i].id = static_cast<int>(i) + 1;
    shape.schema = std::make_shared<const rows::Schema>(std::move(schema));
    shape.key = made->key;
    shape.own_names = made->own;
    shape.key_secret = KeySecret::Random();
  } else if (const auto* evolution = std::get_if<Evolution>(&change)) {
    CDC_ASSIGN(rows::Schema evolved,
               rows::Evolve(*shape.schema, shape.schema->max_field_id(), evolution->changes));
    shape.schema = std::make_shared<const rows::Schema>(std::move(evolved));
    shape.own_names = evolution->own;
  } else if (const auto* gone = std::get_if<AbsentColumns>(&change)) {
    shape.absent = gone->names;
  } else {
    return Error{ErrorKind::kUnsupported, "not in a map"};
  }
  return shape;
}

void MapSink::Apply(const Fold& fold) {
  if (fold.truncated()) store_->rows.clear();
  for (const Slot& slot : fold.slots()) {
    if (slot.state == Slot::State::kGone) store_->rows.erase(slot.key);
    if (slot.state == Slot::State::kLive) store_->rows[slot.key] = CopyOf(fold.batch(), slot.row);
  }
}

Result<Committed> MapSink::Commit(const Batch& batch) {
  const Answer answer = next_();
  if (answer == Answer::kRefused) return Error{ErrorKind::kTransient, "the store is away"};
  if (answer == Answer::kUnknownOnly) return Error{ErrorKind::kCommitUnknown, "timed out"};
  Apply(batch.fold);
  store_->checkpoint = batch.checkpoint;
  ++store_->commits;
  if (answer == Answer::kLost) return Error{ErrorKind::kCommitUnknown, "timed out"};
  return Committed{.snapshot_id = store_->commits, .rows = batch.fold.batch().rows()};
}

Result<bool> MapSink::ReadRow(const Hash128& key, const rows::KeyRow&, rows::Batch* row) {
  const MapStore::Row found = Find(store_->rows, key);
  if (found != nullptr) AppendTo(row, *found);
  return found != nullptr;
}

MapStore::Row MapSink::OldRow(const Gap& gap) const {
  MapStore::Row row = gap.late ? Find(store_->moved, gap.key) : nullptr;
  if (row == nullptr && !gap.displaced) row = Find(store_->rows, gap.key);
  if (row == nullptr && gap.otherwise) row = Find(store_->rows, *gap.otherwise);
  if (row == nullptr && gap.otherwise) row = Find(store_->moved, gap.key);
  return row;
}

Result<std::vector<uint32_t>> MapSink::FillGaps(Fold* fold) {
  std::vector<uint32_t> unknown;
  std::vector<int> same(fold->batch().column_count());
  for (size_t c = 0; c < same.size(); ++c) same[c] = static_cast<int>(c);
  for (uint32_t number = 0; number < fold->slots().size(); ++number) {
    const Slot slot = fold->slots()[number];
    const auto gap = fold->gaps().find(slot.row);
    if (slot.state != Slot::State::kLive || gap == fold->gaps().end()) continue;
    const MapStore::Row old = OldRow(gap->second);
    rows::Batch patch(fold->batch().shared_schema());
    if (old != nullptr) AppendTo(&patch, *old);
    if (old == nullptr || !fold->Complete(number, patch, 0, same)) unknown.push_back(slot.row);
  }
  return unknown;
}

Status MapSink::KeepMoved(const std::vector<Hash128>& keys, const Fold&) {
  for (const Hash128& key : keys) {
    if (const MapStore::Row row = Find(store_->rows, key)) store_->moved[key] = row;
  }
  return {};
}

}  // namespace cdc::worker
