/// \file lib/expression/concat.cc
/// || and concat and concat_ws, like and ilike.

#include <algorithm>
#include <array>

#include "lib/expression/compiler_internal.h"
#include "lib/expression/letter_case_internal.h"
#include "lib/expression/strict_internal.h"
#include "lib/expression/utf8_internal.h"

namespace cdc::expression {
namespace {

using Text = std::string_view;
constexpr size_t kLongest = size_t{1} << 30;

Reason Join(Call& call, Text a, Text b, Text* out) {
  if (a.size() + b.size() >= kLongest) return call.Fail(Reason::kTooLong);
  char* const start = call.arena->Take(a.size() + b.size());
  std::copy(b.begin(), b.end(), std::copy(a.begin(), a.end(), start));
  *out = {start, a.size() + b.size()};
  return Reason::kNone;
}

/// Whether a part of the row is neither a value nor a null; then the whole is what that part is.
bool SpreadAbsent(Call& call, uint32_t row) {
  const Lane* absent = nullptr;
  for (size_t i = 0; i < call.count; ++i) {
    const CellState cell = call.in[i]->cells[row & call.in[i]->mask];
    if (cell == kFailed || (cell == kUnavailable && absent == nullptr)) absent = call.in[i];
    if (cell == kFailed) break;
  }
  if (absent == nullptr) return false;
  call.out->SpreadFrom(*absent, row, absent->cells[row & absent->mask]);
  return true;
}

/// Operands from `first` on that are not null, with `separator` between them.
void JoinParts(Call& call, size_t first, Text separator, uint32_t row) {
  size_t size = 0, parts = 0;
  for (size_t i = first; i < call.count; ++i) {
    const uint32_t at = row & call.in[i]->mask;
    if (call.in[i]->cells[at] == kValue) size += call.in[i]->bytes[at].size(), ++parts;
  }
  if (parts > 1) size += (parts - 1) * separator.size();
  if (size >= kLongest) return call.out->Fail(row, {Reason::kTooLong, TypeWord::kText, {}});
  char* const start = call.arena->Take(size);
  char* end = start;
  bool begun = false;
  for (size_t i = first; i < call.count; ++i) {
    const uint32_t at = row & call.in[i]->mask;
    if (call.in[i]->cells[at] != kValue) continue;
    if (begun) end = std::copy(separator.begin(), separator.end(), end);
    begun = true;
    const Text part = call.in[i]->bytes[at];
    end = std::copy(part.begin(), part.end(), end);
  }
  call.out->cells[row] = kValue;
  call.out->bytes[row] = {start, size};
}

void Concat(Call& call) {
  for (uint32_t row = 0; row < call.rows; ++row) {
    if (!SpreadAbsent(call, row)) JoinParts(call, 0, "", row);
  }
}

void ConcatWs(Call& call) {
  const Lane& separator = *call.in[0];
  for (uint32_t row = 0; row < call.rows; ++row) {
    const uint32_t at = row & separator.mask;
    if (separator.cells[at] == kNull) {
      call.out->cells[row] = kNull;
    } else if (!SpreadAbsent(call, row)) {
      JoinParts(call, 1, separator.bytes[at], row);
    }
  }
}

/// The pattern's '%' stands for any text, '_' for one character, '\' takes the next one as it is. After a
/// mismatch behind a '%' only the last '%' is tried further, so the cost is at most text × pattern.
Reason Like(Call& call, Text text, Text pattern, int64_t* out) {
  size_t t = 0, p = 0, resume_t = 0, resume_p = Text::npos;
  for (;;) {
    if (p < pattern.size() && pattern[p] == '%') {
      resume_p = ++p;
      resume_t = t;
      continue;
    }
    if (t == text.size()) break;
    size_t step = 0, advance = 1;
    if (p < pattern.size()) {
      const bool escaped = pattern[p] == '\\';
      if (escaped && p + 1 == pattern.size()) return call.Fail(Reason::kPatternEnd);
      if (!escaped && pattern[p] == '_') {
        step = CharacterSize(text, t);
      } else {
        step = pattern[p + (escaped ? 1 : 0)] == text[t] ? 1 : 0;
        advance = escaped ? 2 : 1;
      }
    }
    if (step > 0) {
      t += step;
      p += advance;
    } else if (resume_p != Text::npos) {
      resume_t += CharacterSize(text, resume_t);
      t = resume_t;
      p = resume_p;
    } else {
      *out = 0;
      return Reason::kNone;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  *out = p == pattern.size() ? 1 : 0;
  return Reason::kNone;
}

Reason ILike(Call& call, Text text, Text pattern, int64_t* out) {
  const Text lower = ToLower(text, call.arena);
  return Like(call, lower, ToLower(pattern, call.arena), out);
}

Result<Values> AllAsText(Compiler& compiler, const Node& node, const Values& arguments) {
  Values texts;
  for (const Value& argument : arguments) {
    if (argument.base() == Base::kList) return NoSuchFunction(node, arguments);
    CDC_ASSIGN(const Value text, CompileToText(compiler, argument, true));
    texts.push_back(text);
  }
  return texts;
}

Result<Value> CompileConcat(Compiler& compiler, const Node& node, Values arguments) {
  CDC_ASSIGN(const Values texts, AllAsText(compiler, node, arguments));
  return compiler.Emit(Concat, {Base::kText}, texts, node.at, 0, 0, false);
}

Result<Value> CompileConcatWs(Compiler& compiler, const Node& node, Values arguments) {
  if (!CastsImplicitly(arguments[0].base(), Base::kText)) return NoSuchFunction(node, arguments);
  CDC_ASSIGN(const Values texts, AllAsText(compiler, node, arguments));
  return compiler.Emit(ConcatWs, {Base::kText}, texts, node.at, 0, 0, texts[0].nullable);
}

constexpr std::array<Function, 2> kFunctions = {
    {{"concat", 1, kAnyNumber, CompileConcat}, {"concat_ws", 2, kAnyNumber, CompileConcatWs}}};

}  // namespace

std::span<const Function> ConcatFunctions() { return kFunctions; }

Result<Value> CompileConcatenation(Compiler& compiler, const Node& node, Values operands) {
  Value &a = operands[0], &b = operands[1];
  const auto is_text = [](const Value& v) { return v.base() == Base::kText || v.base() == Base::kUnknown; };
  const auto is_bytes = [](const Value& v) { return v.base() == Base::kBytea || v.base() == Base::kUnknown; };
  if (is_bytes(a) && is_bytes(b) && (a.base() == Base::kBytea || b.base() == Base::kBytea)) {
    CDC_ASSIGN(a, compiler.Coerce(a, Base::kBytea));
    CDC_ASSIGN(b, compiler.Coerce(b, Base::kBytea));
    return compiler.Emit(StrictKernel<Join, Text, Text, Text>, {Base::kBytea}, {a, b}, node.at);
  }
  if (!is_text(a) && !is_text(b)) {
    return ErrorAt(
        node.at,
        "operator does not exist: " + std::string(NameOf(a.base())) + " || " + std::string(NameOf(b.base())),
        "cast one side to text, or use concat()");
  }
  CDC_ASSIGN(a, CompileToText(compiler, a, false));
  CDC_ASSIGN(b, CompileToText(compiler, b, false));
  return compiler.Emit(StrictKernel<Join, Text, Text, Text>, {Base::kText}, {a, b}, node.at);
}

Result<Value> CompileLike(Compiler& compiler, const Node& node, Values operands) {
  for (Value& operand : operands) {
    if (!CastsImplicitly(operand.base(), Base::kText)) {
      return ErrorAt(node.at,
                     "operator does not exist: " + std::string(NameOf(operands[0].base())) + " " + node.text +
                         " " + std::string(NameOf(operands[1].base())),
                     "cast the operands to text");
    }
    CDC_ASSIGN(operand, compiler.Coerce(operand, Base::kText));
  }
  return compiler.Emit(node.text == "like" ? StrictKernel<Like, int64_t, Text, Text>
                                           : StrictKernel<ILike, int64_t, Text, Text>,
                       {Base::kBoolean}, operands, node.at);
}

}  // namespace cdc::expression
