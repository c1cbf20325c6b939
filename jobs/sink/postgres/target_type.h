#pragma once

/// \file jobs/sink/postgres/target_type.h
/// What a column is in a PostgreSQL table: by the type that it has at the source, else by the row's. Pure.

#include <string>
#include <string_view>

#include "lib/rows/type.h"

namespace cdc::postgres_sink {

/// How a cell is written into its column.
enum class Form : uint8_t {
  kPlain,  ///< as the row's type says
  kBits,   ///< bit(n) from bytes, the lowest bits first; `bits` of them
  kBit,    ///< bit(1) from a boolean
};

struct TargetType {
  std::string words;  ///< of DDL, e.g. "numeric(12,2)"; lower case, but for quoted names
  Form form = Form::kPlain;
  int bits = 0;
};

/// The type that holds every value of `type` whatever it was at the source.
std::string WordsOf(const rows::Type& type);

/// \param field its source_type is followed where values of its row type can be written into it
/// \param exists whether the server has a type of these words; others become what WordsOf() says
TargetType TypeFor(const rows::Field& field, bool exists);

/// How cells of `type` are written into a column whose type the server calls `words`.
Form FormFor(const rows::Type& type, std::string_view words, int* bits);

/// Words as they may stand in a statement: nothing but names, numbers, brackets and quotes.
bool AreWordsOfType(std::string_view words);

}  // namespace cdc::postgres_sink
