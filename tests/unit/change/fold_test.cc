#include "lib/change/fold.h"

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <random>

namespace cdc::change {
namespace {

using rows::Cell;

/// Columns: id int, text string.
std::shared_ptr<const rows::Schema> Schema() {
  auto schema = std::make_shared<rows::Schema>();
  for (const auto& [name, kind] :
       {std::pair("id", rows::TypeKind::kInt), std::pair("text", rows::TypeKind::kString)}) {
    rows::Field field;
    field.name = name;
    field.type = rows::Type::Of(kind);
    schema->fields.push_back(field);
  }
  return schema;
}

Hash128 Key(int id) { return HashBytes({reinterpret_cast<const char*>(&id), sizeof id}); }

constexpr const char* kUnsent = nullptr;

uint32_t Append(Fold& fold, int id, const char* text) {
  rows::Batch& batch = fold.batch();
  batch.column(0).AppendInt(id);
  if (text == kUnsent)
    batch.column(1).AppendUnavailable();
  else
    batch.column(1).AppendBytes(text);
  return batch.rows() - 1;
}

Gaps Upsert(Fold& fold, int id, const char* text) {
  return fold.Upsert(Key(id), Append(fold, id, text), text == kUnsent);
}

const Slot* Find(const Fold& fold, int id) {
  for (const Slot& slot : fold.slots()) {
    if (slot.key == Key(id)) return &slot;
  }
  return nullptr;
}

std::string_view Text(const Fold& fold, int id) { return fold.batch().column(1).bytes(Find(fold, id)->row); }

TEST_CASE("the last change of a key wins") {
  Fold fold(Schema());
  Upsert(fold, 1, "a");
  Upsert(fold, 1, "b");
  CHECK(Text(fold, 1) == "b");
  fold.Remove(Key(1));
  CHECK(Find(fold, 1)->state == Slot::State::kGone);
  Upsert(fold, 1, "c");
  CHECK(Text(fold, 1) == "c");
  CHECK(fold.slots().size() == 1);
}

TEST_CASE("random changes fold to what a map holds") {
  Fold fold(Schema());
  std::map<int, std::string> model;
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const int id = static_cast<int>(random() % 3000);
    if (random() % 3 == 0) {
      fold.Remove(Key(id));
      model.erase(id);
    } else {
      model[id] = std::to_string(i);
      Upsert(fold, id, model[id].c_str());
    }
    if (i == 10'000) {
      fold.Truncate();
      model.clear();
    }
  }
  size_t live = 0;
  for (const Slot& slot : fold.slots()) live += slot.state == Slot::State::kLive;
  REQUIRE(live == model.size());
  for (const auto& [id, text] : model) REQUIRE(Text(fold, id) == text);
  CHECK(fold.truncated());
}

TEST_CASE("an unsent value comes from the key's earlier row in the batch") {
  Fold fold(Schema());
  Upsert(fold, 1, "old");
  CHECK(Upsert(fold, 1, kUnsent) == Gaps::kFilled);
  CHECK(Text(fold, 1) == "old");
  CHECK(fold.gaps().empty());
}

TEST_CASE("an unsent value of a row that only the table has stays open, through further updates") {
  Fold fold(Schema());
  CHECK(Upsert(fold, 1, kUnsent) == Gaps::kPending);
  CHECK(Upsert(fold, 1, kUnsent) == Gaps::kPending);
  REQUIRE(fold.gaps().size() == 1);
  CHECK(fold.gaps().begin()->first == Find(fold, 1)->row);
  CHECK(fold.gaps().begin()->second.key == Key(1));
  Upsert(fold, 1, "new");
  CHECK(fold.gaps().empty());
}

TEST_CASE("an unsent value of a row that is gone cannot be known") {
  Fold fold(Schema());
  fold.Remove(Key(1));
  CHECK(Upsert(fold, 1, kUnsent) == Gaps::kUnknown);
  Fold truncated(Schema());
  truncated.Truncate();
  CHECK(Upsert(truncated, 1, kUnsent) == Gaps::kUnknown);
}

TEST_CASE("a key change takes unsent values along, and a swap does not mix them up") {
  Fold fold(Schema());
  Upsert(fold, 1, "one");
  const auto move = [&](int from, int to) {
    fold.Remove(Key(from), true);
    return fold.UpsertMoved(Key(to), Append(fold, to, kUnsent), true, Key(from));
  };
  CHECK(move(1, -1) == Gaps::kFilled);  // one: in the batch
  CHECK(move(2, 1) == Gaps::kPending);  // two: in the table
  CHECK(move(-1, 2) == Gaps::kFilled);
  CHECK(Text(fold, 2) == "one");
  CHECK(Find(fold, -1)->state == Slot::State::kGone);
  CHECK(fold.gaps().at(Find(fold, 1)->row).key == Key(2));
}

TEST_CASE("a key change that is sent again finds its row under the new key") {
  Fold fold(Schema());
  Upsert(fold, 1, "one");
  for (int repeat = 0; repeat < 2; ++repeat) {
    fold.Remove(Key(1), true);
    REQUIRE(fold.UpsertMoved(Key(2), Append(fold, 2, kUnsent), true, Key(1)) == Gaps::kFilled);
    CHECK(Text(fold, 2) == "one");
  }
  // In another run the old key may be gone from the table and the new one there.
  Fold later(Schema());
  later.Remove(Key(1), true);
  REQUIRE(later.UpsertMoved(Key(2), Append(later, 2, kUnsent), true, Key(1)) == Gaps::kPending);
  CHECK(later.gaps().begin()->second.key == Key(1));
  CHECK(later.gaps().begin()->second.otherwise == Key(2));
}

TEST_CASE("the first half of a key change can be taken back") {
  Fold fold(Schema());
  Upsert(fold, 1, "one");
  fold.Remove(Key(1), true);
  fold.Remove(Key(2), true);
  fold.RestoreMoved(Key(1));
  fold.RestoreMoved(Key(2));
  CHECK(Text(fold, 1) == "one");
  CHECK(Find(fold, 1)->state == Slot::State::kLive);
  CHECK(Find(fold, 2)->state == Slot::State::kUntouched);
}

TEST_CASE("a row is completed from the table's, and an unknown one leaves the table's alone") {
  Fold fold(Schema());
  Upsert(fold, 1, kUnsent);
  Upsert(fold, 2, kUnsent);
  auto text_only = std::make_shared<rows::Schema>();
  text_only->fields.push_back(Schema()->fields[1]);
  rows::Batch patch(text_only);
  patch.column(0).AppendBytes("from the table");
  fold.Complete(0, patch, 0, {-1, 0});
  CHECK(Text(fold, 1) == "from the table");
  CHECK(fold.batch().column(0).fixed<int32_t>(Find(fold, 1)->row) == 1);
  fold.Abandon(Key(2));
  CHECK(Find(fold, 2)->state == Slot::State::kUntouched);
  CHECK(fold.gaps().empty());
}

TEST_CASE("a row that comes by a key change wins over those before it, however it comes") {
  Fold fold(Schema());
  Upsert(fold, 1, "one");
  fold.Remove(Key(1), true);
  Upsert(fold, 2, "before");
  REQUIRE(fold.UpsertMoved(Key(2), Append(fold, 2, "moved"), false, Key(1)) == Gaps::kFilled);
  CHECK(Text(fold, 2) == "moved");
  CHECK(Find(fold, 1)->state == Slot::State::kGone);
}

TEST_CASE("a removal, its taking back and giving up see the row that came just before") {
  Fold fold(Schema());
  Upsert(fold, 1, "one");
  fold.Remove(Key(1));
  CHECK(Find(fold, 1)->state == Slot::State::kGone);
  Upsert(fold, 2, "two");
  fold.Remove(Key(2), true);
  fold.RestoreMoved(Key(2));
  CHECK(Text(fold, 2) == "two");
  // What came after the first half stays.
  fold.Remove(Key(2), true);
  Upsert(fold, 2, "anew");
  fold.RestoreMoved(Key(2));
  CHECK(Text(fold, 2) == "anew");
  Upsert(fold, 3, "three");
  fold.Abandon(Key(3));
  CHECK(Find(fold, 3)->state == Slot::State::kUntouched);
}

TEST_CASE("nothing of a batch is left in the next one") {
  Fold fold(Schema());
  Upsert(fold, 1, "one");
  CHECK_FALSE(fold.empty());
  fold.Reset(Schema());
  CHECK(fold.empty());
  CHECK(fold.slots().empty());
  Upsert(fold, 1, kUnsent);
  fold.Remove(Key(2), true);
  fold.Reset(Schema());
  CHECK(fold.gaps().empty());
  const uint32_t row = Append(fold, 3, kUnsent);
  REQUIRE(fold.UpsertMoved(Key(3), row, true, Key(2)) == Gaps::kPending);
  CHECK(fold.gaps().at(row).late);  // the first half is not known here
}

TEST_CASE("keys whose hashes have much in common are different keys") {
  Fold fold(Schema());
  const auto put = [&](const Hash128& key, int id, const char* text) {
    return fold.Upsert(key, Append(fold, id, text), false);
  };
  // All that the table of places keeps is the same: only the slots tell them apart.
  constexpr uint64_t kFar = uint64_t{1} << 40;
  for (int id = 0; id < 40; ++id) put({7, kFar * static_cast<uint64_t>(id)}, id, std::to_string(id).c_str());
  for (int id = 0; id < 40; ++id)
    put({7 + kFar * static_cast<uint64_t>(id + 1), 0}, 40 + id, std::to_string(40 + id).c_str());
  REQUIRE(fold.slots().size() == 80);
  for (int id = 0; id < 80; ++id) {
    CHECK(fold.batch().column(1).bytes(fold.slots()[static_cast<size_t>(id)].row) == std::to_string(id));
  }
}

TEST_CASE("a row that was placed just now is completed as any other") {
  Fold fold(Schema());
  Upsert(fold, 1, "whole");
  const rows::Batch patch(Schema());
  fold.Complete(0, patch, 0, {-1, -1});
  CHECK(Find(fold, 1)->row == 1);
  CHECK(Text(fold, 1) == "whole");
}

TEST_CASE("what is derived from a filled cell is derived again") {
  Fold fold(Schema());
  std::vector<std::string> seen;
  fold.SetRederive([&](rows::Batch* batch, uint32_t row) {
    REQUIRE(row + 1 == batch->rows());
    seen.emplace_back(batch->column(1).bytes(row));
  });
  Upsert(fold, 1, "in the batch");
  Upsert(fold, 1, kUnsent);
  Upsert(fold, 2, kUnsent);
  auto text_only = std::make_shared<rows::Schema>();
  text_only->fields.push_back(Schema()->fields[1]);
  rows::Batch patch(text_only);
  patch.column(0).AppendBytes("from the table");
  fold.Complete(1, patch, 0, {-1, 0});
  CHECK(seen == std::vector<std::string>{"in the batch", "", "from the table"});
}

}  // namespace
}  // namespace cdc::change
