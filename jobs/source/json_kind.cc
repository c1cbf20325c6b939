#include "jobs/source/json_kind.h"

#include "lib/event/json_cursor.h"

namespace cdc::source {

char KindOf(std::string_view value) {
  const char first = value.empty() ? 'n' : value.front();
  switch (first) {
    case '"': return 's';
    case 't':
    case 'f': return 'b';
    case '[':
    case '{': return first;
    case 'n': return 0;
    default: return 'n';
  }
}

char KindOf(std::string_view object, const std::string& name) {
  event::JsonCursor cursor(object);
  if (!cursor.Consume('{')) return 0;
  do {
    event::JsonString key;
    std::string_view value;
    std::string unescaped;
    if (!cursor.ReadString(&key) || !cursor.Consume(':') || !cursor.SkipValue(&value)) return 0;
    if (event::AppendUnescaped(key, &unescaped) && unescaped == name) return KindOf(value);
  } while (cursor.Consume(','));
  return 0;
}

char KindOf(event::Wire wire) {
  using event::Wire;
  switch (wire) {
    case Wire::kBoolean: return 'b';
    case Wire::kInteger:
    case Wire::kFloat:
    case Wire::kDecimalNumber:
    case Wire::kDays:
    case Wire::kMillisOfDay:
    case Wire::kMicrosOfDay:
    case Wire::kNanosOfDay:
    case Wire::kEpochMillis:
    case Wire::kEpochMicros:
    case Wire::kEpochNanos: return 'n';
    case Wire::kVariableDecimal: return '{';
    case Wire::kArray: return '[';
    case Wire::kAnything: return 0;
    default: return 's';
  }
}

}  // namespace cdc::source
