#include <chrono>
#include <optional>
#include <vector>

#include <nlohmann/json.hpp>

#include "lib/kafka/consumer.h"
#include "tests/component/cli/cli_fixture.h"

namespace cdc::cli {
namespace {

using namespace std::chrono_literals;  // NOLINT

struct Received {
  std::optional<std::string> key;
  std::optional<std::string> value;
  int64_t timestamp_ms;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
};

std::optional<std::string> Copy(std::optional<std::string_view> v) {
  return v ? std::optional<std::string>(*v) : std::nullopt;
}

std::vector<Received> Consume(const std::string& servers, const std::string& topic, int32_t partition = 0) {
  auto consumer = std::move(kafka::Consumer::Make({.bootstrap_servers = servers}).value());
  REQUIRE(consumer->Assign({{topic, partition, 0}}).has_value());
  std::vector<Received> all;
  kafka::MessageBatch batch;
  const auto deadline = std::chrono::steady_clock::now() + 15s;
  while (batch.ends().empty()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    REQUIRE(consumer->Poll(100ms, 10'000, &batch).has_value());
    for (const auto& m : batch) {
      Received r{Copy(m.key()), Copy(m.value()), m.timestamp_ms(), {}};
      for (const auto& [name, value] : m.headers()) r.headers.emplace_back(name, Copy(value));
      all.push_back(std::move(r));
    }
  }
  return all;
}

TEST_CASE("Captured records arrive byte for byte, in order, in their topics") {
  BrokerProcess broker;
  Folder folder;
  std::string lines;
  std::vector<nlohmann::json> sent;
  for (int i = 0; i < 3000; ++i) {
    nlohmann::json line = {{"topic", i % 3 == 0 ? "p.a" : "p.b"},
                           {"partition", 0},
                           {"offset", 77},
                           {"timestamp", 1700000000000 + i},
                           {"headers", nullptr}};
    line["key"] = i % 5 == 0 ? nlohmann::json() : nlohmann::json("{\"id\":" + std::to_string(i) + "}");
    line["value"] =
        i % 7 == 0 ? nlohmann::json() : nlohmann::json("{\"op\":\"c\",\"name\":\"öğrenci \\u0000 \t😀\"}");
    if (i % 11 == 0)
      line["headers"] = nlohmann::json::array({nlohmann::json::array({"__debezium.newkey", "{\"id\":2}"}),
                                               nlohmann::json::array({"empty", nullptr})});
    lines += line.dump() + "\n";
    sent.push_back(std::move(line));
  }
  const auto outcome = folder.Cdc("produce --file " + folder.Write("events.jsonl", lines) +
                                  " --bootstrap-servers " + broker.servers());
  INFO(outcome.err);
  REQUIRE(outcome.exit == 0);
  CHECK(outcome.out == "3000 records acknowledged\n  p.a: 1000\n  p.b: 2000\n");
  for (const char* topic : {"p.a", "p.b"}) {
    const auto received = Consume(broker.servers(), topic);
    size_t next = 0;
    for (const auto& line : sent) {
      if (line["topic"] != topic) continue;
      REQUIRE(next < received.size());
      const Received& r = received[next++];
      CHECK(r.key == (line["key"].is_null() ? std::nullopt : std::optional<std::string>(line["key"])));
      CHECK(r.value == (line["value"].is_null() ? std::nullopt : std::optional<std::string>(line["value"])));
      CHECK(r.timestamp_ms == line["timestamp"]);
      CHECK(r.headers.size() == (line["headers"].is_null() ? 0U : 2U));
    }
    CHECK(next == received.size());
  }
}

TEST_CASE("Events are sent as they stand; a broker's topic has one partition") {
  BrokerProcess broker("many:3");
  Folder folder;
  const std::string event = R"({ "op" : "c", "after":{"id":1} })";
  const auto file = folder.Write("e.jsonl", event + "\n\n" + event);
  REQUIRE(
      folder.Cdc(fmt::format("produce --topic t --file {} --bootstrap-servers {}", file, broker.servers()))
          .exit == 0);
  const auto received = Consume(broker.servers(), "t");
  REQUIRE(received.size() == 2);
  CHECK(received[1].value == event);
  CHECK(received[1].key == std::nullopt);
  auto consumer = std::move(kafka::Consumer::Make({.bootstrap_servers = broker.servers()}).value());
  CHECK(consumer->DescribeTopic("t", 10s).value().partitions == 1);
  CHECK(consumer->DescribeTopic("many", 10s).value().partitions == 3);
  // --topic wins over the line's; the line's partition counts; standard input.
  const auto piped = folder.Write("p.jsonl", R"({"topic":"x","partition":2,"value":"v"})");
  REQUIRE(folder
              .Cdc(fmt::format("produce --topic many --file - --bootstrap-servers {} <{}", broker.servers(),
                               piped))
              .exit == 0);
  CHECK(Consume(broker.servers(), "many", 2).size() == 1);
}

TEST_CASE("A bad line is named and nothing after it is sent") {
  BrokerProcess broker;
  Folder folder;
  const auto file =
      folder.Write("bad.jsonl", "{\"value\":\"1\"}\n{\"value\":\"2\"}\n{\"value\":3}\n{\"value\":\"4\"}\n");
  const auto outcome =
      folder.Cdc(fmt::format("produce --topic t --file {} --bootstrap-servers {}", file, broker.servers()));
  CHECK(outcome.exit != 0);
  CHECK(outcome.err.find("bad.jsonl:3: value is a number") != std::string::npos);
  CHECK(outcome.err.find("2 records acknowledged") != std::string::npos);
  CHECK(Consume(broker.servers(), "t").size() == 2);
  // A line without a topic, a partition that is not there, a file that is not there.
  const auto nowhere = folder.Write("n.jsonl", R"({"value":"1"})");
  CHECK(folder.Cdc(fmt::format("produce --file {} --bootstrap-servers {}", nowhere, broker.servers())).exit ==
        64);
  const auto no_partition = folder.Write("np.jsonl", R"({"value":"1","partition":5})");
  const auto refused = folder.Cdc(
      fmt::format("produce --topic t --file {} --bootstrap-servers {}", no_partition, broker.servers()));
  CHECK(refused.exit != 0);
  CHECK(refused.err.find("partition") != std::string::npos);
  CHECK(folder.Cdc("produce --topic t --file none --bootstrap-servers " + broker.servers()).exit != 0);
}

TEST_CASE("The broker runs until SIGTERM or SIGINT") {
  BrokerProcess one;
  CHECK(one.Stop(SIGTERM) == 0);
  BrokerProcess two;
  CHECK(two.Stop(SIGINT) == 0);
}

TEST_CASE("Help, version and mistakes on the command line") {
  Folder folder;
  for (const char* words : {"--help", "status --help", "--version", "dlq show --help", "produce --version"}) {
    INFO(words);
    const auto outcome = folder.Cdc(words);
    CHECK(outcome.exit == 0);
    CHECK_FALSE(outcome.out.empty());
  }
  for (const char* words : {"", "nonsense", "status --nonsense", "trigger", "produce"}) {
    INFO(words);
    CHECK(folder.Cdc(words).exit == 64);
  }
  const auto outcome = folder.Cdc("status");
  CHECK(outcome.exit == 78);
  CHECK(outcome.err.find("tables.toml") != std::string::npos);
  CHECK(outcome.err.find("--config") != std::string::npos);
}

}  // namespace
}  // namespace cdc::cli
