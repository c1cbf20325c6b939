#include "lib/event/row_decoder.h"

#include <algorithm>

namespace cdc::event {
namespace {

/// As Jackson writes a member name; names it would escape are found by the slow path.
std::string Quoted(const std::string& name) { return "\"" + name + "\":"; }

}  // namespace

RowDecoder::RowDecoder(std::vector<SourceColumn> source, const rows::Schema& schema,
                       const Placeholder* placeholder, bool tolerant)
    : placeholder_(placeholder),
      skipped_(schema.fields.size()),
      to_fill_(skipped_.size()),
      values_(placeholder),
      tolerant_(tolerant) {
  members_.reserve(source.size());
  for (SourceColumn& column : source) {
    const int at = schema.IndexOf(column.column());
    const bool convertible = at < 0 || IsConvertible(column, schema.fields[static_cast<size_t>(at)].type);
    by_name_.emplace(column.name, members_.size());
    members_.push_back(Member{Quoted(column.name), std::move(column), at, convertible});
  }
}

void RowDecoder::SetSkipped(const std::vector<int>& columns) {
  std::fill(skipped_.begin(), skipped_.end(), 0);
  for (const int at : columns) {
    if (at >= 0) skipped_[static_cast<size_t>(at)] = 1;
  }
  to_fill_ = static_cast<size_t>(std::count(skipped_.begin(), skipped_.end(), 0));
}

RowOutcome RowDecoder::Decode(std::string_view object, rows::Batch* batch, bool lenient) {
  row_ = batch->rows();
  filled_ = 0;
  gaps_ = false;
  error_.clear();
  JsonCursor cursor(object, lenient);
  Step step = cursor.Consume('{') ? Step::kOk : Step::kBad;
  if (step == Step::kOk && !cursor.Consume('}')) {
    size_t expected = 0;
    do {
      size_t at = 0;
      step = DecodeMember(cursor, expected, &at, batch);
      expected = at + 1;
    } while (step == Step::kOk && cursor.Consume(','));
    if (step == Step::kOk && !cursor.Consume('}')) step = Step::kBad;
  }
  if (step != Step::kOk) {
    if (error_.empty()) step = FailOfSyntax(cursor, step);
    batch->Truncate(row_);
    return step == Step::kBad ? RowOutcome::kBadValue : RowOutcome::kUnknownColumn;
  }
  return Fill(batch) ? RowOutcome::kWithGaps : RowOutcome::kWhole;
}

RowDecoder::Step RowDecoder::DecodeMember(JsonCursor& cursor, size_t expected, size_t* at,
                                          rows::Batch* batch) {
  if (expected < members_.size() && cursor.ConsumeExactly(members_[expected].quoted)) {
    *at = expected;
  } else if (const Step step = FindMember(cursor, at); step != Step::kOk) {
    return step;
  }
  std::string_view ignored;
  if (*at >= members_.size()) return Step::kOk;  // an unknown column that is null: nothing to keep yet
  const Member& member = members_[*at];
  if (member.column < 0) return cursor.SkipValue(&ignored) ? Step::kOk : Step::kBad;
  rows::Column& column = batch->column(static_cast<size_t>(member.column));
  if (column.size() != row_) return FailTwice(member);
  if (member.convertible) {
    if (!values_.Decode(cursor, member.source, &column)) return FailOfValue(member);
    filled_ += 1 - skipped_[static_cast<size_t>(member.column)];
    gaps_ |= column.cell(row_) == rows::Cell::kUnavailable;
    return Step::kOk;
  }
  if (!cursor.SkipValue(&ignored)) return Step::kBad;
  if (ignored != "null") return FailOfType(member, column.type());
  column.AppendNull();
  filled_ += 1 - skipped_[static_cast<size_t>(member.column)];
  return Step::kOk;
}

RowDecoder::Step RowDecoder::FailOfSyntax(const JsonCursor& cursor, Step step) {
  error_ = "malformed JSON in a row at byte " + std::to_string(cursor.offset());
  return step;
}

RowDecoder::Step RowDecoder::FailTwice(const Member& member) {
  error_ = "member '" + member.source.name + "' appears twice";
  return Step::kBad;
}

RowDecoder::Step RowDecoder::FailOfValue(const Member& member) {
  error_ = "column '" + member.source.name + "': " + values_.error();
  return Step::kBad;
}

RowDecoder::Step RowDecoder::FailOfType(const Member& member, const rows::Type& type) {
  error_ = "column '" + member.source.name +
           "': its type at the source changed to one that does not fit the table's " + rows::ToString(type);
  return Step::kBad;
}

RowDecoder::Step RowDecoder::FindMember(JsonCursor& cursor, size_t* at) {
  JsonString key;
  if (!cursor.ReadString(&key) || !cursor.Consume(':')) return Step::kBad;
  scratch_.clear();
  if (!AppendUnescaped(key, &scratch_)) return Step::kBad;
  if (const auto known = by_name_.find(scratch_); known != by_name_.end()) {
    *at = known->second;
    return Step::kOk;
  }
  *at = members_.size();
  std::string_view value;
  if (!cursor.SkipValue(&value)) return Step::kBad;
  if (tolerant_ || value == "null") return Step::kOk;
  if (placeholder_->IsValue(value)) {
    error_ = "column '" + scratch_ +
             "': an unchanged TOAST value was not sent, and the table has no such column to take it from";
    return Step::kBad;
  }
  error_ = "column '" + scratch_ + "' is new";
  return Step::kUnknown;
}

/// Nulls for what the event did not mention. \return whether a cell of the row is unavailable.
bool RowDecoder::Fill(rows::Batch* batch) {
  if (filled_ == to_fill_) return gaps_;
  for (size_t i = 0; i < skipped_.size(); ++i) {
    rows::Column& column = batch->column(i);
    if (column.size() == row_ && skipped_[i] == 0) column.AppendNull();
  }
  return gaps_;
}

}  // namespace cdc::event
