// The events of scripts/examples/users through real workers: plain envelope, event time, late events, soft
// deletes, counts.

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <thread>

#include "tests/component/postgres/postgres_server.h"
#include "tests/component/worker/pipeline.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace cdc::postgres_sink {
namespace {

using nlohmann::json;
using worker::Ended;
using worker::Event;

const std::string kExample = CDC_SOURCE_DIR "/scripts/examples/users.d/";
constexpr const char* kTopic = "users_cdc";

std::string ReadFile(const std::string& name) {
  std::ifstream in(kExample + name, std::ios::binary);
  REQUIRE(in.good());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// As `cdc produce` sends them.
std::vector<Event> EventsOf(const std::string& name) {
  std::vector<Event> events;
  std::istringstream lines(ReadFile(name));
  for (std::string line; std::getline(lines, line);) {
    const json parsed = json::parse(line);
    events.push_back(
        {std::nullopt, parsed.contains("value") ? parsed["value"].get<std::string>() : line, {}});
  }
  return events;
}

/// The example's tables in a server and with a broker of the test's own.
struct Users {
  /// \param more lines of TOML under [tables.users]
  explicit Users(const std::string& more = "", int partitions = 1) {
    std::string text = ReadFile("tables.toml");
    const auto put = [&](const std::string& name, const std::string& value) {
      for (size_t at = text.find(name); at != text.npos; at = text.find(name))
        text.replace(at, name.size(), value);
    };
    put("@DSN@", server.dsn());
    put("@SCHEMA@", "people");
    put("@TOPIC@", kTopic);
    text.insert(text.find("metadata_columns"), more);
    pipeline.Configure(text.substr(text.find("[sinks.target]")));
    pipeline.MakeTopic(kTopic, partitions);
    server.Sql("CREATE SCHEMA people; SET search_path = people;\n" + ReadFile("target.sql"));
  }

  void Drain() {
    for (const char* table : {"users", "users_per_minute"}) {
      const Ended ended = pipeline.Drain(table);
      INFO(table << ": " << ended.report.reason << ended.log);
      REQUIRE(ended.exit == 0);
    }
  }

  std::string Answer(const std::string& query) { return server.Ask("SET search_path = people;\n" + query); }

  /// "offset reason" of each letter, each once.
  std::vector<std::string> Letters() {
    std::vector<std::string> letters;
    for (const Event& letter : pipeline.Read(std::string(kTopic) + "_dlq")) {
      std::string offset, reason;
      for (const auto& [name, value] : letter.headers) {
        if (name == "cdc.offset") offset = value;
        if (name == "cdc.reason") reason = value;
      }
      letters.push_back(offset + " " + reason);
    }
    std::sort(letters.begin(), letters.end(),
              [](const auto& a, const auto& b) { return std::stoi(a) < std::stoi(b); });
    letters.erase(std::unique(letters.begin(), letters.end()), letters.end());
    return letters;
  }

  postgres::Server server;
  worker::Pipeline pipeline;
};

void CheckExample(Users& users) {
  std::string expected = ReadFile("expected.txt");
  expected.pop_back();
  CHECK(users.Answer(ReadFile("answer.sql")) == expected);
  std::vector<std::string> wanted;
  std::istringstream lines(ReadFile("expected_letters.txt"));
  for (std::string line; std::getline(lines, line);) wanted.push_back(line);
  const std::vector<std::string> letters = users.Letters();
  REQUIRE(letters.size() == wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) CHECK(letters[i].starts_with(wanted[i]));
}

std::string PlainEvent(const char* op, const json& before, const json& after, int64_t micros) {
  return json{{"op", op}, {"before", before}, {"after", after}, {"timestamp", micros}}.dump();
}

}  // namespace

TEST_CASE("the example's events become the example's rows, counts and dead letters") {
  Users users;
  users.pipeline.Send(kTopic, EventsOf("sample_events.jsonl"));
  users.Drain();
  users.pipeline.Send(kTopic, EventsOf("sent_again.jsonl"));
  users.Drain();
  CheckExample(users);
  CHECK(users.Answer("SELECT max_event_time FROM cdc_offsets ORDER BY 1") ==
        "2025-09-19 10:07:00+00\n2025-09-19 10:07:00+00");
}

TEST_CASE("event by event, each by a run of its own, the example ends the same") {
  Users users;
  for (const char* file : {"sample_events.jsonl", "sent_again.jsonl"}) {
    for (const Event& event : EventsOf(file)) {
      users.pipeline.Send(kTopic, {event});
      users.Drain();
    }
  }
  CheckExample(users);
}

TEST_CASE("workers that are killed again and again end with the rows and counts that a model says") {
  std::mt19937 dice(20'250'919);
  Users users("commit_interval = \"1ms\"\n");
  struct Row {
    std::string name, op;
    int64_t time;
  };
  std::map<int, Row> rows;
  std::map<std::pair<int64_t, std::string>, int64_t> counts;
  constexpr int64_t kStart = 1'758'276'000'000'000, kSecond = 1'000'000;
  int64_t highest = INT64_MIN;
  int late = 0;
  std::vector<Event> events;
  for (int i = 0; i < 3'000; ++i) {
    const int id = 1 + static_cast<int>(dice() % 40);
    // Some are behind by more than is allowed.
    const int64_t time = kStart + i * kSecond / 2 - static_cast<int64_t>(dice() % 7'000) * 1'000;
    const char* op = dice() % 4 == 0 ? "d" : rows.contains(id) ? "u" : "c";
    const json image = {{"id", id}, {"name", "n" + std::to_string(i)}, {"email", "E@X"}};
    const bool removed = *op == 'd';
    events.push_back(
        {std::nullopt, PlainEvent(op, removed ? image : json(), removed ? json() : image, time), {}});
    if (highest != INT64_MIN && time < highest - 5 * kSecond) {
      ++late;
      continue;
    }
    highest = std::max(highest, time);
    const int64_t window = time - time % (60 * kSecond);
    ++counts[{window, op}];
    const auto row = rows.find(id);
    if (row == rows.end() || row->second.time <= time) rows[id] = {"n" + std::to_string(i), op, time};
  }
  REQUIRE(late > 50);
  constexpr size_t kParts = 12;
  for (size_t part = 0; part < kParts; ++part) {
    const auto at = [&](size_t n) {
      return events.begin() + static_cast<std::ptrdiff_t>(events.size() * n / kParts);
    };
    auto first = users.pipeline.Start("users", false),
         second = users.pipeline.Start("users_per_minute", false);
    users.pipeline.Send(kTopic, {at(part), at(part + 1)});
    // The moment of the kill is what varies; nothing is waited for.
    std::this_thread::sleep_for(std::chrono::milliseconds(dice() % 600));
    for (const auto& run : {first.get(), second.get()}) {
      run->Signal(SIGKILL);
      run->Wait();
    }
  }
  users.Drain();
  std::string expected, expected_counts;
  for (const auto& [id, row] : rows)
    expected += fmt::format("{}{}|{}|{}|{}", expected.empty() ? "" : "\n", id, row.name, row.op, row.time);
  CHECK(users.Answer(
            "SELECT id, name, op, (extract(epoch FROM event_time) * 1000000)::bigint FROM migrated_users "
            "ORDER BY id") == expected);
  for (const auto& [window, n] : counts)
    expected_counts +=
        fmt::format("{}{}|{}|{}", expected_counts.empty() ? "" : "\n", window.first, window.second, n);
  CHECK(
      users.Answer("SELECT (extract(epoch FROM window_start) * 1000000)::bigint, op, n FROM users_per_minute "
                   "ORDER BY 1, 2") == expected_counts);
  CHECK(users.Letters().size() == static_cast<size_t>(late));
}

TEST_CASE("what happened last wins within a batch, across batches, and against a deletion that came first") {
  Users users;
  const auto row = [](int id, const char* name) { return json{{"id", id}, {"name", name}, {"email", "e"}}; };
  const int64_t t = 1'758'276'000'000'000, second = 1'000'000;
  users.pipeline.Send(kTopic, {{std::nullopt, PlainEvent("c", nullptr, row(1, "new"), t + second), {}},
                               {std::nullopt, PlainEvent("u", nullptr, row(1, "old"), t), {}},
                               {std::nullopt, PlainEvent("c", nullptr, row(2, "first"), t + second), {}}});
  users.Drain();
  users.pipeline.Send(kTopic, {{std::nullopt, PlainEvent("u", nullptr, row(2, "older"), t), {}},
                               {std::nullopt, PlainEvent("u", nullptr, row(1, "newest"), t + 2 * second), {}},
                               // Nothing of this row is there yet, and the event has not its image.
                               {std::nullopt, PlainEvent("d", {{"id", 3}}, nullptr, t + 2 * second), {}}});
  users.Drain();
  users.pipeline.Send(kTopic,
                      {{std::nullopt, PlainEvent("c", nullptr, row(3, "before its end"), t + second), {}},
                       // The same moment: what comes later wins.
                       {std::nullopt, PlainEvent("u", nullptr, row(2, "same time"), t + second), {}}});
  users.Drain();
  CHECK(users.Answer("SELECT id, name, op FROM migrated_users ORDER BY id") ==
        "1|newest|u\n2|same time|u\n3|null|d");
}

TEST_CASE("a partition that is silent makes no event of another one late") {
  Users users("", 2);
  const json row = {{"id", 1}, {"name", "n"}, {"email", "e"}},
             other = {{"id", 2}, {"name", "o"}, {"email", "e"}};
  users.pipeline.Send(kTopic, {{std::nullopt, PlainEvent("c", nullptr, row, 1'758'276'000'000'000), {}}}, 0);
  users.Drain();
  // An hour before: this partition has had nothing, in this run or an earlier one.
  users.pipeline.Send(kTopic, {{std::nullopt, PlainEvent("c", nullptr, other, 1'758'272'400'000'000), {}}},
                      1);
  users.Drain();
  CHECK(users.Answer("SELECT id FROM migrated_users ORDER BY id") == "1\n2");
}

TEST_CASE("ten late events in a row hold no table") {
  Users users;
  std::vector<Event> events;
  const json row = {{"id", 1}, {"name", "n"}, {"email", "e"}};
  events.push_back({std::nullopt, PlainEvent("c", nullptr, row, 1'758'276'000'000'000), {}});
  for (int i = 0; i < 25; ++i)
    events.push_back({std::nullopt, PlainEvent("u", nullptr, row, 1'758'270'000'000'000), {}});
  users.pipeline.Send(kTopic, events);
  users.Drain();
  CHECK(users.Letters().size() == 25);
}

}  // namespace cdc::postgres_sink
