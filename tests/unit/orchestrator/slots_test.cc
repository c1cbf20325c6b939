#include "orchestrator/slots.h"

#include "tests/unit/orchestrator/parts_bench.h"

namespace cdc::orchestrator {
namespace {

struct Bench : PartsBench {
  explicit Bench(int max_jobs) {
    slots.Limit(max_jobs);
    feed = [this](JobEntry& entry, const Event& event) {
      fed.emplace_back(entry.name(), event);
      if (std::holds_alternative<SlotFree>(event)) In(entry.name(), Phase::kStarting);
    };
  }
  std::string locked;
  Slots slots{tables, [this](JobEntry& entry, const Event& event) { feed(entry, event); },
              [this](const std::string& table) { return table == locked ? 99 : 0; }};
};

}  // namespace

TEST_CASE("slots go to those that are due, the earliest first") {
  Bench t(2);
  t.In("a", Phase::kPending, seconds(-1));
  t.In("b", Phase::kPending, seconds(-3));
  t.In("c", Phase::kPending, seconds(-2));
  t.slots.Give(t.clock.steady());
  CHECK(t.Fed<SlotFree>() == Names{"b", "c"});
  t.slots.Give(t.clock.steady());
  CHECK(t.Fed<SlotFree>().empty());
  t.In("b", Phase::kIdle);
  t.slots.Give(t.clock.steady());
  CHECK(t.Fed<SlotFree>() == Names{"a"});
}

TEST_CASE("what is not due, or was removed, gets no slot") {
  Bench t(2);
  t.In("a", Phase::kPending, Millis(1));
  t.In("b", Phase::kPending).removed = true;
  t.slots.Give(t.clock.steady());
  CHECK(t.fed.empty());
}

TEST_CASE("a locked table leaves its slot to the next") {
  Bench t(1);
  t.locked = "a";
  t.In("a", Phase::kPending, seconds(-2));
  t.In("b", Phase::kPending, seconds(-1));
  t.slots.Give(t.clock.steady());
  CHECK(t.Fed<LockBusy>() == Names{"a"});
  CHECK(t.Fed<SlotFree>() == Names{"b"});
}

TEST_CASE("one worker makes room for each table that waits, the idlest first") {
  Bench t(2);
  t.In("a", Phase::kRunning).state.running_since = t.clock.steady() - seconds(100);
  t.In("b", Phase::kRunning).state.caught_up = true;
  t.In("c", Phase::kPending);
  t.slots.Give(t.clock.steady());
  CHECK(t.Fed<SlotWanted>() == Names{"b"});
  t.In("b", Phase::kStopping);  // its slot is on its way
  t.slots.Give(t.clock.steady());
  CHECK(t.fed.empty());
}

}  // namespace cdc::orchestrator
