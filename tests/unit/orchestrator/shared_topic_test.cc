#include "tests/unit/orchestrator/scheduler_bench.h"

namespace cdc::orchestrator {
namespace {

using contract::PartitionOffsets;

constexpr const char* kTopic = "p.public.a";
constexpr const char* kTwoOfOne = "[tables.a]\n[tables.copy]\nfrom = \"a\"\n";

/// The worker of `table` has read the topic up to `next` and leaves.
void EndAt(SchedulerBench& t, const std::string& table, int64_t next) {
  contract::Report report{.table = table, .run = "1"};
  report.to[0] = next;
  t.launcher.Of(table)->callbacks.on_end(Judge(Exited{0}), contract::EncodeReport(report));
  t.scheduler->Advance();
}

}  // namespace

TEST_CASE("a change wakes every table of its topic") {
  SchedulerBench t(kTwoOfOne);
  t.source.contents[kTopic][0] = 0;
  t.Answer();
  CHECK(t.source.listening.size() == 1);
  t.Produce("a");
  CHECK(t.StateOf("a") == "Starting");
  CHECK(t.StateOf("copy") == "Starting");
  CHECK(t.source.listening.empty());
}

TEST_CASE("a table is listened to for while the worker of another reads their topic") {
  SchedulerBench t(kTwoOfOne);
  t.source.contents[kTopic][0] = 0;
  t.Answer();
  t.Produce("a");
  t.Say("a", contract::Ready{});
  t.Say("copy", contract::Ready{});
  EndAt(t, "copy", 1);
  CHECK(t.StateOf("a") == "Running");
  CHECK(t.source.listening[kTopic] == PartitionOffsets{{0, 1}});
  t.Pass(seconds(40));  // over the rate limit
  t.Produce("a");
  CHECK(t.StateOf("copy") == "Starting");
  CHECK(t.launcher.starts.size() == 3);  // a's worker reads it anyway
  CHECK(t.source.listening.empty());
}

TEST_CASE(
    "the topic is listened to from the earliest place, and only who is behind is woken by what is there") {
  SchedulerBench t(kTwoOfOne);
  t.source.contents[kTopic][0] = 5;
  t.source.deaf = true;
  t.Answer();
  t.Pass(seconds(11));
  t.Say("a", contract::Ready{});
  t.Say("copy", contract::Ready{});
  EndAt(t, "a", 5);
  CHECK(t.source.listening[kTopic] == PartitionOffsets{{0, 5}});
  EndAt(t, "copy", 3);
  CHECK(t.source.listening[kTopic] == PartitionOffsets{{0, 3}});
  t.source.deaf = false;
  t.Deliver();
  CHECK(t.StateOf("a") == "Idle");
  CHECK(t.StateOf("copy") == "Pending");  // the rate limit
  CHECK(t.source.listening[kTopic] == PartitionOffsets{{0, 5}});
}

TEST_CASE("a table that is removed leaves its topic to the others") {
  SchedulerBench t(kTwoOfOne);
  t.source.contents[kTopic][0] = 0;
  t.Answer();
  t.Reload("[tables.copy]\nfrom = \"a\"\n");
  CHECK(t.StateOf("a") == "none");
  CHECK(t.source.listening.contains(kTopic));
  t.Produce("a");
  CHECK(t.StateOf("copy") == "Starting");
  CHECK(t.launcher.starts.size() == 1);
}

TEST_CASE("an entry that reads along has a worker beside that of the discovered table") {
  SchedulerBench t("[defaults]\ndiscover = true\n[tables.copy]\nfrom = \"a\"\n");
  t.source.contents[kTopic][0] = 0;
  t.Answer();
  CHECK(t.StateOf("a") == "Idle");
  t.Produce("a");
  CHECK(t.StateOf("a") == "Starting");
  CHECK(t.StateOf("copy") == "Starting");
}

}  // namespace cdc::orchestrator
