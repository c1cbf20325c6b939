#include "lib/event/event_time.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::event {
namespace {

/// 2025-09-19T10:00:00Z
constexpr int64_t kTen = 1'758'276'000'000'000;

std::optional<int64_t> Read(std::string_view json, TimeUnit unit = TimeUnit::kBySize) {
  int64_t micros = 0;
  return ReadEventTime(json, unit, &micros) ? std::optional(micros) : std::nullopt;
}

Result<int64_t> ReadFrom(const std::string& place, const std::string& value) {
  EventTimeReader reader(place);
  EnvelopeParser parser;
  parser.KeepMember(reader.member());
  const auto envelope = parser.Parse(value);
  REQUIRE(envelope.has_value());
  return reader.Read(*envelope);
}

}  // namespace

TEST_CASE("one moment is the same however its offset is written") {
  for (const char* text :
       {R"("2025-09-19T10:00:00Z")", R"("2025-09-19T10:00:00z")", R"("2025-09-19t10:00:00.000Z")",
        R"("2025-09-19T12:00:00+02:00")", R"("2025-09-19T12:00:00+0200")", R"("2025-09-19T12:00:00+02")",
        R"("2025-09-19 12:00+02:00")", R"("2025-09-19T04:30:00-05:30")", R"("2025-09-19T10:00:00")",
        R"("2025-09-19T10:00")", R"("2025-09-19T10:00:00,000")", R"("2025-09-19T10:00:00\u005a")",
        "1758276000", "1758276000000", "1758276000000000", "1758276000000000000", "1758276000.0"}) {
    INFO(text);
    CHECK(Read(text) == kTen);
  }
}

TEST_CASE("a time is read to the microsecond, and what is finer is cut off") {
  CHECK(Read(R"("2025-09-19T10:00:00.123456789Z")") == kTen + 123'456);
  CHECK(Read("1758276000123456789") == kTen + 123'456);
  CHECK(Read("1758276000.25") == kTen + 250'000);
  CHECK(Read("-1") == -1'000'000);
  CHECK(Read("-100000000000000001") == -100'000'000'000'001);  // nanoseconds, downwards
}

TEST_CASE("a date is its midnight, and a column says what its number counts") {
  CHECK(Read(R"("2025-09-19")") == kTen - 10LL * 3600 * 1'000'000);
  CHECK(Read("20350", TimeUnit::kDays) == kTen - 10LL * 3600 * 1'000'000);
  CHECK(Read("1", TimeUnit::kMillis) == 1'000);
  CHECK(Read("1", TimeUnit::kMicros) == 1);
  CHECK(Read("1999", TimeUnit::kNanos) == 1);
}

TEST_CASE("what is no time is refused") {
  for (const char* text : {R"("")", R"("soon")", R"("2025-02-30T10:00:00Z")", R"("2025-09-19T25:00:00Z")",
                           R"("2025-09-19T10:00:00+")", R"("infinity")", "true", "null", "{}", "[1]", "1e99",
                           "9223372036854775807123", ""}) {
    INFO(text);
    CHECK_FALSE(Read(text).has_value());
  }
  // Days enough for microseconds to come round to 1970 again.
  for (const char* far : {R"("+586524-01-20")", R"("1973310-01-02Z")", R"("-582585-06-01")"}) {
    CAPTURE(far);
    CHECK_FALSE(Read(far).has_value());
  }
}

TEST_CASE("the time is looked for in the event, then in its source, then in the row") {
  const std::string plain =
      R"({"op":"c","before":null,"after":{"id":1,"at":"2025-09-19T10:00:00Z"},"timestamp":"2025-09-19T11:00:00Z"})";
  CHECK(*ReadFrom("timestamp", plain) == kTen + 3'600'000'000);
  CHECK(*ReadFrom("at", plain) == kTen);
  const std::string debezium =
      R"({"before":{"id":1,"at":1758276000000},"after":null,"source":{"ts_ms":1758276000001},"op":"d","ts_ms":1758276000002})";
  CHECK(*ReadFrom("ts_ms", debezium) == kTen + 2'000);
  CHECK(*ReadFrom("source.ts_ms", debezium) == kTen + 1'000);
  CHECK(*ReadFrom("at", debezium) == kTen);
}

TEST_CASE("an event without its time says what it lacks") {
  const auto none = ReadFrom("timestamp", R"({"op":"c","after":{"id":1},"timestamp":null})");
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().kind == ErrorKind::kBadValue);
  CHECK(none.error().message.find("has no 'timestamp'") != std::string::npos);
  const auto bad = ReadFrom("timestamp", R"({"op":"c","after":{"id":1},"timestamp":"soon"})");
  REQUIRE_FALSE(bad.has_value());
  CHECK(bad.error().message == "'timestamp' is no time: \"soon\"");
}

}  // namespace cdc::event
