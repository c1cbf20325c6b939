#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <map>
#include <thread>
#include "tests/component/worker/change.h"
#include "tests/component/worker/judge.h"
namespace cdc::worker {
using nlohmann::json;
static std::map<std::string, json> N(const json& t) {
  std::map<std::string, json> m;
  for (const json& r : t["rows"]) {
    if (!m.emplace(r["id"].dump(), r["n"]).second) FAIL_CHECK("twice " << r.dump());
  }
  return m;
}

TEST_CASE("text keys with escapes") {
  Changes c("text");
  Pipeline p;
  p.Configure("[tables.text]\n");
  p.MakeTopic(c.topic());
  Event d = c.Delete("ü\"/\n😀");
  d.key = R"({"id":"\u00fc\"\/\n\ud83d\ude00"})";
  Event d2 = c.Delete("b");
  d2.key = "{ \"id\" : \"b\" }";
  Event d3 = c.Delete("c");
  d3.key = "{\"x\":1,\"id\":\"c\"}";
  p.Send(c.topic(), {c.Create({{"id", "ü\"/\n😀"}, {"n", 1}}), c.Create({{"id", "b"}, {"n", 1}}),
                     c.Create({{"id", "c"}, {"n", 1}}), c.Create({{"id", ""}, {"n", 1}})});
  REQUIRE(p.Drain("text").exit == 0);
  p.Send(c.topic(), {d, d2, d3});
  const Ended e = p.Drain("text");
  INFO(e.log);
  CHECK(e.exit == 0);
  CHECK(N(Dump(p, {"text"})["text"]) == std::map<std::string, json>{{"\"\"", 1}});
}

TEST_CASE("payload before schema") {
  Changes c("order");
  Pipeline p;
  p.Configure("[tables.order]\n");
  p.MakeTopic(c.topic());
  Event e1 = c.Create({{"id", 1}, {"n", 1}});
  e1.value = "{\"payload\":" + *e1.value + ",\"schema\":null}";
  p.Send(c.topic(), {e1});
  const Ended e = p.Drain("order");
  INFO(e.log);
  CHECK(e.report.dead_letters == 0);
}

TEST_CASE("a delete without before as the first of a run") {
  Changes c("nobefore");
  Pipeline p;
  p.Configure("[tables.nobefore]\n");
  p.MakeTopic(c.topic());
  p.Send(c.topic(), {c.Create({{"id", 1}, {"n", 1}}), c.Create({{"id", 2}, {"n", 1}})});
  REQUIRE(p.Drain("nobefore").exit == 0);
  Event d = c.Delete(1);
  d.value = R"({"before":null,"after":null,"op":"d","source":{"schema":"public","table":"nobefore"}})";
  p.Send(c.topic(), {d});
  const Ended e = p.Drain("nobefore");
  INFO(e.log << e.report.reason);
  CHECK(e.exit == 0);
  CHECK(N(Dump(p, {"nobefore"})["nobefore"]) == std::map<std::string, json>{{"2", 1}});
}

TEST_CASE("SIGTERM commits what was read") {
  Changes c("term");
  Pipeline p;
  p.Configure("[tables.term]\ncommit_interval = \"1h\"\n");
  p.MakeTopic(c.topic());
  p.Send(c.topic(), {c.Create({{"id", 1}, {"n", 1}})});
  auto w = p.Start("term", false);
  std::this_thread::sleep_for(std::chrono::milliseconds(800));
  p.Send(c.topic(), {c.Create({{"id", 2}, {"n", 1}})});
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  w->Signal(SIGTERM);
  const Ended e = w->Wait();
  INFO(e.log << e.report.reason);
  CHECK(e.exit == 0);
  CHECK(e.report.to.at(0) == 2);
  CHECK(N(Dump(p, {"term"})["term"]).size() == 2);
}

TEST_CASE("columns that differ in case only, and names that Iceberg readers may not like") {
  Changes c("names");
  Pipeline p;
  p.Configure("[tables.names]\n");
  p.MakeTopic(c.topic());
  p.Send(c.topic(), {c.Create({{"id", 1},
                               {"n", 1},
                               {"N", 2},
                               {"a.b", 3},
                               {"a", 4},
                               {"x y", 5},
                               {"", 6},
                               {"file_path", 7},
                               {"pos", 8},
                               {"ş", 9}})});
  const Ended e = p.Drain("names");
  INFO(e.log << e.report.reason);
  CHECK(e.exit == 0);
  const json row = Dump(p, {"names"})["names"]["rows"][0];
  CHECK(row["N"] == 2);
  CHECK(row["a.b"] == 3);
  CHECK(row["ş"] == 9);
  CHECK(row["pos"] == 8);
}

TEST_CASE("broker goes away in the middle") {
  Changes c("wide");
  Pipeline p;
  p.Configure("[tables.wide]\nmemory=\"32MB\"\n");
  p.MakeTopic(c.topic());
  std::vector<Event> e1;
  std::map<std::string, json> want;
  for (int i = 0; i < 40; ++i) {
    e1.push_back(c.Create({{"id", i}, {"n", i}, {"doc", std::string(100000, 'x')}}));
    want[std::to_string(i)] = i;
  }
  p.Send(c.topic(), e1);
  const Ended e = p.Drain("wide");
  INFO(e.log << e.report.reason);
  CHECK(e.exit == 0);
  CHECK(e.report.peak_rss_bytes < (100 << 20));
  CHECK(N(Dump(p, {"wide"})["wide"]) == want);
}
}  // namespace cdc::worker
