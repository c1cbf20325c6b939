#include <catch2/catch_test_macros.hpp>

#include "jobs/source/toast_doubts.h"
#include "lib/event/pg_type.h"

namespace cdc::source {
namespace {

using rows::Cell;
using rows::Type;
using rows::TypeKind;

/// Columns: id int, text string, list double precision[].
std::shared_ptr<const rows::Schema> Schema() {
  auto schema = std::make_shared<rows::Schema>();
  const std::pair<const char*, Type> columns[] = {{"id", Type::Of(TypeKind::kInt)},
                                                  {"text", Type::Of(TypeKind::kString)},
                                                  {"list", Type::ListOf(Type::Of(TypeKind::kDouble))}};
  for (const auto& [name, type] : columns) {
    rows::Field field;
    field.name = name;
    field.type = type;
    schema->fields.push_back(field);
  }
  return schema;
}

Hash128 Key(int id) { return HashBytes({reinterpret_cast<const char*>(&id), sizeof id}); }

constexpr int kList = 2, kNull = -1;

uint32_t Append(rows::Batch& batch, int id, const char* text, int elements) {
  batch.column(0).AppendInt(id);
  if (text == nullptr)
    batch.column(1).AppendUnavailable();
  else
    batch.column(1).AppendBytes(text);
  rows::Column& list = batch.column(kList);
  if (elements == kNull) {
    list.AppendNull();
  } else {
    for (int i = 0; i < elements; ++i) list.BeginList().AppendDouble(i + 0.5);
    list.EndList();
  }
  return batch.rows() - 1;
}

Gaps Insert(Fold& fold, int id, int elements, const char* text = "t") {
  return fold.Upsert(Key(id), Append(fold.batch(), id, text, elements), false);
}

/// An update whose list is null or empty, which may stand for one that was not sent.
Gaps Update(Fold& fold, int id, const char* text = "u", int elements = kNull) {
  return fold.Upsert(Key(id), Append(fold.batch(), id, text, elements), true, {{kList, false}});
}

const Slot& Find(const Fold& fold, int id) {
  for (const Slot& slot : fold.slots()) {
    if (slot.key == Key(id)) return slot;
  }
  FAIL("no slot");
  return fold.slots().front();
}

TEST_CASE("a null after a value that fits its row is meant") {
  Fold fold(Schema());
  Insert(fold, 1, 3);
  CHECK(Update(fold, 1) == Gaps::kFilled);
  CHECK(fold.batch().column(kList).cell(Find(fold, 1).row) == Cell::kNull);
  Insert(fold, 2, kNull);
  CHECK(Update(fold, 2) == Gaps::kFilled);
  Insert(fold, 3, 0);
  CHECK(Update(fold, 3, "u", 0) == Gaps::kFilled);
  CHECK(fold.batch().column(kList).cell(Find(fold, 3).row) == Cell::kValue);
}

TEST_CASE("a null after a large value is refused, and names its column") {
  Fold fold(Schema());
  Insert(fold, 1, 400);
  CHECK(Update(fold, 1) == Gaps::kRefused);
  CHECK(fold.refusal().doubt);
  CHECK(ReasonOf(fold.refusal(), *Schema()).find("column 'list'") != std::string::npos);
  CHECK(ReasonOf(fold.refusal(), *Schema()).find("REPLICA IDENTITY FULL") != std::string::npos);
  // The row is as it was before.
  CHECK(fold.batch().column(kList).has_value(Find(fold, 1).row));
  // PostgreSQL moves the largest values out first: then a short list stays.
  const std::string wide(3000, 'x');
  Insert(fold, 2, 5, wide.c_str());
  CHECK(Update(fold, 2) == Gaps::kFilled);
  // Where the text is the smaller one, it may have been the list.
  const std::string medium(1500, 'x');
  Insert(fold, 3, 250, medium.c_str());
  CHECK(Update(fold, 3) == Gaps::kRefused);
}

TEST_CASE("without an old row nothing says that a null was not meant") {
  Fold fold(Schema());
  fold.Remove(Key(1));
  CHECK(Update(fold, 1) == Gaps::kFilled);
  Fold truncated(Schema());
  truncated.Truncate();
  CHECK(Update(truncated, 1) == Gaps::kFilled);
}

TEST_CASE("the table's row decides for all updates of a batch that had no other") {
  Fold fold(Schema());
  CHECK(Update(fold, 1) == Gaps::kPending);
  CHECK(Update(fold, 1, nullptr) == Gaps::kPending);
  const uint32_t row = Find(fold, 1).row;
  REQUIRE(fold.gaps().contains(row));
  CHECK(fold.gaps().at(row).has_doubt(kList));
  CHECK(fold.batch().column(1).bytes(row) == "u");
  // A value that comes settles it.
  Insert(fold, 1, 3);
  CHECK(fold.gaps().empty());
  CHECK(Update(fold, 1) == Gaps::kFilled);
}

TEST_CASE("a doubt goes along with a key change") {
  Fold fold(Schema());
  Insert(fold, 1, 400);
  fold.Remove(Key(1), true);
  const uint32_t row = Append(fold.batch(), 2, "u", kNull);
  CHECK(fold.UpsertMoved(Key(2), row, true, Key(1), {{kList, false}}) == Gaps::kRefused);
  Fold later(Schema());
  later.Remove(Key(1), true);
  CHECK(later.UpsertMoved(Key(2), Append(later.batch(), 2, "u", kNull), true, Key(1), {{kList, false}}) ==
        Gaps::kPending);
  CHECK(later.gaps().at(Find(later, 2).row).key == Key(1));
}

TEST_CASE("a placeholder is never completed with null") {
  Fold fold(Schema());
  rows::Batch& batch = fold.batch();
  batch.column(0).AppendInt(1);
  batch.column(1).AppendNull();
  batch.column(kList).AppendNull();
  fold.Upsert(Key(1), 0, false);
  CHECK(fold.Upsert(Key(1), Append(batch, 1, nullptr, 1), true) == Gaps::kRefused);
  CHECK_FALSE(fold.refusal().doubt);
  CHECK(ReasonOf(fold.refusal(), *Schema()).find("column 'text'") != std::string::npos);

  Fold later(Schema());
  CHECK(later.Upsert(Key(1), Append(later.batch(), 1, nullptr, 1), true) == Gaps::kPending);
  rows::Batch patch(Schema());
  patch.column(0).AppendInt(1);
  patch.column(1).AppendNull();
  patch.column(kList).AppendNull();
  const uint32_t rows = later.batch().rows();
  CHECK_FALSE(later.Complete(0, patch, 0, {0, 1, 2}));
  CHECK(later.refused().contains(0));
  CHECK(later.batch().rows() == rows);
}

TEST_CASE("printed elements tell types without a placeholder from text") {
  const auto movable = [](std::initializer_list<const char*> texts) {
    rows::Column column(Type::ListOf(Type::Of(TypeKind::kString)));
    for (int i = 0; i < 100; ++i) {
      for (const char* text : texts) column.BeginList().AppendBytes(text);
    }
    column.EndList();
    return IsMovable(column, 0, true);
  };
  CHECK(movable({"10.0.0.1", "fe80::1/64"}));
  CHECK(movable({"08:00:2b:01:02:03"}));
  CHECK(movable({"[1,5)", "empty", "(,3]", "[\"2020-01-01 00:00:00\",)"}));
  CHECK(movable({"12.50", "-1E+3"}));
  CHECK(movable({"2024-01-01T00:00:00.5Z"}));
  CHECK(movable({"AJY="}));
  CHECK_FALSE(movable({"some words"}));
  CHECK_FALSE(movable({"10.0.0.1", "and words"}));
}

event::SourceColumn Column(const char* name, const char* words) {
  return *event::ColumnOfPgType(name, words, {}, true);
}

TEST_CASE("only updates without an old row, and second halves of key changes, are in doubt") {
  const auto schema = Schema();
  ToastDoubts doubts;
  doubts.Learn({Column("id", "int"), Column("text", "text"), Column("list", "float8[]")}, *schema);
  rows::Batch batch(schema);
  const uint32_t row = Append(batch, 1, "t", kNull), whole = Append(batch, 2, "t", 1),
                 empty = Append(batch, 3, "t", 0);
  event::Envelope update, insert, full;
  update.op = full.op = event::Op::kUpdate;
  insert.op = event::Op::kCreate;
  full.before = "{}";
  REQUIRE(doubts.In(batch, row, update, false).size() == 1);
  CHECK(doubts.In(batch, row, update, false)[0].column == kList);
  CHECK(doubts.In(batch, whole, update, false).empty());
  CHECK(doubts.In(batch, empty, update, false).size() == 1);
  CHECK(doubts.In(batch, row, insert, false).empty());
  CHECK(doubts.In(batch, row, insert, true).size() == 1);
  CHECK(doubts.In(batch, row, full, false).empty());
  CHECK(doubts.In(batch, row, insert, true).empty());
  doubts.NoteRemoval(R"({"id":1,"text":"","list":null})");
  CHECK(doubts.In(batch, row, insert, true).size() == 1);
  doubts.NoteRemoval(R"({"id":1,"text":"t","list":[1.5]})");
  CHECK(doubts.In(batch, row, insert, true).empty());
}

TEST_CASE("types without a placeholder are known by their names") {
  using event::Unchanged;
  for (const char* words :
       {"numeric(10,2)[]", "boolean[]", "real[]", "float8[]", "int2[]", "smallint[]", "time[]", "timestamp[]",
        "timestamptz[]", "inet[]", "cidr[]", "macaddr[]", "int4range[]", "tstzrange[]", "citext[]",
        "bit varying(4000)", "numeric", "oid[]", "hstore[]"}) {
    INFO(words);
    CHECK(Column("c", words).unchanged == Unchanged::kNull);
  }
  for (const char* words :
       {"text[]", "varchar(20)[]", "character(5)[]", "json[]", "jsonb[]", "int[]", "bigint[]", "date[]",
        "uuid[]", "bytea[]", "text", "jsonb", "bytea", "hstore", "xml", "int4range"}) {
    INFO(words);
    CHECK(Column("c", words).unchanged == Unchanged::kMarked);
  }
  event::Handling iso;
  iso.time = event::TimePrecision::kIsoString;
  CHECK(event::ColumnOfPgType("c", "date[]", iso, true)->unchanged == Unchanged::kNull);
  CHECK(NamesOfUnmarked({Column("a", "text[]"), Column("b", "float8[]"), Column("c", "numeric(9,2)"),
                         Column("d", "inet[]")},
                        nullptr) == "b, d");
}

}  // namespace
}  // namespace cdc::source
