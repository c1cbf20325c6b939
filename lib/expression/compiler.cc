#include <algorithm>

#include "lib/expression/compiler_internal.h"
#include "lib/expression/letter_case_internal.h"

namespace cdc::expression {

Compiler::Compiler(const rows::Schema& schema, ContextFunctions available)
    : schema_(schema), available_(available), code_(std::make_unique<Code>()) {}

LaneId Compiler::NewLane(Base base, bool constant) {
  Lane lane;
  lane.base = base;
  lane.mask = constant ? 0 : ~uint32_t{0};
  lane.Prepare(constant ? 1 : kChunk);
  code_->lanes.push_back(std::move(lane));
  return static_cast<LaneId>(code_->lanes.size() - 1);
}

Result<Value> Compiler::Emit(Kernel kernel, ValueType type, const Values& in, Position at, int64_t a,
                             int64_t b, std::optional<bool> nullable) {
  const bool constant = std::all_of(in.begin(), in.end(), [&](const Value& v) { return IsConstant(v); });
  const bool any = std::any_of(in.begin(), in.end(), [](const Value& v) { return v.nullable; });
  const bool none = std::any_of(in.begin(), in.end(), [&](const Value& v) { return IsNullConstant(v); });
  if (none && !nullable) {
    Value null = NullConstant(type.base, at);
    null.type = type;
    return null;
  }
  Value value{NewLane(type.base, constant), type, nullable.value_or(any), at};
  Operation operation{kernel, {}, value.lane, a, b};
  for (const Value& one : in) operation.in.push_back(one.lane);
  if (!constant) {
    code_->operations.push_back(std::move(operation));
    return value;
  }
  RunOperation(operation, 1, &code_->constants, code_.get());
  const Lane& lane = code_->lanes[value.lane];
  // One that failed in a branch already waits for a row that takes the branch.
  const bool before = std::any_of(in.begin(), in.end(), [&](const Value& v) { return HasFailed(v); });
  if (lane.cells[0] == kFailed && branches_ == 0 && !before) return ErrorAt(at, Describe(lane.failures[0]));
  value.nullable = lane.cells[0] == kNull;
  return value;
}

Value Compiler::Constant(ValueType type, Position at, int64_t whole) {
  const LaneId id = NewLane(type.base, true);
  code_->lanes[id].cells[0] = kValue;
  code_->lanes[id].whole[0] = whole;
  return {id, type, false, at};
}

Value Compiler::Constant(const Numeric& number, ValueType type, Position at) {
  const LaneId id = NewLane(Base::kNumeric, true);
  code_->lanes[id].cells[0] = kValue;
  code_->lanes[id].numeric[0] = number;
  return {id, type, false, at};
}

Value Compiler::TextConstant(Base base, Position at, std::string_view text) {
  const LaneId id = NewLane(base, true);
  code_->lanes[id].cells[0] = kValue;
  code_->lanes[id].bytes[0] = code_->constants.Copy(text);
  return {id, {base}, false, at};
}

Value Compiler::NullConstant(Base base, Position at) {
  const LaneId id = NewLane(base, true);
  code_->lanes[id].cells[0] = kNull;
  // It fits every scale.
  return {id, {base, base == Base::kNumeric}, true, at};
}

bool Compiler::HasFailed(const Value& value) const {
  return IsConstant(value) && code_->lanes[value.lane].cells[0] == kFailed;
}

bool Compiler::IsNullConstant(const Value& value) const {
  return IsConstant(value) && code_->lanes[value.lane].cells[0] == kNull;
}

void Compiler::FixConstant(Value* number) const {
  const Lane& lane = code_->lanes[number->lane];
  if (!lane.constant() || lane.cells[0] != kValue) return;
  const Numeric& constant = lane.numeric[0];
  number->type = {Base::kNumeric, true, std::max(0, DigitCount(constant) - constant.scale), constant.scale};
}

std::optional<int64_t> Compiler::ConstantInteger(const Value& value) const {
  const Lane& lane = code_->lanes[value.lane];
  if (!lane.constant() || lane.cells[0] != kValue || lane.whole.empty()) return std::nullopt;
  return lane.whole[0];
}

std::optional<std::string_view> Compiler::ConstantText(const Value& value) const {
  const Lane& lane = code_->lanes[value.lane];
  if (!lane.constant() || lane.cells[0] != kValue || lane.bytes.empty()) return std::nullopt;
  return lane.bytes[0];
}

Result<Value> Compiler::Coerce(const Value& value, Base base) {
  if (value.base() == base) return value;
  if (!CastsImplicitly(value.base(), base)) {
    return ErrorAt(value.at,
                   std::string(NameOf(value.base())) + " cannot be used as " + std::string(NameOf(base)),
                   "cast it");
  }
  TypeName type;
  for (const TypeWord word :
       {TypeWord::kBoolean, TypeWord::kInteger, TypeWord::kBigint, TypeWord::kReal, TypeWord::kDouble,
        TypeWord::kNumeric, TypeWord::kText, TypeWord::kDate, TypeWord::kTime, TypeWord::kTimestamp,
        TypeWord::kTimestamptz, TypeWord::kUuid, TypeWord::kBytea}) {
    if (BaseOf(word) == base) type.word = word;
  }
  return CompileCast(*this, value, type, value.at);
}

Result<Base> Compiler::CoerceAll(std::string_view what, Values* values) {
  Base common = Base::kUnknown;
  for (const Value& value : *values) {
    if (value.base() == Base::kList)
      return ErrorAt(value.at, "an array cannot be used here", "select it by its name");
    const auto both = CommonBase(common, value.base());
    if (!both) {
      return ErrorAt(value.at,
                     std::string(what) + " cannot bring " + std::string(NameOf(common)) + " and " +
                         std::string(NameOf(value.base())) + " to one type",
                     "cast one of them");
    }
    common = *both;
  }
  if (common == Base::kUnknown) common = Base::kText;
  for (Value& value : *values) {
    CDC_ASSIGN(value, Coerce(value, common));
  }
  return common;
}

Result<Value> Compiler::Compile(const Node& node) {
  switch (node.kind) {
    case NodeKind::kColumn: return Column(node);
    case NodeKind::kNumber: return Number(node);
    case NodeKind::kText: return TextConstant(Base::kUnknown, node.at, node.text);
    case NodeKind::kBoolean: return Constant({Base::kBoolean}, node.at, node.text == "true" ? 1 : 0);
    case NodeKind::kNull: return NullConstant(Base::kUnknown, node.at);
    case NodeKind::kOperator: return CompileOperator(*this, node);
    case NodeKind::kIn: return CompileIn(*this, node);
    case NodeKind::kBetween: return CompileBetween(*this, node);
    case NodeKind::kCase: return CompileCase(*this, node);
    case NodeKind::kCast: {
      const Node& child = *node.children[0];
      const bool floating = node.type.word == TypeWord::kReal || node.type.word == TypeWord::kDouble;
      // 1e308 has more digits than a numeric has here.
      if (child.kind == NodeKind::kNumber && floating)
        return CompileCast(*this, TextConstant(Base::kUnknown, child.at, child.text), node.type, node.at);
      CDC_ASSIGN(const Value value, Compile(child));
      return CompileCast(*this, value, node.type, node.at);
    }
    case NodeKind::kCall: return Call(node);
  }
  return ErrorAt(node.at, "unknown node");
}

Result<Value> Compiler::Column(const Node& node) {
  const int index = schema_.IndexOf(node.text);
  if (index < 0) {
    std::vector<std::string> known;
    std::string folded;
    for (const rows::Field& field : schema_.fields) {
      known.push_back(field.name);
      if (LowerAscii(field.name) == node.text) folded = field.name;
    }
    std::string hint = folded.empty() ? DidYouMean(node.text, known)
                                      : "names with capitals need double quotes: \"" + folded + "\"";
    return ErrorAt(node.at, "there is no column \"" + node.text + "\"", std::move(hint));
  }
  const auto found = columns_.find(index);
  if (found != columns_.end()) return found->second;
  const rows::Field& field = schema_.fields[static_cast<size_t>(index)];
  const ValueType type = FromRowsType(field.type);
  const Value value{NewLane(type.base, false), type, !field.required, node.at};
  code_->loads.push_back({value.lane, index, {}});
  columns_.emplace(index, value);
  return value;
}

Value Compiler::LoadContext(ContextFunction function, Position at) {
  const auto found = functions_.find(function);
  if (found != functions_.end()) return found->second;
  const ValueType type = FromRowsType(TypeOf(function));
  const Value value{NewLane(type.base, false), type, true, at};
  code_->loads.push_back({value.lane, -1, function});
  code_->functions.Add(function);
  functions_.emplace(function, value);
  return value;
}

Result<Value> Compiler::Number(const Node& node) {
  Numeric number;
  const NumericError error = FromText(node.text, &number);
  if (error != NumericError::kNone)
    return ErrorAt(node.at, Describe({ReasonOf(error), TypeWord::kNumeric, node.text}),
                   "for a floating-point number write " + node.text + "::double precision");
  const bool digits_only = node.text.find_first_not_of("0123456789") == std::string::npos;
  const auto whole = static_cast<int64_t>(number.unscaled);
  if (digits_only && whole == number.unscaled)
    return Constant({whole > INT32_MAX ? Base::kBigint : Base::kInteger}, node.at, whole);
  return Constant(
      number, {Base::kNumeric, true, std::max(0, DigitCount(number) - number.scale), number.scale}, node.at);
}

Result<Value> Compiler::Call(const Node& node) {
  std::vector<std::string> known;
  for (size_t i = 0; i < kContextFunctionCount; ++i) {
    const auto function = static_cast<ContextFunction>(i);
    known.emplace_back(NameOf(function));
    if (NameOf(function) != node.text) continue;
    if (!node.children.empty()) return ErrorAt(node.at, node.text + "() takes no arguments");
    if (!available_.has(function)) return ErrorAt(node.at, node.text + "() is not known here");
    return LoadContext(function, node.at);
  }
  for (const auto family :
       {TextFunctions(), ConcatFunctions(), NumberFunctions(), ChoiceFunctions(), TimeFunctions()}) {
    for (const Function& function : family) {
      known.emplace_back(function.name);
      if (function.name != node.text) continue;
      if (node.children.size() < function.least || node.children.size() > function.most)
        return WrongNumber(node, function.least, function.most);
      Values arguments;
      for (const Tree& child : node.children) {
        std::optional<Branch> branch;
        if (function.lazy && !arguments.empty()) branch.emplace(this);
        CDC_ASSIGN(const Value value, Compile(*child));
        arguments.push_back(value);
      }
      return function.compile(*this, node, std::move(arguments));
    }
  }
  return NoFunction(node, known);
}

Result<Program> Compiler::Finish(const Value& result) {
  Value value = result;
  if (HasFailed(value)) return ErrorAt(value.at, Describe(code_->lanes[value.lane].failures[0]));
  if (value.base() == Base::kUnknown) {
    CDC_ASSIGN(value, Coerce(value, Base::kText));
  }
  const Load* plain = nullptr;
  for (const Load& load : code_->loads) {
    if (load.out == value.lane && load.column >= 0) plain = &load;
  }
  if (plain != nullptr) {
    code_->type = schema_.fields[static_cast<size_t>(plain->column)].type;
  } else {
    const auto type = ToRowsType(value.type);
    if (!type) {
      return ErrorAt(value.at, "the digits behind the point differ by row, a column's do not",
                     "cast the whole to the type that you want: cast(… as numeric(18, 6))");
    }
    code_->type = *type;
  }
  code_->value_type = value.type;
  code_->result = value.lane;
  code_->nullable = value.nullable;
  for (const auto& [index, column] : columns_) code_->columns.push_back(index);
  return Program(std::move(code_));
}

Error NoSuchFunction(const Node& node, const Values& arguments) {
  std::string types;
  for (const Value& value : arguments) {
    if (!types.empty()) types += ", ";
    types += NameOf(value.base());
  }
  return ErrorAt(node.at, "function " + node.text + "(" + types + ") does not exist", "cast the arguments");
}

Result<Value> Argument(Compiler& compiler, const Node& node, const Values& arguments, size_t i, Base base) {
  if (!CastsImplicitly(arguments[i].base(), base)) return NoSuchFunction(node, arguments);
  return compiler.Coerce(arguments[i], base);
}

Result<Program> Compile(const Node& tree, const rows::Schema& schema, ContextFunctions available) {
  CDC_TRY(CheckLocale());
  Compiler compiler(schema, available);
  CDC_ASSIGN(const Value value, compiler.Compile(tree));
  return compiler.Finish(value);
}

Result<Program> Compile(std::string_view text, const rows::Schema& schema, ContextFunctions available) {
  CDC_ASSIGN(const Tree tree, Parse(text));
  return Compile(*tree, schema, available);
}

}  // namespace cdc::expression
