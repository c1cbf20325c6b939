#include "lib/event/event_time.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "lib/event/json_cursor.h"
#include "lib/event/temporal.h"

namespace cdc::event {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;
constexpr std::string_view kSource = "source.";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// In the form that ParseIsoTimestamp() takes: "T", "Z", a point, at most six digits behind it, "+02:00".
std::string InOneForm(std::string_view text) {
  std::string out;
  size_t digits = 0;
  bool in_fraction = false;
  for (const char c : text) {
    if (in_fraction && IsDigit(c) && ++digits > 6) continue;
    if (!IsDigit(c)) in_fraction = false;
    switch (c) {
      case 't': out += 'T'; break;
      case 'z': out += 'Z'; break;
      case ',':
      case '.':
        out += '.';
        in_fraction = true;
        digits = 0;
        break;
      default: out += c;
    }
  }
  const size_t at = out.size() < 5 ? 0 : out.size() - 5;
  const bool bare = out.size() > 16 && (out[at] == '+' || out[at] == '-') && IsDigit(out[at + 1]) &&
                    IsDigit(out[at + 2]) && IsDigit(out[at + 3]) && IsDigit(out[at + 4]);
  if (bare) out.insert(at + 3, ":");
  return out;
}

bool Scale(int64_t value, int64_t factor, int64_t* micros) {
  return !__builtin_mul_overflow(value, factor, micros) && IsPgTimestamp(*micros);
}

bool ReadText(std::string_view text, int64_t* micros) {
  const std::string form = InOneForm(text);
  if (ParseIsoTimestamp(form, true, micros) || ParseIsoTimestamp(form, false, micros)) return true;
  int32_t days = 0;
  if (!ParseIsoDate(form, &days)) return false;
  return Scale(days, kMicrosPerDay, micros);
}

int64_t FloorOfThousand(int64_t nanos) { return nanos / 1000 - (nanos % 1000 < 0 ? 1 : 0); }

bool ReadWhole(int64_t value, TimeUnit unit, int64_t* micros) {
  if (unit == TimeUnit::kBySize) {
    // The absolute value of the smallest number has no place.
    const int64_t size = value < -INT64_MAX ? INT64_MAX : std::llabs(value);
    if (size < 100'000'000'000) return Scale(value, kMicrosPerSecond, micros);
    unit = size < 100'000'000'000'000       ? TimeUnit::kMillis
           : size < 100'000'000'000'000'000 ? TimeUnit::kMicros
                                            : TimeUnit::kNanos;
  }
  switch (unit) {
    case TimeUnit::kDays: return Scale(value, kMicrosPerDay, micros);
    case TimeUnit::kMillis: return Scale(value, 1000, micros);
    case TimeUnit::kMicros: return Scale(value, 1, micros);
    default: return Scale(FloorOfThousand(value), 1, micros);
  }
}

/// A number with a point counts seconds.
bool ReadFraction(const std::string& text, int64_t* micros) {
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  if (end != text.c_str() + text.size() || !(std::fabs(seconds) < 1e11)) return false;
  *micros = static_cast<int64_t>(std::floor(seconds * 1e6 + 0.5));
  return IsPgTimestamp(*micros);
}

/// The member of an object as it stands; empty: none.
std::string_view Member(std::string_view object, const std::string& name) {
  JsonCursor cursor(object);
  if (object.empty() || !cursor.Consume('{') || cursor.Consume('}')) return {};
  do {
    JsonString key;
    std::string_view value;
    if (!cursor.ReadString(&key) || !cursor.Consume(':') || !cursor.SkipValue(&value)) return {};
    std::string text;
    if (key.has_escapes ? AppendUnescaped(key, &text) && text == name : key.raw == name) return value;
  } while (cursor.Consume(','));
  return {};
}

}  // namespace

bool ReadEventTime(std::string_view json, TimeUnit unit, int64_t* micros) {
  if (json.empty()) return false;
  if (json.front() == '"') {
    JsonCursor cursor(json);
    JsonString string;
    std::string text;
    return cursor.ReadString(&string) && AppendUnescaped(string, &text) && text.size() <= 64 &&
           ReadText(text, micros);
  }
  int64_t whole = 0;
  const auto [end, error] = std::from_chars(json.data(), json.data() + json.size(), whole);
  if (error == std::errc() && end == json.data() + json.size()) return ReadWhole(whole, unit, micros);
  const bool number = IsDigit(json.front()) || json.front() == '-';
  return number && json.size() <= 64 && ReadFraction(std::string(json), micros);
}

EventTimeReader::EventTimeReader(std::string place) : place_(std::move(place)) {
  if (place_.starts_with(kSource))
    source_member_ = place_.substr(kSource.size());
  else
    member_ = place_;
}

void EventTimeReader::LearnColumns(const std::vector<SourceColumn>& columns) {
  column_unit_ = TimeUnit::kBySize;
  for (const SourceColumn& column : columns) {
    if (column.name != place_) continue;
    switch (column.wire) {
      case Wire::kDays: column_unit_ = TimeUnit::kDays; break;
      case Wire::kEpochMillis: column_unit_ = TimeUnit::kMillis; break;
      case Wire::kEpochMicros: column_unit_ = TimeUnit::kMicros; break;
      case Wire::kEpochNanos: column_unit_ = TimeUnit::kNanos; break;
      default: break;
    }
  }
}

Result<int64_t> EventTimeReader::Read(const Envelope& envelope) const {
  std::string_view json = source_member_.empty() ? envelope.kept : Member(envelope.source, source_member_);
  TimeUnit unit = TimeUnit::kBySize;
  if (json.empty()) {
    json = Member(envelope.after.empty() ? envelope.before : envelope.after, place_);
    unit = column_unit_;
  }
  if (json.empty() || json == "null")
    return Error{ErrorKind::kBadValue, "the event has no '" + place_ + "', which is to tell its time"};
  int64_t micros = 0;
  if (ReadEventTime(json, unit, &micros)) return micros;
  return Error{ErrorKind::kBadValue, "'" + place_ + "' is no time: " + std::string(json.substr(0, 80))};
}

}  // namespace cdc::event
