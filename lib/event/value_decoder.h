#pragma once

/// \file lib/event/value_decoder.h
/// One JSON value into one cell, exactly or not at all.

#include <string>

#include "lib/event/json_cursor.h"
#include "lib/event/placeholder.h"
#include "lib/event/source_column.h"
#include "lib/event/value_failure.h"
#include "lib/rows/column.h"

namespace cdc::event {

/// Decodes values of one column. Stateless but for the message of the last failure; not thread-safe.
class ValueDecoder {
 public:
  explicit ValueDecoder(const Placeholder* placeholder) : placeholder_(placeholder) {}

  /// Appends exactly one cell to `out` (null, a value, or unavailable) from the value at the cursor.
  ///
  /// \param column how the value is written; IsConvertible(column, out->type()) must hold
  /// \return false: the JSON is malformed or the value is not what the column says or does not fit; error()
  /// says
  ///         which. `out` may then have gained a cell or a part of one: truncate it.
  bool Decode(JsonCursor& cursor, const SourceColumn& column, rows::Column* out);

  /// The cause of the last false, e.g. "'free text' is not a decimal(12, 2)".
  const std::string& error() const { return failure_.text(); }

 private:
  bool DecodeScalar(JsonCursor& cursor, Wire wire, int scale, rows::Column* out);
  bool DecodeArray(JsonCursor& cursor, const SourceColumn& column, rows::Column* out);
  bool DecodeArrayAsText(JsonCursor& cursor, const SourceColumn& column, rows::Column* out);
  bool DecodeString(JsonCursor& cursor, Wire wire, int scale, rows::Column* out);
  bool DecodeNumber(JsonCursor& cursor, Wire wire, rows::Column* out);
  bool DecodeWord(JsonCursor& cursor, Wire wire, rows::Column* out);
  bool TakeMark(JsonCursor& cursor, int scale, rows::Column* out);
  bool DecodeObject(JsonCursor& cursor, Wire wire, int scale, rows::Column* out);
  bool AppendInteger(int64_t v, Wire wire, rows::Column* out);
  bool AppendText(const JsonString& string, rows::Column* out);
  bool AppendUuid(std::string_view text, rows::Column* out);
  bool AppendDecimalBytes(const JsonString& string, int scale, rows::Column* out);
  bool AppendBigDecimal(std::string_view bytes, int scale, rows::Column* out);
  bool AppendBinary(const JsonString& string, Wire wire, rows::Column* out);
  bool AppendTemporal(std::string_view text, Wire wire, rows::Column* out);
  bool CheckInText(std::string_view text, Wire wire);

  const Placeholder* placeholder_;
  ValueFailure failure_;
  std::string scratch_;
  std::string unescaped_;
};

}  // namespace cdc::event
