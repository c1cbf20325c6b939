/// Keys and values of Kafka records: Debezium's events, with and without schemas.

#include <memory>

#include "lib/event/connect_schema.h"
#include "lib/event/envelope.h"
#include "lib/event/event_time.h"
#include "lib/event/infer.h"
#include "lib/event/pg_type.h"
#include "lib/event/row_decoder.h"
#include "tests/fuzz/target.h"

namespace cdc::event {
namespace {

using fuzz::Require;

const Placeholder& Mark() {
  static const Placeholder mark;
  return mark;
}

/// The table that these columns make: what no type holds is text, as where somebody declared it so.
std::shared_ptr<rows::Schema> SchemaOf(const std::vector<SourceColumn>& columns) {
  auto schema = std::make_shared<rows::Schema>();
  for (const SourceColumn& column : columns) {
    rows::Field field;
    field.id = static_cast<int>(schema->fields.size()) + 1;
    field.name = column.column();
    field.type = column.problem.empty() ? column.type : rows::Type::Of(rows::TypeKind::kString);
    if (schema->IndexOf(field.name) < 0) schema->fields.push_back(std::move(field));
  }
  return schema;
}

/// Every row that is taken has a cell in each column; one that is refused leaves nothing behind.
void DecodeRows(const std::vector<SourceColumn>& columns, std::initializer_list<std::string_view> objects) {
  const auto schema = SchemaOf(columns);
  rows::Batch batch(schema);
  RowDecoder decoder(columns, *schema, &Mark());
  for (const std::string_view object : objects) {
    if (object.empty()) continue;
    const uint32_t before = batch.rows();
    const RowOutcome outcome = decoder.Decode(object, &batch);
    const bool taken = outcome == RowOutcome::kWhole || outcome == RowOutcome::kWithGaps;
    for (size_t i = 0; i < batch.column_count(); ++i)
      Require(batch.column(i).size() == before + (taken ? 1 : 0),
              "a row has one cell in each column, or none in any");
    Require(taken || !decoder.error().empty(), "what is refused has a reason");
  }
  if (batch.rows() == 0) return;
  std::vector<int> all;
  for (size_t i = 0; i < batch.column_count(); ++i) all.push_back(static_cast<int>(i));
  rows::KeyHasher hasher(KeySecret{}, all);
  for (uint32_t row = 0; row < batch.rows(); ++row) (void)hasher(batch, row);
}

void TakeValue(EnvelopeParser& parser, std::string_view value) {
  const auto envelope = parser.Parse(value);
  if (!envelope || envelope->is_tombstone) return;
  if (!envelope->source.empty()) (void)ParseSource(envelope->source);
  (void)EventTimeReader("ts_ms").Read(*envelope);
  (void)EventTimeReader("source.ts_us").Read(*envelope);
  Inference inference(&Mark());
  inference.Add(envelope->before);
  inference.Add(envelope->after);
  DecodeRows(inference.columns(), {envelope->before, envelope->after});
  if (envelope->schema.empty()) return;
  if (const auto columns = ColumnsOfValueSchema(envelope->schema))
    DecodeRows(*columns, {envelope->before, envelope->after});
}

}  // namespace

/// A message's value.
FUZZ_TARGET(event) {
  EnvelopeParser parser;
  parser.KeepMember("ts_ms");
  TakeValue(parser, bytes);
  TakeValue(parser, bytes);  // the parser knows the schema by now
}

/// A message's key: alone, or in a header.
FUZZ_TARGET(event_key) {
  EnvelopeParser parser;
  std::string_view schema;
  const auto row = parser.ParseKey(bytes, &schema);
  (void)MemberNames(bytes);
  if (!row || row->empty()) return;
  if (!schema.empty()) (void)NamesOfKeySchema(schema);
  Inference inference(&Mark());
  inference.Add(*row);
  DecodeRows(inference.columns(), {*row});
}

/// The schema of Kafka Connect that is embedded in both.
FUZZ_TARGET(connect_schema) {
  if (const auto columns = ColumnsOfValueSchema(bytes)) (void)SchemaOf(*columns);
  (void)NamesOfKeySchema(bytes);
}

/// One value of a column that somebody declared: a digit of the connector's modes and PostgreSQL's words for
/// the type in the first line, then JSON.
FUZZ_TARGET(value) {
  std::string_view json = bytes;
  std::string_view words = fuzz::TakeLine(&json);
  Handling handling;
  if (!words.empty()) {
    const auto modes = static_cast<unsigned char>(words.front());
    words.remove_prefix(1);
    handling.decimal = static_cast<DecimalHandling>(modes % 3);
    handling.time = static_cast<TimePrecision>(modes / 3 % 6);
    handling.binary = static_cast<BinaryHandling>(modes / 18 % 4);
  }
  auto column = ColumnOfPgType("v", words, handling, words.size() % 2 == 0);
  if (!column) return;
  const std::string row = R"({"v":)" + std::string(json) + "}";
  DecodeRows({*column}, {row});
  column->problem = "as text";
  DecodeRows({*column}, {row});
}

/// A time in any of the forms that an event's own time may have.
FUZZ_TARGET(event_time) {
  int64_t micros = 0;
  for (const TimeUnit unit :
       {TimeUnit::kBySize, TimeUnit::kDays, TimeUnit::kMillis, TimeUnit::kMicros, TimeUnit::kNanos})
    (void)ReadEventTime(bytes, unit, &micros);
}

}  // namespace cdc::event
