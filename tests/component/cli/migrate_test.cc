/// cdc migrate: out of Held for a type that changed at the source.

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "lib/kafka/producer.h"
#include "tests/component/cli/cli_fixture.h"

namespace cdc::cli {
namespace {

using nlohmann::json;

constexpr const char* kTopic = "p.public.orders";

/// \param type of the column `v` in Kafka Connect's words
void Send(kafka::Producer& producer, int id, const std::string& type, const json& v) {
  const json fields = {{{"field", "id"}, {"type", "int32"}, {"optional", false}},
                       {{"field", "v"}, {"type", type}, {"optional", true}}};
  const json schema = {
      {"type", "struct"},
      {"fields", {{{"type", "struct"}, {"field", "after"}, {"optional", true}, {"fields", fields}}}}};
  const json value = {{"op", "c"},
                      {"before", nullptr},
                      {"after", {{"id", id}, {"v", v}}},
                      {"source", {{"schema", "public"}, {"table", "orders"}}}};
  REQUIRE(producer
              .Produce({.topic = kTopic,
                        .partition = 0,
                        .key = json{{"id", id}}.dump(),
                        .value = json{{"schema", schema}, {"payload", value}}.dump()})
              .has_value());
  REQUIRE(producer.Flush(std::chrono::seconds(10)).has_value());
}

json Drain(const Folder& folder) {
  const std::string command = fmt::format("cd {} && {}/jobs/upsert --table orders --drain >run.out 2>run.err",
                                          folder.path().string(), CDC_BINARY_DIR);
  (void)std::system(command.c_str());
  INFO(folder.Read("run.err"));
  return json::parse(folder.Read("run.out"));
}

TEST_CASE("migrate tells what would be done, does it with --yes, and the table goes on") {
  Folder folder;
  BrokerProcess broker{std::string(kTopic) + ":1"};
  folder.Write("tables.toml", ConfigText(broker.servers(), "[tables.orders]\n"));
  auto producer = std::move(kafka::Producer::Make({.bootstrap_servers = broker.servers()}).value());
  Send(*producer, 1, "int32", 7);
  CHECK(Drain(folder)["exit"] == 0);
  CHECK(folder.Cdc("migrate orders").out.find("no column waits") != std::string::npos);

  Send(*producer, 2, "string", "x");
  const json held = Drain(folder);
  CHECK(held["exit"] == 78);
  CHECK(held["dead_letters"] == 0);
  CHECK(held["reason"].get<std::string>().find("cdc migrate orders --yes") != std::string::npos);

  const auto told = folder.Cdc("migrate orders --dry-run --json");
  INFO(told.err);
  CHECK(told.exit == 0);
  const json line = json::parse(told.out);
  CHECK(line["columns"] == json::array({{{"column", "v"}, {"from", "int"}, {"to", "string"}}}));
  CHECK(line["rows"] == 1);
  CHECK(line["bytes"] > 0);
  CHECK(line["done"] == false);
  const auto unconfirmed = folder.Cdc("migrate orders");
  CHECK(unconfirmed.exit == 1);
  CHECK(unconfirmed.out.find("v: int → string") != std::string::npos);
  CHECK(unconfirmed.out.find("--yes") != std::string::npos);
  CHECK(Drain(folder)["exit"] == 78);

  const auto done = folder.Cdc("migrate orders --yes");
  INFO(done.err);
  CHECK(done.exit == 0);
  CHECK(done.out.find("written anew") != std::string::npos);
  const json after = Drain(folder);
  CHECK(after["exit"] == 0);
  CHECK(after["rows"] == 1);
  CHECK(folder.Cdc("migrate orders --yes").out.find("no column waits") != std::string::npos);
}

TEST_CASE("migrate of a table that is not there is refused") {
  Folder folder;
  folder.Write("tables.toml", ConfigText("127.0.0.1:1", "[tables.orders]\n"));
  const auto refused = folder.Cdc("migrate orders --yes");
  CHECK(refused.exit == 78);
  CHECK(folder.Cdc("migrate nobody").exit == 78);
}

}  // namespace
}  // namespace cdc::cli
