/// \file lib/expression/text_functions.cc
/// lower, upper, trim, length, substr, left, right, replace, md5.

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "lib/expression/compiler_internal.h"
#include "lib/expression/letter_case_internal.h"
#include "lib/expression/md5_internal.h"
#include "lib/expression/strict_internal.h"
#include "lib/expression/utf8_internal.h"

namespace cdc::expression {
namespace {

using Text = std::string_view;

/// PostgreSQL's limit of one value.
constexpr size_t kLongest = size_t{1} << 30;

Reason Lower(Call& call, Text v, Text* out) {
  *out = ToLower(v, call.arena);
  return Reason::kNone;
}
Reason Upper(Call& call, Text v, Text* out) {
  *out = ToUpper(v, call.arena);
  return Reason::kNone;
}
Reason Characters(Call&, Text v, int64_t* out) {
  *out = CharacterCount(v);
  return Reason::kNone;
}
Reason Octets(Call&, Text v, int64_t* out) {
  *out = static_cast<int64_t>(v.size());
  return Reason::kNone;
}

bool Contains(Text characters, Text one) {
  for (size_t at = 0; at < characters.size(); at += CharacterSize(characters, at)) {
    if (characters.substr(at, CharacterSize(characters, at)) == one) return true;
  }
  return false;
}

template <bool kLeft, bool kRight>
Reason Trim(Call&, Text v, Text characters, Text* out) {
  while (kLeft && !v.empty()) {
    const size_t size = CharacterSize(v, 0);
    if (!Contains(characters, v.substr(0, size))) break;
    v.remove_prefix(size);
  }
  while (kRight && !v.empty()) {
    size_t size = 1;
    while (size < v.size() && IsContinuation(v[v.size() - size])) ++size;
    if (!Contains(characters, v.substr(v.size() - size))) break;
    v.remove_suffix(size);
  }
  *out = v;
  return Reason::kNone;
}

/// The first `count` units (characters, or bytes) of `v`, in bytes.
template <bool kBytes>
size_t Offset(Text v, int64_t count) {
  if constexpr (kBytes)
    return static_cast<size_t>(std::clamp(count, int64_t{0}, static_cast<int64_t>(v.size())));
  else
    return OffsetOf(v, count);
}

template <bool kBytes>
Reason From(Call&, Text v, int64_t from, Text* out) {
  *out = v.substr(Offset<kBytes>(v, from - 1));
  return Reason::kNone;
}
template <bool kBytes>
Reason FromFor(Call& call, Text v, int64_t from, int64_t count, Text* out) {
  if (count < 0) return call.Fail(Reason::kNegativeLength);
  const int64_t end = from + count, start = std::max<int64_t>(from, 1);
  const Text rest = v.substr(Offset<kBytes>(v, start - 1));
  *out = rest.substr(0, Offset<kBytes>(rest, end - start));
  return Reason::kNone;
}

Reason Left(Call&, Text v, int64_t count, Text* out) {
  if (count < 0) count = CharacterCount(v) + count;
  *out = v.substr(0, OffsetOf(v, count));
  return Reason::kNone;
}
Reason Right(Call&, Text v, int64_t count, Text* out) {
  // -n: all but the first n characters.
  const int64_t skipped = count < 0 ? -count : CharacterCount(v) - count;
  *out = v.substr(OffsetOf(v, skipped));
  return Reason::kNone;
}

Reason Replace(Call& call, Text v, Text from, Text to, Text* out) {
  *out = v;
  size_t found = from.empty() ? v.npos : v.find(from);
  if (found == v.npos) return Reason::kNone;
  size_t matches = 0;
  for (size_t at = found; at != v.npos; at = v.find(from, at + from.size())) ++matches;
  const size_t size = v.size() - matches * from.size() + matches * to.size();
  if (size >= kLongest) return call.Fail(Reason::kTooLong);
  char* const start = call.arena->Take(size);
  char* end = start;
  size_t done = 0;
  for (; found != v.npos; found = v.find(from, done)) {
    end = std::copy(v.begin() + static_cast<ptrdiff_t>(done), v.begin() + static_cast<ptrdiff_t>(found), end);
    end = std::copy(to.begin(), to.end(), end);
    done = found + from.size();
  }
  std::copy(v.begin() + static_cast<ptrdiff_t>(done), v.end(), end);
  *out = {start, size};
  return Reason::kNone;
}

Reason Md5Hex(Call& call, Text v, Text* out) {
  constexpr const char* kHex = "0123456789abcdef";
  const std::array<uint8_t, 16> digest = Md5(v);
  char* const text = call.arena->Take(32);
  for (size_t i = 0; i < 16; ++i) {
    text[2 * i] = kHex[digest[i] >> 4];
    text[2 * i + 1] = kHex[digest[i] & 15];
  }
  *out = {text, 32};
  return Reason::kNone;
}

/// Whether argument 0 is a bytea, which some functions take besides text.
bool OfBytes(const Values& arguments) { return arguments[0].base() == Base::kBytea; }

template <auto kFunction>
Result<Value> TextToText(Compiler& compiler, const Node& node, Values arguments) {
  CDC_ASSIGN(const Value v, Argument(compiler, node, arguments, 0, Base::kText));
  return compiler.Emit(StrictKernel<kFunction, Text, Text>, {Base::kText}, {v}, node.at);
}

Result<Value> CompileLength(Compiler& compiler, const Node& node, Values arguments) {
  const bool bytes = OfBytes(arguments);
  CDC_ASSIGN(const Value v, Argument(compiler, node, arguments, 0, bytes ? Base::kBytea : Base::kText));
  const bool octets = bytes || node.text == "octet_length";
  if (bytes && node.text == "char_length") return NoSuchFunction(node, arguments);
  return compiler.Emit(octets ? StrictKernel<Octets, int64_t, Text> : StrictKernel<Characters, int64_t, Text>,
                       {Base::kInteger}, {v}, node.at);
}

Result<Value> CompileMd5(Compiler& compiler, const Node& node, Values arguments) {
  CDC_ASSIGN(const Value v,
             Argument(compiler, node, arguments, 0, OfBytes(arguments) ? Base::kBytea : Base::kText));
  return compiler.Emit(StrictKernel<Md5Hex, Text, Text>, {Base::kText}, {v}, node.at);
}

template <bool kLeft, bool kRight>
Result<Value> CompileTrim(Compiler& compiler, const Node& node, Values arguments) {
  if (arguments.size() == 1) arguments.push_back(compiler.TextConstant(Base::kText, node.at, " "));
  CDC_ASSIGN(const Value v, Argument(compiler, node, arguments, 0, Base::kText));
  CDC_ASSIGN(const Value characters, Argument(compiler, node, arguments, 1, Base::kText));
  return compiler.Emit(StrictKernel<Trim<kLeft, kRight>, Text, Text, Text>, {Base::kText}, {v, characters},
                       node.at);
}

Result<Value> CompileSubstring(Compiler& compiler, const Node& node, Values arguments) {
  const bool bytes = OfBytes(arguments);
  const Base base = bytes ? Base::kBytea : Base::kText;
  CDC_ASSIGN(const Value v, Argument(compiler, node, arguments, 0, base));
  CDC_ASSIGN(const Value from, Argument(compiler, node, arguments, 1, Base::kInteger));
  if (arguments.size() == 2) {
    return compiler.Emit(bytes ? StrictKernel<From<true>, Text, Text, int64_t>
                               : StrictKernel<From<false>, Text, Text, int64_t>,
                         {base}, {v, from}, node.at);
  }
  CDC_ASSIGN(const Value count, Argument(compiler, node, arguments, 2, Base::kInteger));
  return compiler.Emit(bytes ? StrictKernel<FromFor<true>, Text, Text, int64_t, int64_t>
                             : StrictKernel<FromFor<false>, Text, Text, int64_t, int64_t>,
                       {base}, {v, from, count}, node.at);
}

template <auto kFunction>
Result<Value> CompileEnd(Compiler& compiler, const Node& node, Values arguments) {
  CDC_ASSIGN(const Value v, Argument(compiler, node, arguments, 0, Base::kText));
  CDC_ASSIGN(const Value count, Argument(compiler, node, arguments, 1, Base::kInteger));
  return compiler.Emit(StrictKernel<kFunction, Text, Text, int64_t>, {Base::kText}, {v, count}, node.at);
}

Result<Value> CompileReplace(Compiler& compiler, const Node& node, Values arguments) {
  Values texts;
  for (size_t i = 0; i < 3; ++i) {
    CDC_ASSIGN(const Value text, Argument(compiler, node, arguments, i, Base::kText));
    texts.push_back(text);
  }
  return compiler.Emit(StrictKernel<Replace, Text, Text, Text, Text>, {Base::kText}, texts, node.at);
}

constexpr std::array<Function, 14> kFunctions = {{{"lower", 1, 1, TextToText<Lower>},
                                                  {"upper", 1, 1, TextToText<Upper>},
                                                  {"length", 1, 1, CompileLength},
                                                  {"char_length", 1, 1, CompileLength},
                                                  {"octet_length", 1, 1, CompileLength},
                                                  {"btrim", 1, 2, CompileTrim<true, true>},
                                                  {"ltrim", 1, 2, CompileTrim<true, false>},
                                                  {"rtrim", 1, 2, CompileTrim<false, true>},
                                                  {"substr", 2, 3, CompileSubstring},
                                                  {"substring", 2, 3, CompileSubstring},
                                                  {"left", 2, 2, CompileEnd<Left>},
                                                  {"right", 2, 2, CompileEnd<Right>},
                                                  {"replace", 3, 3, CompileReplace},
                                                  {"md5", 1, 1, CompileMd5}}};

}  // namespace

std::span<const Function> TextFunctions() { return kFunctions; }

}  // namespace cdc::expression
