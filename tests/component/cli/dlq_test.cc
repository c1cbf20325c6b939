#include <chrono>

#include "lib/kafka/producer.h"
#include "tests/component/cli/cli_fixture.h"

namespace cdc::cli {
namespace {

std::string Config(const std::string& servers) {
  return ConfigText(servers, "[tables.faculty]\n[tables.program]\n");
}

TEST_CASE("Dead letters are listed once, with everything that is known of them") {
  BrokerProcess broker;
  Folder folder;
  folder.Write("tables.toml", Config(broker.servers()));
  auto producer = std::move(kafka::Producer::Make({.bootstrap_servers = broker.servers()}).value());
  auto letter = [&](const char* topic, const char* offset, const char* reason, const char* value) {
    kafka::Record record;
    const std::string dlq = std::string(topic) + ".dlq";
    record.topic = dlq;
    record.key = "k";
    record.value = value;
    record.headers = {
        {"cdc.reason", reason}, {"cdc.topic", topic}, {"cdc.partition", "0"}, {"cdc.offset", offset}};
    REQUIRE(producer->Produce(record).has_value());
  };
  letter("p.public.faculty", "7", "not JSON", "{oops\n");
  letter("p.public.faculty", "7", "not JSON", "{oops\n");
  letter("p.public.faculty", "9", "not JSON", "[");
  letter("p.public.program", "7", "no key", "{}");
  letter("other.public.x", "1", "not ours", "{}");
  REQUIRE(producer->Flush(std::chrono::seconds(10)).has_value());

  const auto all = folder.Cdc("dlq list");
  INFO(all.err);
  REQUIRE(all.exit == 0);
  CHECK(all.out == "3 dead letters\n       2  faculty  not JSON\n       1  program  no key\n");
  CHECK(folder.Cdc("dlq list program").out == "1 dead letters\n       1  program  no key\n");
  const auto shown = folder.Cdc("dlq show faculty").out;
  CHECK(shown.find("reason:    not JSON\ntopic:     p.public.faculty\npartition: 0\noffset:    7\n") !=
        std::string::npos);
  CHECK(shown.find("key:       k\nvalue:     {oops\\x0a\n") != std::string::npos);
  CHECK(shown.find("offset:    9\n") != std::string::npos);
  CHECK(folder.Cdc("dlq list nothere").exit != 0);
}

TEST_CASE("No dead letters is no error") {
  BrokerProcess broker;
  Folder folder;
  folder.Write("tables.toml", Config(broker.servers()));
  const auto none = folder.Cdc("dlq list");
  CHECK(none.exit == 0);
  CHECK(none.out == "0 dead letters\n");
}

}  // namespace
}  // namespace cdc::cli
