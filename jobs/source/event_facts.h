#pragma once

/// \file jobs/source/event_facts.h
/// What is known of the event that is being taken beside its row, for expressions.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/expression/context.h"
#include "lib/rows/column.h"

namespace cdc::source {

struct EventFacts {
  char op = 'r';                      ///< r, c, u or d
  std::optional<int64_t> event_time;  ///< microseconds since 1970
  std::string_view source;            ///< the envelope's, JSON; may be empty
  int64_t kafka_ms = -1;              ///< of the record; −1: none
  int64_t now = 0;                    ///< microseconds since 1970: when the record was read
  bool lacks_old_row = false;  ///< an update without the row's old image: what did not change may be missing
};

/// The same as one-row columns: what an expression::Program reads. Not thread-safe.
class EventContext {
 public:
  /// \param table, pipeline what table_name() and pipeline() are
  EventContext(std::string table, std::string pipeline);

  /// Only these functions are filled from now on.
  void Need(const expression::ContextFunctions& functions);

  void Set(const EventFacts& facts);
  /// The same event, but as a removal: op() is 'd'.
  void SetRemoval();

  const expression::Context& context() const { return context_; }
  const std::optional<int64_t>& event_time() const { return event_time_; }
  bool lacks_old_row() const { return lacks_old_row_; }

 private:
  void SetOperation(char op);
  void Put(expression::ContextFunction function, std::optional<int64_t> value);
  void Put(expression::ContextFunction function, std::string_view value);
  bool needs(expression::ContextFunction function) const { return needed_.has(function); }

  std::string table_, pipeline_;
  expression::ContextFunctions needed_;
  std::vector<rows::Column> columns_;  // one for each function, of one cell
  expression::Context context_;
  std::optional<int64_t> event_time_;
  bool lacks_old_row_ = false;
};

}  // namespace cdc::source
