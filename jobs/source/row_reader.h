#pragma once

/// \file jobs/source/row_reader.h
/// A row of an event into a row of the table: decoded straight, or through the table's program.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/source/row_program.h"
#include "lib/event/row_decoder.h"

namespace cdc::source {

/// Of one event shape. Not thread-safe.
class RowReader {
 public:
  /// Rows are the table's as they come.
  explicit RowReader(std::unique_ptr<event::RowDecoder> decoder) : decoder_(std::move(decoder)) {}
  /// \param decoder into batches of the program's input_schema()
  /// \param program bound to the table; it and `event` outlive this
  /// \param all_needed a row without one of the inputs is a bad one: for keys
  RowReader(std::unique_ptr<event::RowDecoder> decoder, RowProgram* program, const EventContext* event,
            bool all_needed);

  /// As RowDecoder::Decode().
  event::RowOutcome Decode(std::string_view object, rows::Batch* batch, bool lenient = false) {
    if (program_ == nullptr) return decoder_->Decode(object, batch, lenient);
    return Compute(object, Condition::kAsked, batch, lenient);
  }
  /// The same for a row that is gone, or of which only a part is there: `where` is not asked.
  event::RowOutcome DecodeOld(std::string_view object, rows::Batch* batch) {
    if (program_ == nullptr) return decoder_->Decode(object, batch);
    return Compute(object, Condition::kNotAsked, batch, false);
  }
  /// What a row that is marked as removed has in the columns that the event does not tell.
  struct Rest {
    std::optional<uint32_t> live_row = {};  ///< what this row of the batch has
    bool is_null = false;                   ///< nothing; otherwise what the table has
  };
  /// Appends a row that marks the one of `key` as removed: RowProgram::AppendMark(). Only with a program.
  event::RowOutcome Mark(const rows::KeyRow& key, const Rest& rest, rows::Batch* batch);
  /// Whether `object` names every column that rows are computed from.
  bool HasAll(std::string_view object) const;

  /// Whether `where` does not take the row that was decoded last: it has nothing but its key.
  bool left_out() const { return left_out_; }
  const RowProgram* program() const { return program_; }

  /// Columns at these positions are not touched: the caller fills them.
  void SetSkipped(std::vector<int> columns);

  /// What the last row that was not appended was about.
  const std::string& error() const { return program_ == nullptr ? decoder_->error() : error_; }

 private:
  event::RowOutcome Compute(std::string_view object, Condition condition, rows::Batch* batch, bool lenient);
  bool HasDoubtfulNull();

  std::unique_ptr<event::RowDecoder> decoder_;
  RowProgram* program_ = nullptr;
  const EventContext* event_ = nullptr;
  std::optional<rows::Batch> in_;  // one row of the source
  std::vector<int> skipped_;
  bool all_needed_ = false;
  bool left_out_ = false;
  std::string error_;
};

}  // namespace cdc::source
