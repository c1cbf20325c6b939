/// What the HTTP server remembers: history of figures, and troubles.

#include <fmt/format.h>
#include <catch2/catch_test_macros.hpp>

#include "orchestrator/history.h"
#include "orchestrator/troubles.h"

namespace cdc::orchestrator {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;

/// Notes a view each step.
struct Steps {
  explicit Steps(size_t most = History::kMostPoints) : history(SteadyTime{}, most) {}

  void Note(std::vector<TableView> tables) {
    View view{.tables = std::move(tables)};
    view.now_ms = kNow + step * History::kStep.count();
    history.Note(view, SteadyTime{} + History::kStep * step++);
  }
  TableView Completed(TableView table) const {
    View view{.tables = {std::move(table)}};
    history.Complete(&view);
    return view.tables[0];
  }

  History history;
  int64_t step = 0;
};

TableView Figures(const char* name, int64_t events, std::optional<int64_t> lag) {
  return {.table = name, .lag = lag, .events = events};
}

contract::Verdict Wrong(std::vector<contract::Reason> reasons) {
  return {contract::Level::kAttention, std::move(reasons)};
}

contract::Reason Of(const char* code, const char* table, const char* text = "text") {
  return {contract::Level::kAttention, code, table, text, "hint", 0};
}

}  // namespace

TEST_CASE("history: what was read between two steps is a rate, of each table and of all") {
  Steps t;
  t.Note({Figures("a", 100, 50), Figures("b", 0, 0)});
  t.Note({Figures("a", 600, 40), Figures("b", 50, std::nullopt)});
  const Series a = t.history.OfTable("a");
  CHECK(a.first_ms == kNow);
  CHECK(a.events_per_second ==
        std::vector<std::optional<float>>{0, 100});  // what was before the first step is no rate
  CHECK(a.lag == std::vector<std::optional<float>>{50, 40});
  CHECK(t.history.OfTable("b").lag == std::vector<std::optional<float>>{0, std::nullopt});
  CHECK(t.history.OfAll().events_per_second == std::vector<std::optional<float>>{0, 110});
  CHECK(t.history.OfAll().lag == std::vector<std::optional<float>>{50, 40});
  CHECK(t.history.OfTable("c").lag.empty());
  CHECK(t.history.Newest().step == 1);
  CHECK(t.history.Newest().events_per_second == 110);
}

TEST_CASE("history: a step is noted once, and a late one spreads over its time") {
  Steps t;
  t.Note({Figures("a", 0, 0)});
  CHECK_FALSE(t.history.IsDue(SteadyTime{} + Millis(4'999)));
  CHECK(t.history.IsDue(SteadyTime{} + Millis(5'000)));
  t.step = 4;
  t.Note({Figures("a", 200, 0)});
  CHECK(t.history.OfTable("a").events_per_second == std::vector<std::optional<float>>{0, 0, 0, 0, 10});
  t.step = 4;
  t.Note({Figures("a", 400, 0)});
  CHECK(t.history.OfTable("a").events_per_second.size() == 5);
}

TEST_CASE("history: an hour is kept, and a table without changes costs one point") {
  Steps t;
  for (int64_t i = 0; i < 2 * History::kSteps; ++i)
    t.Note({Figures("busy", i * 5, i), Figures("idle", 7, 0)});
  CHECK(t.history.OfTable("busy").lag.size() == History::kSteps);
  CHECK(t.history.OfTable("busy").lag.front() == static_cast<float>(History::kSteps));
  CHECK(t.history.OfTable("idle").lag == std::vector<std::optional<float>>(History::kSteps, 0));
  CHECK(t.history.OfAll().lag.size() == History::kSteps);
  CHECK(t.history.points() == History::kSteps + 1);
}

TEST_CASE("history: too many points shorten it, and a table that went takes its points along") {
  Steps t(500);
  const auto tables = [&](int64_t i) {
    std::vector<TableView> all;
    for (const char* name : {"a", "b", "c", "d"}) all.push_back(Figures(name, i * 10, i));
    return all;
  };
  for (int64_t i = 0; i < 300; ++i) t.Note(tables(i));
  CHECK(t.history.points() <= 500);
  const Series a = t.history.OfTable("a");
  CHECK(a.lag.size() >= 60);
  CHECK(a.lag.back() == 299);
  CHECK(a.lag.front() == static_cast<float>(300 - a.lag.size()));
  CHECK(t.history.OfAll().lag.size() == 300);
  t.Note({Figures("a", 0, 0)});
  CHECK(t.history.points() < 200);
  CHECK(t.history.OfTable("b").lag.empty());
}

TEST_CASE("history: a catch-up has a progress and an end in sight") {
  Steps t;
  t.Note({Figures("a", 0, 10'000)});
  CHECK(t.Completed(Figures("a", 0, 10'000)).progress == 0);
  CHECK_FALSE(t.Completed(Figures("a", 0, 10'000)).eta_seconds.has_value());
  t.Note({Figures("a", 5'000, 5'000)});
  const TableView half = t.Completed(Figures("a", 5'000, 5'000));
  CHECK(half.progress == 0.5);
  CHECK(half.eta_seconds == 6);  // 1,000 each second
  CHECK(half.events_per_second == 1'000);
  t.Note({Figures("a", 6'000, 9'000)});  // it falls behind more than it gains
  t.Note({Figures("a", 7'000, 12'000)});
  CHECK_FALSE(t.Completed(Figures("a", 7'000, 12'000)).eta_seconds.has_value());
  t.Note({Figures("a", 19'000, 0)});
  CHECK_FALSE(t.Completed(Figures("a", 19'000, 0)).progress.has_value());
  CHECK_FALSE(t.Completed(Figures("b", 0, 5)).events_per_second.has_value());
  TableView held = Figures("a", 19'000, 5);
  held.phase = Phase::kHeld;
  CHECK_FALSE(t.Completed(held).progress.has_value());
}

TEST_CASE("troubles: each begins once, takes the newest text, and ends") {
  Troubles t;
  t.Note(Wrong({Of("held", "a"), Of("slot", ""), Of("slot", "", "another")}), kNow);
  t.Note(Wrong({Of("held", "a", "later text")}), kNow + 5);
  t.Note(Wrong({Of("held", "a", "later text")}), kNow + 10);
  REQUIRE(t.all().size() == 2);
  CHECK(t.all()[0].reason.text == "later text");
  CHECK(t.all()[0].begin_ms == kNow);
  CHECK(t.all()[0].end_ms == 0);
  CHECK(t.all()[1].end_ms == kNow + 5);
  t.Note(Wrong({}), kNow + 15);
  t.Note(Wrong({Of("held", "a")}), kNow + 20);
  REQUIRE(t.all().size() == 3);
  CHECK(t.all()[0].end_ms == kNow + 15);
  CHECK(t.all()[2].begin_ms == kNow + 20);
}

TEST_CASE("troubles: the newest stay, and one that was dropped ends without harm") {
  Troubles t;
  std::vector<contract::Reason> many;
  for (size_t i = 0; i < Troubles::kMost + 10; ++i) many.push_back(Of("held", fmt::format("t{}", i).c_str()));
  t.Note(Wrong(many), kNow);
  CHECK(t.all().size() == Troubles::kMost);
  CHECK(t.all().front().reason.table == "t10");
  t.Note(Wrong({many.back()}), kNow + 5);
  CHECK(t.all().front().end_ms == kNow + 5);
  CHECK(t.all().back().end_ms == 0);
}

}  // namespace cdc::orchestrator
