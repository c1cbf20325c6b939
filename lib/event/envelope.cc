#include "lib/event/envelope.h"

#include <charconv>
#include <cstring>

#include "lib/event/json_cursor.h"

namespace cdc::event {
namespace {

constexpr std::string_view kSchemaStart = "{\"schema\":";

Error Malformed(const JsonCursor& cursor, std::string_view what) {
  return Error{ErrorKind::kBadValue,
               std::string(what) + " is malformed JSON at byte " + std::to_string(cursor.offset())};
}

template <typename Member>
bool ReadMember(JsonCursor& cursor, Member member) {
  JsonString key;
  std::string_view value;
  if (!cursor.ReadString(&key) || !cursor.Consume(':') || !cursor.SkipValue(&value)) return false;
  member(key.raw, value);
  return true;
}

/// Calls `member(key, value)` for each further member of the object that the cursor is in, behind a value.
template <typename Member>
bool ForTheRest(JsonCursor& cursor, Member member) {
  while (cursor.Consume(',')) {
    if (!ReadMember(cursor, member)) return false;
  }
  return cursor.Consume('}');
}

/// Calls `member(key, value)` for each member of the object at the cursor.
template <typename Member>
bool ForEachMember(JsonCursor& cursor, Member member) {
  if (!cursor.Consume('{')) return false;
  if (cursor.Consume('}')) return true;
  return ReadMember(cursor, member) && ForTheRest(cursor, member);
}

std::string_view ObjectOrNothing(std::string_view value) {
  return !value.empty() && value.front() == '{' ? value : std::string_view();
}

/// The members of an event in the order and spacing that Debezium and JsonConverter give them, up to "op".
bool ParseUsualMembers(JsonCursor& cursor, Envelope* envelope, std::string_view* op) {
  std::string_view ignored;
  const auto object = [&](std::string_view name, std::string_view* out) {
    if (!cursor.ConsumeExactly(name) || !cursor.SkipValue(out)) return false;
    *out = ObjectOrNothing(*out);
    return true;
  };
  if (!object("{\"before\":", &envelope->before) || !object(",\"after\":", &envelope->after) ||
      !object(",\"source\":", &envelope->source)) {
    return false;
  }
  if (cursor.ConsumeExactly(",\"transaction\":") && !cursor.SkipValue(&ignored)) return false;
  return cursor.ConsumeExactly(",\"op\":") && cursor.SkipValue(op);
}

int64_t IntegerOrZero(std::string_view text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string TextOf(std::string_view quoted) {
  JsonCursor cursor(quoted);
  JsonString string;
  std::string out;
  if (cursor.ReadString(&string)) AppendUnescaped(string, &out);
  return out;
}

/// `["<transaction>","<lsn>"]`, a JSON text inside a JSON text. Debezium writes null for the transaction
/// until it has seen a commit.
std::optional<LogPosition> PositionOf(const std::string& sequence) {
  JsonCursor cursor(sequence);
  const auto number = [&cursor](uint64_t* out) {
    JsonString text;
    std::string_view word;
    if (cursor.Peek() != '"') return cursor.ReadWord(&word) && word == "null";
    if (!cursor.ReadString(&text)) return false;
    const char* const last = text.raw.data() + text.raw.size();
    const auto [end, error] = std::from_chars(text.raw.data(), last, *out);
    return error == std::errc() && end == last;
  };
  LogPosition position;
  if (!cursor.Consume('[') || !number(&position.transaction) || !cursor.Consume(',') ||
      !number(&position.lsn) || !cursor.Consume(']') || position.lsn == 0) {
    return std::nullopt;
  }
  return position;
}

}  // namespace

Result<Envelope> EnvelopeParser::Parse(std::string_view value) {
  if (!schema_prefix_.empty() && value.size() > schema_prefix_.size() && value.back() == '}' &&
      std::memcmp(value.data(), schema_prefix_.data(), schema_prefix_.size()) == 0) {
    const size_t at = schema_prefix_.size();
    CDC_ASSIGN(Envelope envelope, ParsePayload(value.substr(at, value.size() - at - 1)));
    envelope.schema = value.substr(schema_begin_, schema_size_);
    envelope.schema_number = schema_number_;
    return envelope;
  }
  if (value.compare(0, kSchemaStart.size(), kSchemaStart) != 0) return ParsePayload(value);

  JsonCursor cursor(value);
  std::string_view schema, payload;
  const bool ok = ForEachMember(cursor, [&](std::string_view key, std::string_view member) {
    if (key == "schema") schema = ObjectOrNothing(member);
    if (key == "payload") payload = member;
  });
  if (!ok || !cursor.AtEnd()) return Malformed(cursor, "the value");
  if (payload.empty()) return Error{ErrorKind::kBadValue, "the value has a schema but no payload"};
  const auto payload_at = static_cast<size_t>(payload.data() - value.data());
  if (!schema.empty() && payload_at + payload.size() + 1 == value.size()) {
    schema_prefix_.assign(value.substr(0, payload_at));
    schema_begin_ = static_cast<size_t>(schema.data() - value.data());
    schema_size_ = schema.size();
    ++schema_number_;
  }
  CDC_ASSIGN(Envelope envelope, ParsePayload(payload));
  envelope.schema = schema;
  return envelope;
}

Result<Envelope> EnvelopeParser::ParsePayload(std::string_view payload) {
  Envelope envelope;
  if (payload == "null") {
    envelope.is_tombstone = true;
    return envelope;
  }
  JsonCursor cursor(payload);
  std::string_view op, wrapped, schema;
  const auto member = [&](std::string_view key, std::string_view value) {
    if (key == "payload")
      wrapped = value;
    else if (key == "schema")
      schema = ObjectOrNothing(value);
    else if (key == "op")
      op = value;
    else if (key == "after")
      envelope.after = ObjectOrNothing(value);
    else if (key == "before")
      envelope.before = ObjectOrNothing(value);
    else if (key == "source")
      envelope.source = ObjectOrNothing(value);
    else if (key == kept_)
      envelope.kept = value;
  };
  // What comes first is nearly always the same; anything else is told member by member.
  bool ok = ParseUsualMembers(cursor, &envelope, &op);
  if (!ok) {
    envelope = {};
    op = {};
    cursor = JsonCursor(payload);
    ok = ForEachMember(cursor, member);
  } else {
    ok = ForTheRest(cursor, member);
  }
  if (!ok || !cursor.AtEnd()) return Malformed(cursor, "the value");
  // The payload may also come before its schema.
  if (op.empty() && !ObjectOrNothing(wrapped).empty()) {
    CDC_ASSIGN(envelope, ParsePayload(wrapped));
    envelope.schema = schema;
    return envelope;
  }
  if (op.size() != 3 || op.front() != '"') {
    return Error{ErrorKind::kBadValue, "the value is not a Debezium change event: it has no \"op\"",
                 "flattened events (ExtractNewRecordState) are not supported yet: send the whole envelope"};
  }
  switch (op[1]) {
    case 'r':
    case 'c':
    case 'u':
    case 'd':
    case 't':
    case 'm': envelope.op = static_cast<Op>(op[1]); break;
    default: return Error{ErrorKind::kBadValue, "unknown operation " + std::string(op)};
  }
  const bool has_row = envelope.op == Op::kRead || envelope.op == Op::kCreate || envelope.op == Op::kUpdate;
  if (has_row && envelope.after.empty()) {
    return Error{ErrorKind::kBadValue, "operation " + std::string(op) + " without an \"after\" row"};
  }
  return envelope;
}

Result<std::string_view> EnvelopeParser::ParseKey(std::string_view key, std::string_view* schema) {
  *schema = {};
  JsonCursor cursor(key, true);
  if (cursor.Peek() != '{') {
    if (key == "null") return std::string_view();
    return Error{ErrorKind::kBadValue, "the key is not a JSON object"};
  }
  std::string_view payload, embedded;
  bool has_schema = false;
  size_t members = 0;
  const bool ok = ForEachMember(cursor, [&](std::string_view name, std::string_view value) {
    ++members;
    if (name == "payload") payload = value;
    if (name != "schema") return;
    embedded = ObjectOrNothing(value);
    // A key's columns are never null: this is a converter's wrapping without the schema.
    has_schema = !embedded.empty() || value == "null";
  });
  if (!ok || !cursor.AtEnd()) return Malformed(cursor, "the key");
  if (members != 2 || payload.empty() || !has_schema) return key;
  *schema = embedded;
  return ObjectOrNothing(payload);
}

Result<Source> ParseSource(std::string_view text) {
  Source source;
  JsonCursor cursor(text);
  const bool ok = ForEachMember(cursor, [&](std::string_view key, std::string_view value) {
    if (key == "schema")
      source.schema = TextOf(value);
    else if (key == "table")
      source.table = TextOf(value);
    else if (key == "lsn")
      source.lsn = IntegerOrZero(value);
    else if (key == "ts_ms")
      source.ts_ms = IntegerOrZero(value);
    else if (key == "snapshot")
      source.snapshot = TextOf(value);
    else if (key == "sequence")
      source.position = PositionOf(TextOf(value));
  });
  if (!ok) return Malformed(cursor, "\"source\"");
  return source;
}

}  // namespace cdc::event
