#include "bench/event_source.h"

#include <fmt/format.h>

#include <iterator>

namespace cdc::bench {
namespace {

constexpr int kFixedColumns = 12;
constexpr int64_t kNowMs = 1'795'225'201'208;
constexpr const char* kFirstNames[] = {"Mehmet", "Ayşe", "Ömer", "Zeynep", "Ali", "Elif", "Can", "Deniz"};
constexpr const char* kLastNames[] = {"Yılmaz", "Demir", "Kaya", "Çelik", "Şahin", "Arslan", "Öztürk"};

uint64_t Mix(uint64_t v) {
  v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9;
  v = (v ^ v >> 27) * 0x94d049bb133111eb;
  return v ^ v >> 31;
}

auto To(std::string* out) { return std::back_inserter(*out); }

std::string Field(std::string_view type, bool optional, std::string_view name, std::string_view more = "") {
  return fmt::format(R"({{"type":"{}","optional":{}{},"field":"{}"}})", type, optional, more, name);
}

}  // namespace

EventSource::EventSource(const EventShape& shape) : shape_(shape), random_(shape.seed), keys_(shape.skip) {
  if (shape_.schema) {
    key_schema_ = SchemaText(true);
    value_schema_ = SchemaText(false);
  }
  for (size_t i = 0; i < shape_.text_bytes; ++i) filler_ += static_cast<char>('a' + random_() % 26);
}

/// The Connect schema as JsonConverter writes it: for a key, or for an envelope.
std::string EventSource::SchemaText(bool key) const {
  const std::string id = shape_.uuid_keys
                             ? Field("string", false, "id", R"(,"name":"io.debezium.data.Uuid","version":1)")
                             : Field("int64", false, "id");
  const std::string name = "university-server.public." + shape_.table;
  if (key) {
    return fmt::format(R"({{"type":"struct","fields":[{}],"optional":false,"name":"{}.Key"}})", id, name);
  }
  constexpr std::string_view kDecimal =
      R"(,"name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"2","connect.decimal.precision":"3"})";
  std::string row = id;
  const auto add = [&](const std::string& field) { row += "," + field; };
  for (const char* text : {"student_no", "first_name", "last_name", "email"})
    add(Field("string", false, text));
  add(Field("int32", false, "birth_date", R"(,"name":"io.debezium.time.Date","version":1)"));
  add(Field("string", true, "gender"));
  add(Field("int32", true, "program_id"));
  add(Field("bytes", true, "gpa", kDecimal));
  add(Field("boolean", false, "active"));
  add(Field("int64", false, "enrolled_at", R"(,"name":"io.debezium.time.MicroTimestamp","version":1)"));
  add(Field("string", true, "updated_at", R"(,"name":"io.debezium.time.ZonedTimestamp","version":1)"));
  for (int i = kFixedColumns; i < shape_.columns; ++i)
    add(Field(i % 3 == 0 ? "string" : "int64", true, fmt::format("c{}", i)));
  if (shape_.text_bytes > 0) add(Field("string", true, "notes"));

  const auto image = [&](std::string_view field) {
    return fmt::format(R"({{"type":"struct","fields":[{}],"optional":true,"name":"{}.Value","field":"{}"}})",
                       row, name, field);
  };
  std::string source;
  for (const char* text : {"version", "connector", "name"}) source += Field("string", false, text) + ",";
  source += Field("int64", false, "ts_ms") + "," + Field("string", true, "snapshot") + ",";
  source += Field("string", false, "db") + "," + Field("string", true, "sequence") + ",";
  source += Field("int64", true, "ts_us") + "," + Field("int64", true, "ts_ns") + ",";
  source += Field("string", false, "schema") + "," + Field("string", false, "table") + ",";
  source += Field("int64", true, "txId") + "," + Field("int64", true, "lsn") + ",";
  source += Field("int64", true, "xmin") + "," + Field("string", true, "origin") + ",";
  source += Field("int64", true, "origin_lsn");
  return fmt::format(
      R"({{"type":"struct","fields":[{},{},{{"type":"struct","fields":[{}],"optional":false,)"
      R"("name":"io.debezium.connector.postgresql.Source","version":1,"field":"source"}},{},{},{},{}],)"
      R"("optional":false,"name":"{}.Envelope","version":2}})",
      image("before"), image("after"), source, Field("string", false, "op"), Field("int64", true, "ts_ms"),
      Field("int64", true, "ts_us"), Field("int64", true, "ts_ns"), name);
}

void EventSource::WriteId(std::string* out, int64_t id) const {
  if (!shape_.uuid_keys) {
    fmt::format_to(To(out), "{}", id);
    return;
  }
  const uint64_t a = Mix(static_cast<uint64_t>(id) * 2 + 1), b = Mix(a + shape_.seed);
  fmt::format_to(To(out), R"("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}")", a >> 32, a >> 16 & 0xffff, a & 0xfff,
                 b >> 52, b & 0xffffffffffff);
}

void EventSource::WriteKey(int64_t id) {
  key_.clear();
  if (shape_.schema) fmt::format_to(To(&key_), R"({{"schema":{},"payload":)", key_schema_);
  key_ += R"({"id":)";
  WriteId(&key_, id);
  key_ += shape_.schema ? "}}" : "}";
}

void EventSource::WriteRow(int64_t id) {
  const uint64_t r = random_();
  value_ += R"({"id":)";
  WriteId(&value_, id);
  fmt::format_to(
      To(&value_),
      R"(,"student_no":"S{:09}","first_name":"{}","last_name":"{}","email":"student{}@ogr.university.example",)"
      R"("birth_date":{},"gender":"{}","program_id":{},"gpa":"{}","active":{},"enrolled_at":{},"updated_at":)",
      id, kFirstNames[r % 8], kLastNames[(r >> 8) % 7], r % 1'000'000'000, 7000 + (r >> 16) % 4000,
      (r >> 24) % 2 == 0 ? "F" : "M", (r >> 25) % 40,
      (r >> 32) % 2 == 0 ? "AQ==" : "AIQ=", (r >> 33) % 8 != 0,
      1'630'483'261'500'000 + static_cast<int64_t>(r >> 34) % 100'000 * 1'000'000);
  if ((r >> 50) % 4 == 0)
    value_ += "null";
  else
    fmt::format_to(To(&value_), R"("2026-11-21T{:02}:{:02}:{:02}.{:06}Z")", r % 24, (r >> 5) % 60,
                   (r >> 12) % 60, (r >> 20) % 1'000'000);
  for (int i = kFixedColumns; i < shape_.columns; ++i) {
    const uint64_t v = Mix(r + static_cast<uint64_t>(i));
    if (i % 3 == 0)
      fmt::format_to(To(&value_), R"(,"c{}":"value {}")", i, v % 10'000);
    else
      fmt::format_to(To(&value_), R"(,"c{}":{})", i, v % 1'000'000);
  }
  if (shape_.text_bytes > 0) {
    const size_t turn = r % filler_.size();
    value_ += R"(,"notes":")";
    value_.append(filler_, turn).append(filler_, 0, turn);
    value_ += '"';
  }
  value_ += '}';
}

void EventSource::WriteValue(char op, int64_t id) {
  lsn_ += 112;
  value_.clear();
  if (shape_.schema) fmt::format_to(To(&value_), R"({{"schema":{},"payload":)", value_schema_);
  if (op == 'd') {
    value_ += R"({"before":{"id":)";
    WriteId(&value_, id);
    value_ +=
        R"(,"student_no":"","first_name":"","last_name":"","email":"","birth_date":0,"gender":null,"program_id":null,"gpa":null,"active":false,"enrolled_at":0,"updated_at":null},"after":null)";
  } else {
    value_ += R"({"before":null,"after":)";
    WriteRow(id);
  }
  const int64_t ms = kNowMs + made_ / 20;
  fmt::format_to(
      To(&value_),
      R"(,"source":{{"version":"3.7.0.Final","connector":"postgresql","name":"university-server","ts_ms":{0},)"
      R"("snapshot":"{1}","db":"sourcedb","sequence":"[\"{2}\",\"{2}\"]","ts_us":{0}208,"ts_ns":{0}208000,)"
      R"("schema":"public","table":"{3}","txId":{4},"lsn":{2},"xmin":null,"origin":null,"origin_lsn":null}},)"
      R"("transaction":null,"op":"{5}","ts_ms":{0},"ts_us":{0}004,"ts_ns":{0}004744}})",
      ms, op == 'r' ? "true" : "false", lsn_, shape_.table, 2553 + made_, op);
  if (shape_.schema) value_ += '}';
}

std::optional<Event> EventSource::Next() {
  if (tombstone_due_) {
    tombstone_due_ = false;
    return Event{key_, std::nullopt};
  }
  if (made_ == shape_.snapshot + shape_.changes) return std::nullopt;
  const bool snapshot = made_++ < shape_.snapshot;
  char op = 'r';
  if (!snapshot) {
    const double dice = static_cast<double>(random_() >> 11) * 0x1p-53;
    op = dice < shape_.updates ? 'u' : dice < shape_.updates + shape_.deletes ? 'd' : 'c';
    if (keys_ == 0) op = 'c';
  }
  int64_t id = keys_;
  if (op == 'r' || op == 'c') {
    ++keys_;
  } else {
    const int64_t among = shape_.hot > 0 ? std::min(shape_.hot, keys_) : keys_;
    id = static_cast<int64_t>(random_() % static_cast<uint64_t>(among));
  }
  WriteKey(id);
  WriteValue(op, id);
  tombstone_due_ = op == 'd';
  return Event{key_, value_};
}

}  // namespace cdc::bench
