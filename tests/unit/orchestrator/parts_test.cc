#include <filesystem>
#include <fstream>

#include <catch2/catch_test_macros.hpp>

#include <unistd.h>

#include "orchestrator/config_watcher.h"
#include "orchestrator/job_entry.h"
#include "orchestrator/line_reader.h"
#include "orchestrator/listened_topics.h"
#include "orchestrator/options.h"
#include "orchestrator/topic_listener.h"

namespace cdc::orchestrator {

TEST_CASE("the operation is found without parsing") {
  CHECK(OperationOf(R"({"before":null,"after":{"op":"x"},"op":"u","ts_ms":1})") == "u");
  CHECK(OperationOf(R"({"payload":{"after":{"t":"\"op\":\"z\""},"op" : "c","transaction":null}})") == "c");
  CHECK(OperationOf(std::nullopt) == "d");
  CHECK(OperationOf("") == "");
  CHECK(OperationOf("{\"op\":") == "");
  CHECK(OperationOf("{\"op\":\"") == "");
  CHECK(OperationOf("{\"op\":\"long\"}") == "");
}

TEST_CASE("lines come whole, and endless ones cost nothing") {
  LineReader reader(8);
  std::vector<std::string> lines;
  auto take = [&](std::string_view line) { lines.emplace_back(line); };
  reader.Feed("ab", take);
  reader.Feed("c\n\nx", take);
  CHECK(lines == std::vector<std::string>{"abc", ""});
  CHECK(reader.rest() == "x");
  reader.Feed("yyyyyyyyyyyyyyyy", take);
  reader.Feed("yyyy\nok\n", take);
  CHECK(lines == std::vector<std::string>{"abc", "", "ok"});
}

TEST_CASE("who was listened to longest ago gives way") {
  using Names = std::vector<std::string>;
  ListenedTopics topics(3, 3);
  CHECK(topics.Add("a", 1).empty());
  CHECK(topics.Add("b", 2).empty());
  CHECK(topics.Add("a", 1).empty());  // counted once, and now the newest
  CHECK(topics.Add("c", 1) == Names{"b"});
  CHECK_FALSE(topics.Contains("b"));
  topics.Remove("a");
  topics.Remove("a");
  CHECK(topics.Add("d", 2).empty());
  CHECK(topics.Add("large", 9) == Names{"c", "d"});
  CHECK(topics.Contains("large"));
  CHECK(topics.Add("e", 1) == Names{"large"});
}

TEST_CASE("fewer topics are listened to once not all have room") {
  using Names = std::vector<std::string>;
  ListenedTopics topics(4, 2);
  for (const char* name : {"a", "b", "c", "d"}) CHECK(topics.Add(name, 1).empty());
  CHECK(topics.Add("e", 1) == Names{"a", "b", "c"});
  topics.Remove("d");
  CHECK(topics.Add("f", 1).empty());
  CHECK(topics.Add("g", 1) == Names{"e"});
}

TEST_CASE("the command line") {
  CHECK(ParseCommandLine({})->config == "./tables.toml");
  CHECK(ParseCommandLine({"--config", "x", "--drain"})->task == Task::kDrain);
  CHECK(ParseCommandLine({"--check", "--config=y"})->config == "y");
  for (std::vector<std::string> bad :
       {std::vector<std::string>{"--config"}, {"x"}, {"--check", "--drain"}, {"--config="}}) {
    auto line = ParseCommandLine(bad);
    REQUIRE(line.has_error());
    CHECK(line.error().kind == ErrorKind::kInvalidArgument);
  }
}

TEST_CASE("a configuration is noticed when written and when replaced, not when absent") {
  char name[] = "/tmp/cdc_watch_XXXXXX";
  std::filesystem::path folder = ::mkdtemp(name);
  auto file = folder / "t.toml";
  std::ofstream(file) << "a";
  ConfigWatcher watcher(file);
  CHECK_FALSE(watcher.Changed());
  std::ofstream(file) << "ab";
  CHECK(watcher.Changed());
  CHECK_FALSE(watcher.Changed());
  std::ofstream(folder / "new") << "xy";
  std::filesystem::remove(file);
  CHECK_FALSE(watcher.Changed());
  std::filesystem::rename(folder / "new", file);
  CHECK(watcher.Changed());
  std::filesystem::remove_all(folder);
}

}  // namespace cdc::orchestrator
