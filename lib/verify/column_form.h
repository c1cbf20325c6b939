#pragma once

/// \file lib/verify/column_form.h
/// One text for each value of a column, that PostgreSQL and we make alike: what is compared, and what cannot
/// be. docs/types.md says how each type arrives. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/rows/column.h"

namespace cdc::verify {

/// A column as PostgreSQL's catalogues have it, a domain as the type that it is made of.
struct SourceColumn {
  std::string name;
  std::string type;    ///< pg_type.typname; of an array, that of its elements
  std::string schema;  ///< of that type
  char kind = 'b';  ///< pg_type.typtype of it: b(ase), c(omposite), d(omain), e(num), r(ange), m(ultirange)
  bool array = false;
  bool generated = false;
};

/// How a cell of the table becomes the text that PostgreSQL's expression gives.
enum class CellForm {
  kPlain,        ///< rows::CellText
  kNumber,       ///< plain digits without zeros at the end, from a decimal or from any text of a number
  kTimetz,       ///< Debezium's "05:34:56.5Z" → "05:34:56.5"
  kInterval,     ///< ISO 8601 → "months days microseconds"
  kHstore,       ///< a JSON object → jsonb's text of it
  kBits,         ///< bytes, lowest first → "101", without zeros in front: those are not kept
  kTextBytes,    ///< bytes that are a text in UTF-8
  kTimestamptz,  ///< ISO 8601 → PostgreSQL's text
};

struct ColumnForm {
  std::string sql;  ///< of the text, with `{}` where the column's name goes
  CellForm form = CellForm::kPlain;
};

/// What matters of the connector's settings, as [source] says them.
struct FormSettings {
  bool to_the_millisecond = false;  ///< time.precision.mode=connect: the rest is not kept
  enum class Binary { kBase64, kBase64Url, kHex } binary = Binary::kBase64;  ///< bytea in a text column
};

struct FormChoice {
  std::optional<ColumnForm> form = {};
  std::string reason = {};  ///< without a form: why
};

/// How a source's column is compared with the Iceberg column of `type`.
FormChoice ChooseForm(const SourceColumn& source, const rows::Type& type, const FormSettings& settings);

/// How it is compared with a column of another PostgreSQL.
FormChoice ChooseForm(const SourceColumn& source, const SourceColumn& target);

/// The text of a cell that has a value and is no list.
std::string FormText(const rows::Column& column, uint32_t row, CellForm form);

/// As PostgreSQL writes an array (array_out): appends an element, quoted where it must be.
void AppendElement(std::string_view text, std::string* out);

/// Appends the text of any cell, a list as an array; false: it is null.
bool AppendCellText(const rows::Column& column, uint32_t row, CellForm form, std::string* out);

}  // namespace cdc::verify
