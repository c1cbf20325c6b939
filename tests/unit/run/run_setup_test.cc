#include "jobs/run/run_setup.h"

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "lib/kafka/mock_broker.h"
#include "lib/kafka/producer.h"
#include "tests/support/result_printing.h"

namespace cdc::run {

namespace fs = std::filesystem;

constexpr const char* kGood = R"(
[kafka]
bootstrap_servers = "127.0.0.1:9092"
[source]
topic_prefix = "p"
[catalog]
uri = "catalog.db"
warehouse = "warehouse"
namespace = "n"
[tables.t]
)";

TEST_CASE(
    "a run reads the configuration that the orchestrator has accepted, whatever the file holds by then") {
  std::string name = (fs::temp_directory_path() / "run-setup-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  const fs::path folder = name;
  CommandLine line;
  line.config = folder / "tables.toml";
  std::ofstream(line.config) << "half a li";
  CHECK(LoadConfig(line).error().kind == ErrorKind::kInvalidConfig);

  fs::create_directories(folder / "state");
  line.accepted = folder / "state" / "accepted.toml";
  std::ofstream(line.accepted) << kGood;
  const auto config = LoadConfig(line);
  REQUIRE(config.has_value());
  CHECK((*config)->FindTable("t").has_value());
  CHECK((*config)->catalog.uri == (folder / "catalog.db").string());  // as the file it is a copy of has it

  fs::remove(line.accepted);
  std::ofstream(line.config) << kGood;
  CHECK(LoadConfig(line).has_value());
  fs::remove_all(folder);
}

TEST_CASE("the source's name is learned also from a Kafka that takes seconds to show an event") {
  std::string folder = (fs::temp_directory_path() / "run-setup-XXXXXX").string();
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  const auto broker = *kafka::MockBroker::Start();
  const std::string topic = "p.public.Mixed_Case";
  REQUIRE(broker->CreateTopic(topic, 1));
  {
    const auto producer = *kafka::Producer::Make({.bootstrap_servers = broker->bootstrap_servers()});
    REQUIRE(producer->Produce(
        {.topic = topic,
         .value =
             R"({"before":null,"after":{"id":1},"source":{"schema":"public","table":"Mixed Case"},"op":"c"})"}));
    REQUIRE(producer->Flush(Millis{10'000}));
  }
  const auto config =
      *config::Parse(std::string(kGood) + "[tables.Mixed_Case]\n", fs::path(folder) / "tables.toml");
  SourceSettings settings = SettingsOf(*config, *config->FindTable("Mixed_Case"));
  kafka::ConsumerOptions options;
  options.bootstrap_servers = broker->bootstrap_servers();
  options.group_id = "g";
  const auto consumer = *kafka::Consumer::Make(options);
  broker->SetRoundTrip(Millis{1'100});
  REQUIRE(NameTable(*config, {topic, 1, "cluster"}, *consumer, &settings));
  CHECK(settings.source_table == "Mixed Case");
  broker->SetRoundTrip(Millis{0});
  fs::remove_all(folder);
}

}  // namespace cdc::run
