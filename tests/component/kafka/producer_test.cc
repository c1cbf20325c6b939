#include "lib/kafka/admin.h"
#include "tests/component/kafka/kafka_fixture.h"

namespace cdc::kafka {
namespace {

TEST_CASE("Deliveries are reported with their offset") {
  Kafka kafka;
  REQUIRE(kafka.broker->CreateTopic("t", 1));
  auto producer = kafka.MakeProducer();
  std::vector<int64_t> offsets;
  for (int i = 0; i < 3; ++i) {
    REQUIRE(producer->Produce({.topic = "t", .partition = 0, .value = "v"}, [&](const Delivery& d) {
      CHECK(d.status.has_value());
      CHECK(d.topic == "t");
      offsets.push_back(d.offset);
    }));
  }
  CHECK(producer->in_flight() == 3);
  REQUIRE(producer->Flush(10s));
  CHECK(offsets == std::vector<int64_t>{0, 1, 2});
  CHECK(producer->in_flight() == 0);
}

TEST_CASE("Errors that pass are retried without change of order or doubles") {
  Kafka kafka;
  REQUIRE(kafka.broker->CreateTopic("t", 1));
  kafka.broker->FailProduce(3);
  kafka.Send("t", 0, 1000);
  auto consumer = kafka.MakeConsumer();
  REQUIRE(consumer->Assign({{"t", 0, 0}}));
  const auto values = ReadToEnd(*consumer);
  REQUIRE(values.size() == 1000);
  for (int i = 0; i < 1000; ++i) CHECK(values[i] == std::to_string(i));
}

TEST_CASE("A record that is too large is a bad value: for the client, and for the topic") {
  Kafka kafka;
  REQUIRE(kafka.broker->CreateTopic("t", 1));
  ProducerOptions options;
  options.max_message_bytes = 2000;
  auto producer = kafka.MakeProducer(options);
  const std::string large(3000, 'x');
  CHECK(producer->Produce({.topic = "t", .value = large}).error().kind == ErrorKind::kBadValue);
  kafka.broker->RefuseSize(1);
  REQUIRE(producer->Produce({.topic = "t", .value = "x"}));
  CHECK(producer->Flush(10s).error().kind == ErrorKind::kBadValue);
  CHECK(producer->failed() == 1);
}

TEST_CASE("Without a broker a flush names what is missing, transiently") {
  Kafka kafka;
  kafka.broker->SetDown();
  auto producer = kafka.MakeProducer();
  REQUIRE(producer->Produce({.topic = "t", .value = "x"}));
  auto status = producer->Flush(300ms);
  REQUIRE_FALSE(status);
  CHECK(status.error().kind == ErrorKind::kTransient);
  CHECK(status.error().message.find("1 records") != std::string::npos);
}

TEST_CASE("A full queue makes Produce wait, then fail transiently") {
  Kafka kafka;
  kafka.broker->SetDown();
  ProducerOptions options;
  options.queued_bytes = 1 << 20;
  options.delivery_timeout = 500ms;
  auto producer = kafka.MakeProducer(options);
  const std::string value(900'000, 'x');
  Status status;
  for (int i = 0; i < 3 && status; ++i) status = producer->Produce({.topic = "t", .value = value});
  // Either the record waited too long for room, or an older one expired and made room: then the flush tells.
  if (status) status = producer->Flush(5s);
  REQUIRE_FALSE(status);
  CHECK(status.error().kind == ErrorKind::kTransient);
}

TEST_CASE("Creating a topic twice is no error, an impossible one is") {
  Kafka kafka;
  const auto& servers = kafka.broker->bootstrap_servers();
  REQUIRE(CreateTopic(servers, {}, "made", 1, 10s));
  REQUIRE(CreateTopic(servers, {}, "made", 1, 10s));
  auto consumer = kafka.MakeConsumer();
  CHECK(consumer->DescribeTopic("made", 10s).has_value());
  CHECK(CreateTopic(servers, {}, "bad", 0, 5s).error().kind == ErrorKind::kInvalidArgument);
  kafka.broker->SetDown();
  CHECK(CreateTopic(servers, {}, "other", 1, 500ms).error().kind == ErrorKind::kTransient);
}

}  // namespace
}  // namespace cdc::kafka
