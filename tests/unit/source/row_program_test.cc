#include "jobs/source/row_program.h"

#include <catch2/catch_test_macros.hpp>

#include "jobs/source/row_reader.h"
#include "lib/event/pg_type.h"
#include "lib/rows/cast.h"

namespace cdc::source {
namespace {

using event::RowOutcome;

constexpr const char* kUnsent = "__debezium_unavailable_value";

std::vector<event::SourceColumn> Columns(const std::vector<std::pair<std::string, std::string>>& columns) {
  std::vector<event::SourceColumn> all;
  for (const auto& [name, words] : columns) all.push_back(*event::ColumnOfPgType(name, words, {}, true));
  return all;
}

const std::vector<std::pair<std::string, std::string>> kUser = {
    {"id", "integer"}, {"name", "text"}, {"email", "text"}, {"active", "boolean"}, {"tags", "boolean[]"}};

/// A table's program, its table made of the outputs, and rows that go through it.
struct Through {
  explicit Through(RowRules rules, std::vector<std::string> key = {"id"}) : rules_(std::move(rules)) {
    auto compiled = RowProgram::Compile(rules_, Columns(kUser), "users");
    INFO((compiled ? "" : compiled.error().message));
    REQUIRE(compiled.has_value());
    program = std::move(*compiled);
    rows::Schema table;
    for (const event::SourceColumn& output : program->outputs()) {
      rows::Field field;
      field.name = output.name;
      field.type = output.type;
      table.fields.push_back(field);
    }
    schema = std::make_shared<const rows::Schema>(table);
    REQUIRE(program->Bind(*schema, key).has_value());
    event.Need(FunctionsOf(rules_));
    batch.emplace(schema);
    reader.emplace(
        std::make_unique<event::RowDecoder>(program->inputs(), *program->input_schema(), &placeholder, true),
        program.get(), &event, false);
    Say('u');
  }

  void Say(char op, std::optional<int64_t> time = std::nullopt, bool lacks_old_row = true) {
    EventFacts facts;
    facts.op = op;
    facts.event_time = time;
    facts.now = 7'000'000;
    facts.lacks_old_row = lacks_old_row;
    event.Set(facts);
  }

  /// "a|b|c" of the row that comes out; "unsent" for a cell that stays.
  std::string Row(const std::string& json) {
    outcome = reader->Decode(json, &*batch);
    return Last();
  }
  std::string Last() {
    if (outcome == RowOutcome::kBadValue) return reader->error();
    const uint32_t row = batch->rows() - 1;
    std::string text;
    for (size_t i = 0; i < batch->column_count(); ++i) {
      const bool unsent = batch->column(i).cell(row) == rows::Cell::kUnavailable;
      text += (i == 0 ? "" : "|") + (unsent ? "unsent" : rows::CellText(batch->column(i), row));
    }
    return text;
  }

  RowRules rules_;
  event::Placeholder placeholder;
  EventContext event{"users", "group.users"};
  std::unique_ptr<RowProgram> program;
  std::shared_ptr<const rows::Schema> schema;
  std::optional<rows::Batch> batch;
  std::optional<RowReader> reader;
  RowOutcome outcome = RowOutcome::kWhole;
};

RowRules Select(std::vector<SelectedColumn> columns, std::string where = "") {
  RowRules rules;
  rules.select = std::move(columns);
  rules.where = std::move(where);
  return rules;
}

std::string Error(const RowRules& rules) {
  const auto program = RowProgram::Compile(rules, Columns(kUser), "users");
  if (program) return "";
  CHECK(program.error().kind == ErrorKind::kUnsupported);
  return program.error().message;
}

}  // namespace

TEST_CASE("a row of the table is what its expressions make of the source's") {
  Through users(Select({{"id", "id"}, {"mail", "lower(trim(email))"}, {"op", "op()"}, {"at", "now()"}}));
  CHECK(users.Row(R"({"id":1,"name":"Ann","email":" ANN@Example.COM ","active":true,"tags":null})") ==
        "1|ann@example.com|u|1970-01-01 00:00:07+00");
  CHECK(users.outcome == RowOutcome::kWhole);
  // Members that no expression names are not even read.
  CHECK(users.Row(R"({"id":2,"new":{"a":1},"email":null})") == "2|null|u|1970-01-01 00:00:07+00");
}

TEST_CASE(
    "columns have the types of their expressions, and a column that is taken as it is keeps its source's") {
  Through users(Select({{"id", "id"},
                        {"big", "id + 3000000000"},
                        {"yes", "active and id > 0"},
                        {"n", "cast(id as numeric(9,2))"},
                        {"at", "now()"},
                        {"mail", "email"}}));
  std::string types;
  for (const event::SourceColumn& output : users.program->outputs())
    types += rows::ToString(output.type) + ",";
  CHECK(types == "int,long,boolean,decimal(9, 2),timestamptz,string,");
  CHECK(users.program->outputs()[5].source_type == "text");
  CHECK(users.program->outputs()[1].source_type.empty());
}

TEST_CASE("a condition leaves rows out, and only their key is known then") {
  Through users(Select({{"id", "id"}, {"inverse", "10 / id"}}, "active and id <> 0"));
  CHECK(users.Row(R"({"id":5,"active":true})") == "5|2");
  CHECK_FALSE(users.reader->left_out());
  CHECK(users.Row(R"({"id":5,"active":false})") == "5|null");
  CHECK(users.reader->left_out());
  CHECK(users.Row(R"({"id":5,"active":null})") == "5|null");
  CHECK(users.reader->left_out());
  // What is left out is not computed.
  CHECK(users.Row(R"({"id":0,"active":true})") == "0|null");
  CHECK(users.outcome == RowOutcome::kWhole);
}

TEST_CASE("without select a condition is asked of rows that stay as they are") {
  RowRules rules;
  rules.where = "id > 1";
  Through users(rules);
  CHECK(
      users.Row(R"({"id":2,"name":"B","email":"b","active":true,"tags":[true]})").starts_with("2|B|b|true|"));
  CHECK_FALSE(users.reader->left_out());
  users.Row(R"({"id":1,"name":"A"})");
  CHECK(users.reader->left_out());
}

TEST_CASE("a value that cannot be computed is told with its column") {
  Through users(Select({{"id", "id"}, {"inverse", "10 / id"}}));
  CHECK(users.Row(R"({"id":0})") == "column 'inverse': division by zero");
  CHECK(users.outcome == RowOutcome::kBadValue);
  CHECK(users.batch->rows() == 0);
  CHECK(users.Row(R"({"id":"x"})").starts_with("column 'id': "));
  Through asked(Select({{"id", "id"}}, "10 / id > 1"));
  CHECK(asked.Row(R"({"id":0})") == "where: division by zero");
}

TEST_CASE("a column that depends on unsent values alone stays as the table has it") {
  Through users(Select({{"id", "id"}, {"mail", "lower(email)"}, {"either", "coalesce(name, email)"}}));
  const std::string unsent = std::string("{\"id\":1,\"name\":\"N\",\"email\":\"") + kUnsent + "\"}";
  CHECK(users.Row(unsent) == "1|unsent|N");
  CHECK(users.outcome == RowOutcome::kWithGaps);
}

TEST_CASE("a column of sent and unsent values cannot be computed, nor a condition, nor a key") {
  Through both(Select({{"id", "id"}, {"both", "name || email"}}));
  const std::string unsent = std::string("{\"id\":1,\"name\":\"N\",\"email\":\"") + kUnsent + "\"}";
  CHECK(both.Row(unsent).find("REPLICA IDENTITY FULL") != std::string::npos);
  CHECK(both.Row(unsent).starts_with("column 'both': it depends on an unchanged TOAST value"));
  Through event(Select({{"id", "id"}, {"both", "op() || email"}}));
  CHECK(event.Row(unsent).starts_with("column 'both': it depends on an unchanged TOAST value"));
  Through asked(Select({{"id", "id"}}, "email like 'a%'"));
  CHECK(asked.Row(unsent).starts_with("where: it depends on an unchanged TOAST value"));
  Through key(Select({{"mail", "lower(email)"}}), {"mail"});
  CHECK(key.Row(unsent).starts_with("column 'mail': it depends on"));
}

TEST_CASE("a null that may stand for an unsent value is not computed with") {
  // Debezium has no mark for arrays of booleans.
  Through users(Select({{"id", "id"}, {"none", "tags is null"}}));
  CHECK(users.Row(R"({"id":1,"tags":null})").find("REPLICA IDENTITY FULL") != std::string::npos);
  users.Say('u', std::nullopt, false);
  CHECK(users.Row(R"({"id":1,"tags":null})") == "1|true");
  // Taken as it is, the fold has its own way to find out.
  Through plain(Select({{"id", "id"}, {"tags", "tags"}}));
  CHECK(plain.Row(R"({"id":1,"tags":null})") == "1|null");
}

TEST_CASE("the key is computed from a removal's key alone, by the same expressions") {
  Through users(Select({{"mail", "lower(email)"}, {"id", "id"}, {"op", "op()"}}), {"mail"});
  const auto key = users.program->CompileKey({"mail"});
  REQUIRE(key.has_value());
  rows::Schema schema;
  schema.fields.push_back(users.schema->fields[0]);
  REQUIRE((*key)->Bind(schema, {"mail"}).has_value());
  RowReader reader(std::make_unique<event::RowDecoder>((*key)->inputs(), *(*key)->input_schema(),
                                                       &users.placeholder, true),
                   key->get(), &users.event, true);
  rows::Batch batch(std::make_shared<const rows::Schema>(schema));
  REQUIRE(reader.Decode(R"({"email":"A@B","id":3})", &batch) == RowOutcome::kWhole);
  CHECK(rows::CellText(batch.column(0), 0) == "a@b");
  CHECK(reader.Decode(R"({"id":3})", &batch) == RowOutcome::kBadValue);
  CHECK(reader.error() == "column 'email' is missing");
}

TEST_CASE("which columns are the key follows from the events' key, and is refused where it cannot") {
  Through users(Select({{"nr", "id"}, {"name", "lower(name)"}, {"op", "op()"}}), {"nr"});
  CHECK(*users.program->KeyOf({"id"}) == std::vector<std::string>{"nr"});
  const auto computed = users.program->KeyOf({"name"});
  REQUIRE_FALSE(computed.has_value());
  CHECK(computed.error().message ==
        "the events are keyed by name, and select has no column that is \"name\"");
  const auto of_event = users.program->CompileKey({"op"});
  REQUIRE_FALSE(of_event.has_value());
  CHECK(of_event.error().message.find("depends on the event") != std::string::npos);
  CHECK_FALSE(users.program->CompileKey({"id"}).has_value());
}

TEST_CASE("a row that marks a removal has its key and the event, and leaves the rest") {
  RowRules rules = Select({{"id", "id"}, {"name", "name"}, {"op", "op()"}, {"at", "event_time()"}});
  rules.event_time = "ts";
  Through users(rules);
  CHECK(users.program->event_time_column() == 3);
  RowReader& reader = *users.reader;
  users.Say('u', 1'000'000);
  REQUIRE(reader.Decode(R"({"id":1,"name":"N"})", &*users.batch) == RowOutcome::kWhole);
  users.Say('d', 2'000'000);
  users.event.SetRemoval();
  const std::vector<int> key_columns = {0};
  const rows::KeyRow key{&*users.batch, 0, &key_columns};
  CHECK(reader.Mark(key, {}, &*users.batch) == RowOutcome::kWithGaps);
  CHECK(users.Last() == "1|unsent|d|1970-01-01 00:00:02+00");
  CHECK(reader.Mark(key, {0, false}, &*users.batch) == RowOutcome::kWhole);
  CHECK(users.Last() == "1|N|d|1970-01-01 00:00:02+00");
  CHECK(reader.Mark(key, {std::nullopt, true}, &*users.batch) == RowOutcome::kWhole);
  CHECK(users.Last() == "1|null|d|1970-01-01 00:00:02+00");
}

TEST_CASE("counts have a window and groups, and leave the number to who counts") {
  RowRules rules;
  rules.counts = CountRules{std::chrono::minutes(1), {{"op", "op()"}, {"mail", "lower(email)"}}};
  rules.event_time = "ts";
  Through counts(rules, {"window_start", "op", "mail"});
  counts.reader->SetSkipped({3});
  CHECK(*counts.program->KeyOf({}) == std::vector<std::string>{"window_start", "op", "mail"});
  counts.Say('c', 119'999'999);
  counts.outcome = counts.reader->Decode(R"({"id":1,"email":"A"})", &*counts.batch);
  counts.batch->column(3).AppendLong(1);
  CHECK(counts.Last() == "1970-01-01 00:01:00+00|c|a|1");
  counts.Say('d', -1);
  counts.outcome = counts.reader->Decode(R"({"email":"A"})", &*counts.batch);
  counts.batch->column(3).AppendLong(1);
  CHECK(counts.Last() == "1969-12-31 23:59:00+00|d|a|1");
}

TEST_CASE(
    "an expression that does not fit the columns is told with its column, its text and the place in it") {
  CHECK(Error(Select({{"id", "id"}, {"mail", "lower(emial)"}})) ==
        "the expression of column 'mail', \"lower(emial)\": line 1, column 7: there is no column \"emial\" "
        "(did you mean "
        "email?)");
  CHECK(Error(Select({{"x", "name + 1"}})).find("operator does not exist: text + integer") !=
        std::string::npos);
  CHECK(
      Error(Select({{"id", "id"}}, "name")).starts_with("where, \"name\": it is no condition but a string"));
  CHECK(Error(Select({{"at", "event_time()"}})).find("event_time() is not known here") != std::string::npos);
}

TEST_CASE("a table's column takes what widens to it and nothing else") {
  Through users(Select({{"id", "id"}}));
  rows::Schema wide = *users.schema, text = *users.schema;
  wide.fields[0].type = rows::Type::Of(rows::TypeKind::kLong);
  text.fields[0].type = rows::Type::Of(rows::TypeKind::kString);
  REQUIRE(users.program->Bind(wide, {"id"}).has_value());
  rows::Batch batch(std::make_shared<const rows::Schema>(wide));
  REQUIRE(users.reader->Decode(R"({"id":7})", &batch) == RowOutcome::kWhole);
  CHECK(batch.column(0).fixed<int64_t>(0) == 7);
  const Status refused = users.program->Bind(text, {"id"});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.find("it gives int, and the table's column is a string") !=
        std::string::npos);
}

}  // namespace cdc::source
