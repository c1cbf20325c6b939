#include "lib/contract/kafka_properties.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace cdc::contract {

TEST_CASE("what exactly-once rests on is not the user's to set, by any of its names") {
  for (const char* name : {"auto.offset.reset",
                           "enable.partition.eof",
                           "acks",
                           "request.required.acks",
                           "enable.auto.commit",
                           "auto.commit.enable",
                           "enable.auto.offset.store",
                           "enable.idempotence",
                           "group.id",
                           "bootstrap.servers",
                           "metadata.broker.list",
                           "isolation.level",
                           "message.timeout.ms",
                           "delivery.timeout.ms",
                           "check.crcs",
                           "max.in.flight",
                           "max.in.flight.requests.per.connection",
                           "partitioner",
                           "retries",
                           "message.send.max.retries",
                           "queuing.strategy",
                           "transactional.id",
                           "topic.blacklist",
                           "api.version.request",
                           "enabled_events",
                           "test.mock.num.brokers"}) {
    INFO(name);
    REQUIRE(FindOwnedProperty(name));
    CHECK(FindOwnedProperty(name)->guarantee);
  }
}

TEST_CASE("how Kafka is reached is the user's") {
  for (const char* name :
       {"security.protocol", "sasl.mechanism", "sasl.mechanisms", "sasl.username", "sasl.password",
        "ssl.ca.location", "client.id", "client.rack", "socket.timeout.ms", "fetch.min.bytes", "debug",
        "broker.address.family", "no.such"}) {
    INFO(name);
    CHECK_FALSE(FindOwnedProperty(name));
  }
}

TEST_CASE("a refusal says where the setting is to be made") {
  CHECK(Describe(*FindOwnedProperty("group.id")).find("use [kafka] group_id") != std::string::npos);
  CHECK(Describe(*FindOwnedProperty("metadata.broker.list")).find("[kafka] bootstrap_servers") !=
        std::string::npos);
  CHECK(Describe(*FindOwnedProperty("acks")).find("remove it") != std::string::npos);
}

}  // namespace cdc::contract
