#include "jobs/source/row_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lib/expression/compile.h"
#include "lib/expression/names.h"

namespace cdc::source {
namespace {

using event::SourceColumn;
using expression::ContextFunction;
using expression::ContextFunctions;
using rows::Cell;

constexpr const char* kFull = "with REPLICA IDENTITY FULL at the source it is sent";

rows::Schema SchemaOf(const std::vector<SourceColumn>& columns) {
  rows::Schema schema;
  for (const SourceColumn& column : columns) {
    rows::Field field;
    field.name = column.name;
    field.type = column.type;
    schema.fields.push_back(std::move(field));
  }
  return schema;
}

/// As an expression has it.
std::string Quoted(const std::string& name) {
  std::string text = "\"";
  for (const char c : name) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + "\"";
}

std::string WhatIs(const std::string& column) { return "the expression of column '" + column + "'"; }

/// How a source would send values of this type: any that fits the table's column will do.
event::Wire WireOf(rows::TypeKind kind) {
  using rows::TypeKind;
  switch (kind) {
    case TypeKind::kBoolean: return event::Wire::kBoolean;
    case TypeKind::kInt:
    case TypeKind::kLong: return event::Wire::kInteger;
    case TypeKind::kFloat:
    case TypeKind::kDouble: return event::Wire::kFloat;
    case TypeKind::kDecimal: return event::Wire::kDecimalText;
    case TypeKind::kDate: return event::Wire::kIsoDate;
    case TypeKind::kTime: return event::Wire::kIsoTime;
    case TypeKind::kTimestamp: return event::Wire::kIsoTimestamp;
    case TypeKind::kTimestamptz: return event::Wire::kIsoInstant;
    case TypeKind::kUuid: return event::Wire::kUuid;
    case TypeKind::kBinary: return event::Wire::kBase64;
    default: return event::Wire::kText;
  }
}

/// What does not vary from event to event is no fact of the event.
bool DependsOnEvent(const ContextFunctions& functions) {
  ContextFunctions varying = functions;
  varying.Remove(ContextFunction::kTableName);
  varying.Remove(ContextFunction::kPipeline);
  return !varying.empty();
}

/// Whether a null may stand for a value that did not change.
bool IsUnmarked(const SourceColumn& column) {
  return column.unchanged != event::Unchanged::kMarked && rows::FixedWidth(column.type.kind) == 0;
}

}  // namespace

ContextFunctions FunctionsOf(const RowRules& rules) {
  ContextFunctions functions;
  const auto note = [&functions](const std::string& text) {
    const auto tree = expression::Parse(text);
    for (size_t i = 0; tree && i < expression::kContextFunctionCount; ++i) {
      const auto function = static_cast<ContextFunction>(i);
      if (expression::UsesFunction(**tree, NameOf(function))) functions.Add(function);
    }
  };
  note(rules.where);
  for (const SelectedColumn& column : rules.select.value_or(std::vector<SelectedColumn>()))
    note(column.expression);
  if (rules.counts) {
    for (const SelectedColumn& column : rules.counts->by) note(column.expression);
  }
  return functions;
}

Error ExpressionError(const std::string& what, const std::string& text, const Error& error,
                      const std::string& entry) {
  std::string hint = fmt::format("correct it in tables.toml under [tables.\"{}\"]", entry);
  if (error.message.find("there is no column") != std::string::npos)
    hint +=
        "; a column whose values have all been null so far, in events without a schema, needs its type under "
        "`columns`";
  return Error{ErrorKind::kUnsupported,
               fmt::format("{}, \"{}\": {}{}", what, text, error.message,
                           error.hint.empty() ? "" : " (" + error.hint + ")"),
               std::move(hint)};
}

Result<std::unique_ptr<RowProgram>> RowProgram::Compile(const RowRules& rules,
                                                        const std::vector<SourceColumn>& columns,
                                                        const std::string& entry) {
  std::optional<int64_t> window;
  if (rules.counts) window = std::chrono::microseconds(rules.counts->window).count();
  std::unique_ptr<RowProgram> program(new RowProgram(entry, window));
  program->available_ = ContextFunctions::All();
  if (rules.event_time.empty()) program->available_.Remove(ContextFunction::kEventTime);
  program->where_text_ = rules.where;
  CDC_TRY(program->AddOutputs(rules, columns));
  CDC_TRY(program->KeepInputs(columns, !rules.select && !rules.counts, program->available_));
  program->DescribeOutputs();
  return program;
}

Status RowProgram::AddOutputs(const RowRules& rules, const std::vector<SourceColumn>& columns) {
  const auto add = [&](const std::vector<SelectedColumn>& selected) {
    for (const SelectedColumn& column : selected) all_.push_back({column.name, column.expression});
  };
  if (rules.counts) {
    all_.push_back({kWindowStart, "", Kind::kWindow});
    add(rules.counts->by);
    all_.push_back({kCount, "", Kind::kNumber});
  } else if (rules.select) {
    add(*rules.select);
  } else {
    for (const SourceColumn& column : columns) all_.push_back({column.column(), Quoted(column.name)});
  }
  return {};
}

Result<expression::Program> RowProgram::CompileOne(const std::string& what, const std::string& text,
                                                   const rows::Schema& schema,
                                                   ContextFunctions available) const {
  auto program = expression::Compile(text, schema, available);
  if (!program) return ExpressionError(what, text, program.error(), entry_);
  return program;
}

Status RowProgram::CompileAll(const rows::Schema& schema, ContextFunctions available) {
  for (Output& output : all_) {
    if (output.kind != Kind::kExpression) continue;
    CDC_ASSIGN(output.program, CompileOne(WhatIs(output.name), output.text, schema, available));
  }
  if (where_text_.empty()) return {};
  CDC_ASSIGN(where_, CompileOne("where", where_text_, schema, available));
  if (where_->type().kind == rows::TypeKind::kBoolean) return {};
  return ExpressionError(
      "where", where_text_,
      Error{ErrorKind::kInvalidConfig, "it is no condition but a " + rows::ToString(where_->type())}, entry_);
}

/// The expressions are compiled twice: the first time tells which columns they need, and only those are
/// decoded.
Status RowProgram::KeepInputs(const std::vector<SourceColumn>& columns, bool all,
                              ContextFunctions available) {
  CDC_TRY(CompileAll(SchemaOf(columns), available));
  std::set<int> needed;
  for (const Output& output : all_) {
    if (!output.program) continue;
    needed.insert(output.program->columns().begin(), output.program->columns().end());
  }
  if (where_) needed.insert(where_->columns().begin(), where_->columns().end());
  for (int at = 0; at < static_cast<int>(columns.size()); ++at) {
    if (!all && !needed.contains(at)) continue;
    inputs_.push_back(columns[static_cast<size_t>(at)]);
    inputs_.back().target.clear();
  }
  input_schema_ = std::make_shared<const rows::Schema>(SchemaOf(inputs_));
  return CompileAll(*input_schema_, available);
}

void RowProgram::DescribeOutputs() {
  for (Output& output : all_) {
    SourceColumn column;
    column.name = output.name;
    if (output.kind == Kind::kWindow) column.type = rows::Type::Of(rows::TypeKind::kTimestamptz);
    if (output.kind == Kind::kNumber) column.type = rows::Type::Of(rows::TypeKind::kLong);
    if (output.program) {
      column.type = output.program->type();
      const auto& used = output.program->columns();
      output.of_event = DependsOnEvent(output.program->context_functions());
      output.event_alone = used.empty();
      const auto tree = expression::Parse(output.text);
      if (used.size() == 1 && tree && (*tree)->kind == expression::NodeKind::kColumn) {
        output.plain = used[0];
        column = inputs_[static_cast<size_t>(used[0])];
        column.name = output.name;
      }
    }
    if (output.plain < 0) column.wire = WireOf(column.type.kind);
    outputs_.push_back(std::move(column));
  }
  for (int at = 0; at < static_cast<int>(inputs_.size()); ++at) {
    if (!IsUnmarked(inputs_[static_cast<size_t>(at)])) continue;
    const auto uses = [&](const expression::Program& program) {
      return std::find(program.columns().begin(), program.columns().end(), at) != program.columns().end();
    };
    const bool computed = std::any_of(all_.begin(), all_.end(), [&](const Output& output) {
      return output.program && output.plain < 0 && uses(*output.program);
    });
    if (computed || (where_ && uses(*where_))) unmarked_inputs_.push_back(at);
  }
}

std::vector<std::string> RowProgram::event_columns() const {
  std::vector<std::string> names;
  for (const Output& output : all_) {
    if (output.of_event || output.kind != Kind::kExpression) names.push_back(output.name);
  }
  return names;
}

Result<std::vector<std::string>> RowProgram::KeyOf(const std::vector<std::string>& source_key) const {
  std::vector<std::string> key;
  if (window_micros_) {
    for (const Output& output : all_)
      if (output.kind != Kind::kNumber) key.push_back(output.name);
    return key;
  }
  for (const std::string& name : source_key) {
    const auto same = std::find_if(all_.begin(), all_.end(), [&](const Output& output) {
      return output.plain >= 0 && inputs_[static_cast<size_t>(output.plain)].name == name;
    });
    if (same == all_.end()) {
      return Error{
          ErrorKind::kUnsupported,
          fmt::format("the events are keyed by {}, and select has no column that is \"{}\"",
                      fmt::join(source_key, ","), name),
          fmt::format(
              "in tables.toml under [tables.\"{0}\"]: add \"{1}\" = '\"{1}\"' to select, or say key = "
              "[\"…\"] with columns of select that identify a row",
              entry_, name)};
    }
    key.push_back(same->name);
  }
  return key;
}

Result<std::unique_ptr<RowProgram>> RowProgram::CompileKey(const std::vector<std::string>& key) const {
  std::unique_ptr<RowProgram> program(new RowProgram(entry_, std::nullopt));
  for (const std::string& name : key) {
    const auto output =
        std::find_if(all_.begin(), all_.end(), [&](const Output& each) { return each.name == name; });
    if (output == all_.end()) {
      return Error{
          ErrorKind::kUnsupported, "the key's column '" + name + "' is not selected",
          fmt::format("in tables.toml under [tables.\"{}\"]: add {} = \"…\" to select", entry_, name)};
    }
    if (output->of_event || output->kind != Kind::kExpression) {
      return Error{
          ErrorKind::kUnsupported,
          fmt::format(
              "the key's column '{}', \"{}\", depends on the event: no other event would find its row", name,
              output->text),
          fmt::format("in tables.toml under [tables.\"{}\"]: take columns of the row for the key", entry_)};
    }
    program->all_.push_back({output->name, output->text});
  }
  program->available_ = available_;
  CDC_TRY(program->KeepInputs(inputs_, false, available_));
  program->DescribeOutputs();
  return program;
}

Status RowProgram::Bind(const rows::Schema& table, const std::vector<std::string>& key) {
  computed_.clear();
  event_time_column_ = -1;
  for (Output& output : all_) {
    output.column = table.IndexOf(output.name);
    output.in_key = std::find(key.begin(), key.end(), output.name) != key.end();
    if (output.column < 0) return Error{ErrorKind::kCorrupt, "the table has no column '" + output.name + "'"};
    if (!output.program) continue;
    const rows::Type &from = output.program->type(),
                     &to = table.fields[static_cast<size_t>(output.column)].type;
    output.needs_cast = !(from == to);
    if (output.needs_cast && !rows::CanPromote(from, to)) {
      return ExpressionError(WhatIs(output.name), output.text,
                             Error{ErrorKind::kInvalidConfig,
                                   fmt::format("it gives {}, and the table's column is a {}",
                                               rows::ToString(from), rows::ToString(to)),
                                   "cast it"},
                             entry_);
    }
    if (output.plain < 0) computed_.push_back(output.column);
    const auto tree = expression::Parse(output.text);
    if (tree && (*tree)->kind == expression::NodeKind::kCall && (*tree)->text == "event_time")
      event_time_column_ = output.column;
  }
  return {};
}

/// \return what has been decided; nothing: the row is taken
std::optional<RowFate> RowProgram::Ask(const rows::Batch& in, const EventContext& event) {
  rows::Column answer(rows::Type::Of(rows::TypeKind::kBoolean));
  errors_.clear();
  where_->Run(in, 0, 1, event.context(), &answer, &errors_);
  if (!errors_.empty()) {
    error_ = "where: " + errors_.front().reason;
    return RowFate::kBad;
  }
  if (answer.cell(0) == Cell::kUnavailable) {
    error_ = fmt::format("where: it depends on an unchanged TOAST value, which was not sent; {}", kFull);
    return RowFate::kBad;
  }
  if (answer.has_value(0) && answer.fixed<uint8_t>(0) != 0) return std::nullopt;
  return RowFate::kLeftOut;
}

/// Whether something was sent that the result depends on, beside what was not.
bool RowProgram::IsMixed(const Output& output, const rows::Batch& in) const {
  if (output.of_event) return true;
  const auto& used = output.program->columns();
  return std::any_of(used.begin(), used.end(), [&](int at) {
    return in.column(static_cast<size_t>(at)).cell(0) != Cell::kUnavailable;
  });
}

/// Appends the cell. \return false: errors_ says why; nothing may rely on the cell
bool RowProgram::Fill(Output& output, const rows::Batch& in, const EventContext& event, rows::Column* to) {
  if (output.kind == Kind::kWindow) {
    const int64_t time = event.event_time().value_or(0), size = *window_micros_;
    to->AppendLong(time - ((time % size) + size) % size);
    return true;
  }
  errors_.clear();
  if (!output.needs_cast) {
    output.program->Run(in, 0, 1, event.context(), to, &errors_);
  } else {
    rows::Column narrow(output.program->type());
    output.program->Run(in, 0, 1, event.context(), &narrow, &errors_);
    to->AppendFrom(narrow, 0);
  }
  return errors_.empty();
}

RowFate RowProgram::Bad(const Output& output, const std::string& reason, uint32_t row, rows::Batch* out) {
  error_ = fmt::format("column '{}': {}", output.name, reason);
  out->Truncate(row);
  return RowFate::kBad;
}

RowFate RowProgram::Append(const rows::Batch& in, const EventContext& event, Condition condition,
                           rows::Batch* out) {
  RowFate fate = RowFate::kRow;
  if (where_ && condition == Condition::kAsked) fate = Ask(in, event).value_or(RowFate::kRow);
  if (fate == RowFate::kBad) return fate;
  const uint32_t row = out->rows();
  const bool left_out = fate == RowFate::kLeftOut;
  for (Output& output : all_) {
    if (output.kind == Kind::kNumber) continue;
    rows::Column& column = out->column(static_cast<size_t>(output.column));
    if (left_out && !output.in_key) {
      column.AppendNull();
      continue;
    }
    if (!Fill(output, in, event, &column)) return Bad(output, errors_.front().reason, row, out);
    if (column.cell(row) != Cell::kUnavailable) continue;
    if (output.in_key || IsMixed(output, in)) {
      return Bad(
          output,
          fmt::format("it depends on an unchanged TOAST value, which was not sent, and on others; {}", kFull),
          row, out);
    }
    fate = RowFate::kWithGaps;
  }
  return left_out ? RowFate::kLeftOut : fate;
}

RowFate RowProgram::AppendMark(const rows::KeyRow& key, const EventContext& event, rows::Batch* out) {
  const uint32_t row = out->rows();
  const rows::Batch none(std::make_shared<const rows::Schema>());
  for (size_t i = 0; i < key.size(); ++i) {
    const std::string& name = key.batch->schema().fields[static_cast<size_t>((*key.columns)[i])].name;
    rows::Column& column = out->column(static_cast<size_t>(out->schema().IndexOf(name)));
    if (key.batch != out) {
      column.AppendFrom(key.column(i), key.row);
      continue;
    }
    column.AppendNull();
    column.ReplaceLastFrom(key.row);
  }
  for (Output& output : all_) {
    if (output.in_key || !output.event_alone || !output.of_event) continue;
    if (!Fill(output, none, event, &out->column(static_cast<size_t>(output.column))))
      return Bad(output, errors_.front().reason, row, out);
  }
  return RowFate::kRow;
}

}  // namespace cdc::source
