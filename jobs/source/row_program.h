#pragma once

/// \file jobs/source/row_program.h
/// A table's `select` and `where`, compiled for the present shape of its events: from a row of the source to
/// one of the table.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobs/source/event_facts.h"
#include "jobs/source/row_rules.h"
#include "lib/core/result.h"
#include "lib/event/source_column.h"
#include "lib/expression/program.h"
#include "lib/rows/batch.h"

namespace cdc::source {

/// What became of a row.
enum class RowFate {
  kRow,       ///< all of its cells are known
  kWithGaps,  ///< some stay as the table has them
  kLeftOut,   ///< `where` does not take it: only the key's columns are filled, all others are null
  kBad,       ///< nothing was appended; error() says why
};

/// Whether a row of which the source sent only a part is `where`'s business.
enum class Condition { kAsked, kNotAsked };

/// Not thread-safe.
class RowProgram {
 public:
  /// \param columns of the source's row, as the events have them
  /// \param entry of the table in tables.toml, for hints
  /// \return kUnsupported: an expression does not fit the columns; names it, its column of the table and the
  /// place
  static Result<std::unique_ptr<RowProgram>> Compile(const RowRules& rules,
                                                     const std::vector<event::SourceColumn>& columns,
                                                     const std::string& entry);

  /// The same expressions for the key's columns alone. Removals bring no more than the source's key.
  /// \param key the table's \return kUnsupported: one of them is not selected, or depends on the event
  Result<std::unique_ptr<RowProgram>> CompileKey(const std::vector<std::string>& key) const;

  /// The table's columns, as if the source had them: name, type, and how a value that did not change is sent.
  const std::vector<event::SourceColumn>& outputs() const { return outputs_; }
  /// Names of those that depend on the event, not on the row alone.
  std::vector<std::string> event_columns() const;
  /// The columns of the table's key, where the events are keyed by `source_key`.
  /// \return kUnsupported: one of them is not selected as it is.
  Result<std::vector<std::string>> KeyOf(const std::vector<std::string>& source_key) const;

  /// The source's columns that are read.
  const std::vector<event::SourceColumn>& inputs() const { return inputs_; }
  const std::shared_ptr<const rows::Schema>& input_schema() const { return input_schema_; }
  /// Positions of inputs that are computed with, and whose null may stand for a value that did not change.
  const std::vector<int>& unmarked_inputs() const { return unmarked_inputs_; }

  /// Before rows are appended to batches of `table`: which of its columns is which.
  /// \param key its key's columns \return kUnsupported: a column cannot hold what its expression gives.
  Status Bind(const rows::Schema& table, const std::vector<std::string>& key);

  /// Appends a row to the columns of `out` that the program fills. \param in its row 0 is the source's
  RowFate Append(const rows::Batch& in, const EventContext& event, Condition condition, rows::Batch* out);

  /// Appends a row that marks the one of `key` as removed: the key, the columns that depend on the event
  /// alone; all others are not there yet: the caller fills them. The event is SetRemoval(). \return kRow,
  /// kBad
  RowFate AppendMark(const rows::KeyRow& key, const EventContext& event, rows::Batch* out);

  /// Of the last kBad.
  const std::string& error() const { return error_; }

  /// Position in the table of the column that is event_time(); −1: there is none.
  int event_time_column() const { return event_time_column_; }
  /// Positions in the table of columns whose null is a value like any other: they are computed.
  const std::vector<int>& computed_columns() const { return computed_; }

 private:
  enum class Kind { kExpression, kWindow, kNumber };
  struct Output {
    std::string name, text;
    Kind kind = Kind::kExpression;
    std::optional<expression::Program> program = {};
    int plain = -1;            // the input that it is, unchanged
    bool of_event = false;     // depends on the event
    bool event_alone = false;  // and on nothing else that varies
    int column = -1;           // in the table
    bool in_key = false;
    bool needs_cast = false;  // the table's column is a wider one
  };

  RowProgram(std::string entry, std::optional<int64_t> window)
      : entry_(std::move(entry)), window_micros_(window) {}

  Status AddOutputs(const RowRules& rules, const std::vector<event::SourceColumn>& columns);
  Status CompileAll(const rows::Schema& schema, expression::ContextFunctions available);
  Result<expression::Program> CompileOne(const std::string& what, const std::string& text,
                                         const rows::Schema& schema,
                                         expression::ContextFunctions available) const;
  Status KeepInputs(const std::vector<event::SourceColumn>& columns, bool all,
                    expression::ContextFunctions available);
  void DescribeOutputs();
  std::optional<RowFate> Ask(const rows::Batch& in, const EventContext& event);
  bool Fill(Output& output, const rows::Batch& in, const EventContext& event, rows::Column* to);
  bool IsMixed(const Output& output, const rows::Batch& in) const;
  RowFate Bad(const Output& output, const std::string& reason, uint32_t row, rows::Batch* out);

  std::string entry_;
  std::optional<int64_t> window_micros_;
  expression::ContextFunctions available_;
  std::vector<Output> all_;
  std::string where_text_;
  std::optional<expression::Program> where_;
  std::vector<event::SourceColumn> inputs_, outputs_;
  std::shared_ptr<const rows::Schema> input_schema_;
  std::vector<int> computed_, unmarked_inputs_;
  int event_time_column_ = -1;
  std::string error_;
  std::vector<expression::RowError> errors_;
};

/// What the expressions ask of an event: to be known before the first one shows the columns.
expression::ContextFunctions FunctionsOf(const RowRules& rules);

/// "the expression of column 'email': …", kUnsupported: how errors about one look.
Error ExpressionError(const std::string& what, const std::string& text, const Error& error,
                      const std::string& entry);

}  // namespace cdc::source
