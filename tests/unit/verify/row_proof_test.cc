/// The proof against a source that changes all the time and a table that follows it, with and without rows
/// that are wrong for good.

#include "lib/verify/row_proof.h"

#include <map>
#include <random>
#include <set>

#include <catch2/catch_test_macros.hpp>

namespace cdc::verify {
namespace {

struct Row {
  int value = 0;
  uint64_t version = 0;
};

class FakeSide final : public Side {
 public:
  explicit FakeSide(std::map<int, std::vector<Row>> rows) : rows_(std::move(rows)) {}
  Result<Buckets> Sums(Progress*) override {
    Buckets buckets(16);
    for (const auto& [key, rows] : rows_) {
      for (const Row& row : rows) {
        ++buckets[BucketOf(key, 16)].rows;
        buckets[BucketOf(key, 16)].sum += Hash(key, row);
      }
    }
    return buckets;
  }
  Result<std::vector<RowMark>> Marks(const std::vector<bool>& buckets, Progress*) override {
    std::vector<RowMark> marks;
    for (const auto& [key, rows] : rows_) {
      for (size_t i = 0; i < rows.size(); ++i) {
        if (buckets[BucketOf(key, 16)])
          marks.push_back({key, Hash(key, rows[i]), {static_cast<uint32_t>(i), key}, rows[i].version});
      }
    }
    return marks;
  }
  Result<std::vector<RowTexts>> Texts(const std::vector<Place>& places) override {
    std::vector<RowTexts> texts;
    for (const Place& place : places) {
      const Row& row = rows_.at(static_cast<int>(place.at)).at(place.file);
      texts.push_back({std::to_string(place.at), std::to_string(row.value)});
    }
    return texts;
  }

 private:
  static int64_t Hash(int key, const Row& row) { return int64_t{key} * 1'000'003 + row.value * 7919 + 1; }
  std::map<int, std::vector<Row>> rows_;
};

/// Source and table. Each change is of one key; the table applies them in order, `behind` of them late.
struct World {
  explicit World(uint32_t seed) : random(seed) {
    for (int key = 0; key < kKeys; ++key) source[key] = {Row{0, ++version}};
    table = source;
  }
  void Change() {
    const int key = static_cast<int>(random() % kKeys);
    if (quiet.contains(key)) return;
    auto& rows = source[key];
    // Values go back and forth: a row may look as it did before.
    if (!rows.empty() && random() % 8 == 0)
      rows.clear();
    else
      rows = {Row{static_cast<int>(random() % 2), ++version}};
    on_the_way.push_back({key, rows});
  }
  void Apply(size_t behind) {
    while (on_the_way.size() > behind) {
      const auto& [key, rows] = on_the_way.front();
      table[key] = rows;
      on_the_way.erase(on_the_way.begin());
    }
  }
  /// The table as it is shown: rows that are wrong for good included.
  std::map<int, std::vector<Row>> Shown() const {
    auto shown = table;
    for (const auto& [key, rows] : wrong) shown[key] = rows;
    return shown;
  }

  static constexpr int kKeys = 200;
  std::mt19937 random;
  uint64_t version = 0;
  std::set<int> quiet;  ///< keys that nobody changes
  std::map<int, std::vector<Row>> source, table, wrong;
  std::vector<std::pair<int, std::vector<Row>>> on_the_way;
};

struct Rules {
  int changes = 60;                       ///< between any two moments
  int looks = 12;                         ///< then time is up
  Coverage coverage = Coverage::kProven;  ///< of later looks
};

Proof Run(World& world, const Rules& rules, const ProofLimits& limits = {}) {
  int opened = 0;
  ProofPorts ports;
  ports.open = [&](bool wait) -> Result<Pair> {
    ++opened;
    for (int i = 0; i < rules.changes; ++i) world.Change();
    Pair pair;
    pair.source = std::make_unique<FakeSide>(world.source);
    const size_t waiting = world.on_the_way.size();
    pair.coverage = wait ? rules.coverage : Coverage::kNo;
    // The table is read while more happens, some of which it has already.
    for (int i = 0; i < rules.changes; ++i) world.Change();
    const size_t newer = world.on_the_way.size() - waiting;
    const bool covers = pair.coverage == Coverage::kProven;
    if (rules.coverage != Coverage::kNo)
      world.Apply(covers ? (newer == 0 ? 0 : world.random() % (newer + 1))
                         : world.random() % (world.on_the_way.size() + 1));
    pair.target = std::make_unique<FakeSide>(world.Shown());
    return pair;
  };
  ports.both = [](const std::string&, Progress*, Progress*, const std::function<void()>& a,
                  const std::function<void()>& b) {
    a();
    b();
  };
  ports.is_time_up = [&] { return opened >= rules.looks; };
  Plan plan;
  plan.columns = {{"k", "k", "", "", CellForm::kPlain}, {"v", "v", "", "", CellForm::kPlain}};
  plan.key = {0};
  auto proof = Prove(ports, plan, limits);
  REQUIRE(proof.has_value());
  return std::move(*proof);
}

TEST_CASE("A table that follows its source never differs, however fast that changes") {
  int equal = 0;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    World world(seed);
    const Proof proof = Run(world, {});
    CHECK(proof.differences == 0);
    if (proof.equal()) ++equal;
  }
  CHECK(equal > 200);  // most are settled in time; the others are told as unsettled
}

TEST_CASE("Rows that are wrong are all found and named while others change") {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    World world(seed);
    world.quiet = {3, 50, 51, 199};
    world.source[199].clear();
    world.table[199].clear();
    world.wrong = {{3, {}}, {50, {Row{9, 0}}}, {51, {Row{0, 0}, Row{0, 0}}}, {199, {Row{1, 0}}}};
    const Proof proof = Run(world, {});
    INFO("seed " << seed);
    CHECK(proof.differences == 4);
    CHECK(proof.proven);
    std::map<std::string, DifferenceKind> kinds;
    for (const RowDifference& row : proof.rows)
      kinds[*(row.source.empty() ? row.target : row.source)[0]] = row.kind;
    CHECK(kinds == std::map<std::string, DifferenceKind>{{"3", DifferenceKind::kMissing},
                                                         {"50", DifferenceKind::kChanged},
                                                         {"51", DifferenceKind::kDuplicate},
                                                         {"199", DifferenceKind::kExtra}});
  }
}

TEST_CASE("What the table does not have yet is unsettled, not different") {
  World world(1);
  const Proof proof = Run(world, {.changes = 60, .looks = 5, .coverage = Coverage::kNo});
  CHECK(proof.differences == 0);
  CHECK(proof.unsettled > 0);
  CHECK_FALSE(proof.equal());
}

TEST_CASE("In silence a difference that stays is one, but not proven") {
  World world(1);
  world.wrong = {{7, {Row{5, 0}}}};
  const Proof proof = Run(world, {.changes = 0, .looks = 4, .coverage = Coverage::kQuiet});
  CHECK(proof.differences == 1);
  CHECK_FALSE(proof.proven);
  REQUIRE(proof.rows.size() == 1);
  CHECK(DifferingColumns(proof.rows[0]) == std::vector<size_t>{1});
}

TEST_CASE("Memory is bounded: many differences are looked at in parts, and no further than they are shown") {
  World world(1);
  for (int key = 0; key < World::kKeys; ++key) world.wrong[key] = {Row{8, 0}};
  const Proof all = Run(world, {.changes = 0, .looks = 100}, {.rows = 1000, .marks = 30});
  CHECK(all.differences == World::kKeys);
  CHECK_FALSE(all.more);
  const Proof some = Run(world, {.changes = 0, .looks = 100}, {.rows = 10, .marks = 30});
  CHECK(some.more);
  CHECK(some.rows.size() == 10);
  CHECK(some.differences < 40);
}

}  // namespace
}  // namespace cdc::verify
