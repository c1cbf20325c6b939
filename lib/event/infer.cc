#include "lib/event/infer.h"

#include <algorithm>

#include "lib/event/json_cursor.h"

namespace cdc::event {
namespace {

using rows::Type;
using rows::TypeKind;

void Set(SourceColumn* column, Wire wire, TypeKind kind) {
  column->wire = wire;
  column->type = Type::Of(kind);
}

/// \return false: null, which says nothing.
bool InferScalar(std::string_view value, SourceColumn* column) {
  switch (value.front()) {
    case '"': Set(column, Wire::kText, TypeKind::kString); return true;
    case 't':
    case 'f': Set(column, Wire::kBoolean, TypeKind::kBoolean); return true;
    case '{':
    case '[': Set(column, Wire::kAnything, TypeKind::kString); return true;
    case 'n': return false;
    default:
      if (value.find_first_of(".eE") == std::string_view::npos)
        Set(column, Wire::kInteger, TypeKind::kLong);
      else
        Set(column, Wire::kFloat, TypeKind::kDouble);
      return true;
  }
}

/// A list takes its element from the first one that is not null; an empty list says nothing.
bool InferArray(std::string_view value, SourceColumn* column) {
  JsonCursor cursor(value);
  if (!cursor.Consume('[')) return false;
  do {
    std::string_view item;
    SourceColumn element;
    if (cursor.Peek() == ']' || !cursor.SkipValue(&item)) return false;
    if (!InferScalar(item, &element)) continue;
    if (element.wire == Wire::kAnything) {
      Set(column, Wire::kAnything, TypeKind::kString);
    } else {
      column->wire = Wire::kArray;
      column->element = element.wire;
      column->type = Type::ListOf(element.type);
      // What text and small numbers are at the source, they do not say; the others have no mark there.
      const bool unsure = element.wire == Wire::kText || element.wire == Wire::kInteger;
      column->unchanged = unsure ? Unchanged::kUnsure : Unchanged::kNull;
    }
    return true;
  } while (cursor.Consume(','));
  return false;
}

/// Whether numbers that were whole so far have fractions in `column`.
bool IsFiner(const SourceColumn& column, const SourceColumn& known) {
  if (known.wire == Wire::kInteger) return column.wire == Wire::kFloat;
  return known.wire == Wire::kArray && column.wire == Wire::kArray && known.element == Wire::kInteger &&
         column.element == Wire::kFloat;
}

}  // namespace

void Inference::Add(std::string_view object) {
  JsonCursor cursor(object);
  if (!cursor.Consume('{') || cursor.Consume('}')) return;
  do {
    JsonString key;
    std::string_view value;
    if (!cursor.ReadString(&key) || !cursor.Consume(':') || !cursor.SkipValue(&value) || value.empty())
      return;
    SourceColumn column;
    if (!AppendUnescaped(key, &column.name)) return;
    // The mark of a value that was not sent is no value to learn from.
    if (placeholder_ != nullptr && placeholder_->IsValue(value)) continue;
    const auto known = std::find_if(columns_.begin(), columns_.end(),
                                    [&](const SourceColumn& c) { return c.name == column.name; });
    const bool typed = value.front() == '[' ? InferArray(value, &column) : InferScalar(value, &column);
    if (!typed) continue;
    if (known == columns_.end()) {
      columns_.push_back(std::move(column));
    } else if (IsFiner(column, *known)) {
      *known = std::move(column);
    }
  } while (cursor.Consume(','));
}

}  // namespace cdc::event
