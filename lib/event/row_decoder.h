#pragma once

/// \file lib/event/row_decoder.h
/// The plan for one event shape: which member goes to which column, and how. Made once, run per event.

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/event/json_cursor.h"
#include "lib/event/source_column.h"
#include "lib/event/value_decoder.h"
#include "lib/rows/batch.h"

namespace cdc::event {

enum class RowOutcome {
  kWhole,          ///< every cell is known
  kWithGaps,       ///< some cells are rows::Cell::kUnavailable
  kBadValue,       ///< nothing was appended; error() says why
  kUnknownColumn,  ///< nothing was appended; a member with a value has no column: the shape has changed
};

/// Decodes row objects ("after", "before", a key) into a batch. Not thread-safe.
class RowDecoder {
 public:
  /// \param source how the members are written. One whose column is missing in `schema` is passed over.
  /// \param schema of the batches to come; columns without a member get null
  /// \param placeholder must outlive this decoder
  /// \param tolerant members that `source` does not name are passed over instead of being kUnknownColumn: for
  /// keys
  RowDecoder(std::vector<SourceColumn> source, const rows::Schema& schema, const Placeholder* placeholder,
             bool tolerant = false);

  /// Appends one row to the columns that `schema` has, except those in `skipped` (see SetSkipped).
  RowOutcome Decode(std::string_view object, rows::Batch* batch, bool lenient = false);

  /// Columns at these positions are not touched: the caller fills them.
  void SetSkipped(const std::vector<int>& columns);

  /// What the last kBadValue or kUnknownColumn was about, e.g. "column 'amount': 'x' is not a decimal(12,
  /// 2)".
  const std::string& error() const { return error_; }

 private:
  struct Member {
    std::string quoted;  // `"name":`
    SourceColumn source;
    int column;  // in the batch; −1: none
    bool convertible;
  };
  enum class Step { kOk, kBad, kUnknown };

  Step DecodeMember(JsonCursor& cursor, size_t expected, size_t* at, rows::Batch* batch);
  Step FindMember(JsonCursor& cursor, size_t* at);
  bool Fill(rows::Batch* batch);
  // Out of the way of what succeeds: a text that is made on the stack costs its function a guard.
  [[gnu::cold]] Step FailOfSyntax(const JsonCursor& cursor, Step step);
  [[gnu::cold]] Step FailTwice(const Member& member);
  [[gnu::cold]] Step FailOfValue(const Member& member);
  [[gnu::cold]] Step FailOfType(const Member& member, const rows::Type& type);

  std::vector<Member> members_;
  std::unordered_map<std::string, size_t> by_name_;
  const Placeholder* placeholder_;
  std::vector<uint8_t> skipped_;  // one for each column: whether the caller fills it
  size_t to_fill_;                // columns that are not skipped
  ValueDecoder values_;
  std::string error_;
  std::string scratch_;
  uint32_t row_ = 0;   // the one that is being decoded; what follows is of that row
  size_t filled_ = 0;  // columns that have their cell and are not skipped
  bool gaps_ = false;  // one of them is unavailable
  bool tolerant_;
};

}  // namespace cdc::event
