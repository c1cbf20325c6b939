/// The broker judged by a client it does not know: librdkafka.

#include "lib/kafka/embedded_broker.h"

#include "lib/kafka/admin.h"
#include "tests/component/kafka/kafka_fixture.h"

namespace cdc::kafka {
namespace {

struct Embedded {
  explicit Embedded(EmbeddedBrokerOptions options = {})
      : broker(std::move(EmbeddedBroker::Start(options).value())) {}
  std::unique_ptr<Producer> MakeProducer(ProducerOptions options = {}) {
    options.bootstrap_servers = broker->bootstrap_servers();
    return std::move(Producer::Make(std::move(options)).value());
  }
  std::unique_ptr<Consumer> MakeConsumer() {
    return std::move(
        Consumer::Make({.bootstrap_servers = broker->bootstrap_servers(), .group_id = "test"}).value());
  }
  void Send(const std::string& topic, int from, int count, ProducerOptions options = {}) {
    auto producer = MakeProducer(std::move(options));
    for (int i = from; i < from + count; ++i) {
      REQUIRE(producer->Produce({.topic = topic, .partition = 0, .value = std::to_string(i)}));
    }
    REQUIRE(producer->Flush(20s));
  }
  std::unique_ptr<EmbeddedBroker> broker;
};

TEST_CASE("What is sent to the embedded broker comes back in order, whatever the codec") {
  Embedded kafka;
  int sent = 0;
  for (const char* codec : {"none", "gzip", "snappy", "lz4", "zstd"}) {
    ProducerOptions options;
    options.properties = {{"compression.type", codec}, {"batch.size", "5000"}};
    kafka.Send("t", sent, 5'000, options);
    sent += 5'000;
  }
  auto consumer = kafka.MakeConsumer();
  REQUIRE(consumer->Assign({{"t", 0, 17}}));
  const auto values = ReadToEnd(*consumer);
  REQUIRE(values.size() == static_cast<size_t>(sent - 17));
  for (int i = 17; i < sent; ++i) REQUIRE(values[static_cast<size_t>(i - 17)] == std::to_string(i));
  CHECK(consumer->Position("t", 0) == sent);
}

TEST_CASE("Topics: one partition by default, created with more, unknown ones stay unknown") {
  Embedded kafka;
  kafka.Send("first.use", 0, 1);
  const auto& servers = kafka.broker->bootstrap_servers();
  REQUIRE(CreateTopic(servers, {}, "three", 3, 10s));
  REQUIRE(CreateTopic(servers, {}, "three", 5, 10s));
  REQUIRE(kafka.broker->CreateTopic("two", 2));
  CHECK(kafka.broker->CreateTopic("two", 2).error().kind == ErrorKind::kConflict);
  CHECK(kafka.broker->CreateTopic("bad name", 2).error().kind == ErrorKind::kInvalidArgument);
  CHECK(CreateTopic(servers, {}, "bad name", 1, 10s).error().kind == ErrorKind::kInvalidArgument);
  auto consumer = kafka.MakeConsumer();
  CHECK(consumer->DescribeTopic("first.use", 10s).value().partitions == 1);
  CHECK(consumer->DescribeTopic("three", 10s).value().partitions == 3);
  CHECK(consumer->DescribeTopic("two", 10s).value().partitions == 2);
  CHECK(consumer->DescribeTopic("none", 10s).error().kind == ErrorKind::kNotFound);
  CHECK(consumer->DescribeTopic("not/a/name", 10s).error().kind == ErrorKind::kInvalidArgument);
  CHECK(consumer->ListTopics("", 10s).value().size() == 3);
  auto marks = consumer->Watermarks({{"three", 2}, {"first.use", 0}, {"none", 0}}, 5s);
  REQUIRE(marks);
  REQUIRE(marks->size() == 2);
  CHECK((*marks)[0].end == 0);
  CHECK((*marks)[1].end == 1);
  CHECK(consumer->DescribeTopic("none", 10s).error().kind == ErrorKind::kNotFound);
}

/// Bytes the broker sends to a consumer that begins to read one topic as a worker does.
int64_t BytesToBegin(Embedded& kafka) {
  const int64_t before = kafka.broker->bytes_sent();
  auto consumer = kafka.MakeConsumer();
  REQUIRE(consumer->DescribeTopic("t", 10s).value().partitions == 1);
  CHECK(consumer->DescribeTopic("none", 10s).error().kind == ErrorKind::kNotFound);
  REQUIRE(consumer->ClusterId(10s));
  REQUIRE(consumer->Watermarks({{"t", 0}}, 10s).value().size() == 1);
  REQUIRE(consumer->Assign({{"t", 0, 0}}));
  CHECK(ReadToEnd(*consumer).size() == 1);
  return kafka.broker->bytes_sent() - before;
}

TEST_CASE("To begin reading a topic costs the same among thousands, and makes none") {
  Embedded kafka;
  kafka.Send("t", 0, 1);
  const int64_t alone = BytesToBegin(kafka);
  CHECK(kafka.MakeConsumer()->ListTopics("", 10s).value().size() == 1);
  constexpr int kOthers = 3'000;
  for (int i = 0; i < kOthers; ++i)
    REQUIRE(kafka.broker->CreateTopic("a.topic.with.a.long.name." + std::to_string(i), 1));
  // A list of all of them is 180,000 bytes; how often empty fetches are answered varies.
  CHECK(BytesToBegin(kafka) < alone + 10'000);
  CHECK(kafka.MakeConsumer()->ListTopics("", 10s).value().size() == 1 + kOthers);
}

TEST_CASE("Nothing is forgotten: far more than a mock cluster keeps") {
  Embedded kafka;
  auto producer = kafka.MakeProducer({.properties = {{"compression.type", "none"}}});
  const std::string value(1000, 'v');
  constexpr int kCount = 30'000;
  for (int i = 0; i < kCount; ++i) REQUIRE(producer->Produce({.topic = "t", .value = value}));
  REQUIRE(producer->Flush(20s));
  auto consumer = kafka.MakeConsumer();
  REQUIRE(consumer->Assign({{"t", 0, kEarliest}}));
  CHECK(ReadToEnd(*consumer).size() == kCount);
}

TEST_CASE("A waiting fetch is answered as soon as there is a record") {
  Embedded kafka;
  REQUIRE(kafka.broker->CreateTopic("t", 1));
  auto consumer = std::move(Consumer::Make({.bootstrap_servers = kafka.broker->bootstrap_servers(),
                                            .properties = {{"fetch.wait.max.ms", "20000"}}})
                                .value());
  REQUIRE(consumer->Assign({{"t", 0, 0}}));
  MessageBatch batch;
  REQUIRE(consumer->Poll(200ms, 1, &batch));  // long enough for the fetch to wait at the broker
  const auto start = std::chrono::steady_clock::now();
  kafka.Send("t", 0, 1);
  PollUntil(*consumer, [](const MessageBatch& got) { return !got.empty(); });
  CHECK(std::chrono::steady_clock::now() - start < 5s);
}

TEST_CASE("Changes in several topics are seen at once also by a queue of one message") {
  Embedded kafka;
  const std::vector<std::string> topics = {"a", "b", "c", "d"};
  std::vector<TopicPartitionOffset> all;
  // So large that one answer holds one topic's only.
  const std::string large(800'000, 'x');
  auto producer = kafka.MakeProducer({.properties = {{"compression.type", "none"}}});
  for (const auto& topic : topics) {
    REQUIRE(producer->Produce({.topic = topic, .value = large}));
    all.push_back({topic, 0, 0});
  }
  REQUIRE(producer->Flush(20s));
  ConsumerOptions options;
  options.bootstrap_servers = kafka.broker->bootstrap_servers();
  options.queued_messages = 1;
  options.fetch_bytes = 1'000'000;
  auto consumer = std::move(Consumer::Make(options).value());
  REQUIRE(consumer->Assign(all));
  const auto start = std::chrono::steady_clock::now();
  size_t seen = 0;
  PollUntil(*consumer, [&](const MessageBatch& batch) {
    for (const Message& m : batch) {
      ++seen;
      REQUIRE(consumer->Pause({{std::string(m.topic()), 0}}));
    }
    return seen == topics.size();
  });
  // One second for each after the first, were it left to librdkafka.
  CHECK(std::chrono::steady_clock::now() - start < 1s);
}

TEST_CASE("Topics that come later are written and read at once") {
  Embedded kafka;
  auto producer = kafka.MakeProducer();
  auto consumer = kafka.MakeConsumer();
  const auto start = std::chrono::steady_clock::now();
  for (const char* topic : {"a", "b", "c", "d", "e"}) {
    REQUIRE(producer->Produce({.topic = topic, .value = "v"}));
    REQUIRE(producer->Flush(20s));
    REQUIRE(consumer->IncrementalAssign({{topic, 0, 0}}));
    PollUntil(*consumer, [](const MessageBatch& batch) { return !batch.empty(); });
  }
  // One to two seconds for each of the five, were it left to librdkafka's timers.
  CHECK(std::chrono::steady_clock::now() - start < 3s);
}

TEST_CASE("A full broker refuses; what it acknowledged stays") {
  Embedded kafka({.max_bytes = 100'000});
  auto producer = kafka.MakeProducer({.properties = {{"compression.type", "none"}, {"batch.size", "10000"}}});
  const std::string value(1000, 'v');
  for (int i = 0; i < 200; ++i) REQUIRE(producer->Produce({.topic = "t", .value = value}));
  CHECK_FALSE(producer->Flush(20s));
  CHECK(producer->acknowledged() > 50);
  CHECK(producer->failed() > 50);
  auto consumer = kafka.MakeConsumer();
  REQUIRE(consumer->Assign({{"t", 0, 0}}));
  CHECK(ReadToEnd(*consumer).size() == static_cast<size_t>(producer->acknowledged()));
}

TEST_CASE("An offset beyond the end is a problem") {
  Embedded kafka;
  kafka.Send("t", 0, 3);
  auto consumer = kafka.MakeConsumer();
  REQUIRE(consumer->Assign({{"t", 0, 9}}));
  PollUntil(*consumer, [](const MessageBatch& batch) {
    if (batch.problems().empty()) return false;
    CHECK(batch.problems()[0].out_of_range);
    CHECK(batch.problems()[0].end == 3);
    return true;
  });
}

TEST_CASE("Deleted records are gone, those after them keep their offsets") {
  Embedded kafka;
  for (int i = 0; i < 10; i += 2) kafka.Send("t", i, 2);  // batches of two
  auto consumer = kafka.MakeConsumer();
  const auto low = [&] { return consumer->Watermarks({{"t", 0}}, 5s).value().at(0).low; };
  REQUIRE(kafka.broker->DeleteRecords("t", 0, 5));
  CHECK(low() == 5);
  REQUIRE(consumer->Assign({{"t", 0, kEarliest}}));
  CHECK(ReadToEnd(*consumer) == std::vector<std::string>{"5", "6", "7", "8", "9"});
  REQUIRE(kafka.broker->DeleteRecords("t", 0, 10));
  CHECK(low() == 10);
  kafka.Send("t", 10, 1);
  CHECK(ReadToEnd(*consumer) == std::vector<std::string>{"10"});
  CHECK(kafka.broker->DeleteRecords("t", 0, 12).error().kind == ErrorKind::kInvalidArgument);
  CHECK(kafka.broker->DeleteRecords("t", 1, 0).error().kind == ErrorKind::kNotFound);
}

TEST_CASE("Deleted records make room for others") {
  Embedded kafka({.max_bytes = 100'000});
  const std::string value(1000, 'v');
  for (int round = 1; round <= 3; ++round) {
    auto producer = kafka.MakeProducer({.properties = {{"compression.type", "none"}}});
    for (int i = 0; i < 60; ++i) REQUIRE(producer->Produce({.topic = "t", .value = value}));
    CHECK(producer->Flush(20s));
    REQUIRE(kafka.broker->DeleteRecords("t", 0, 60 * round));
  }
}

TEST_CASE("A deleted topic is unknown, and empty when it is made anew") {
  Embedded kafka({.max_bytes = 100'000});
  kafka.Send("t", 0, 5);
  REQUIRE(kafka.broker->DeleteTopic("t"));
  CHECK(kafka.broker->DeleteTopic("t").error().kind == ErrorKind::kNotFound);
  auto consumer = kafka.MakeConsumer();
  CHECK(consumer->DescribeTopic("t", 10s).error().kind == ErrorKind::kNotFound);
  REQUIRE(kafka.broker->CreateTopic("t", 2));
  kafka.Send("t", 100, 1);
  REQUIRE(consumer->Assign({{"t", 0, kEarliest}}));
  CHECK(ReadToEnd(*consumer) == std::vector<std::string>{"100"});
  // What was deleted takes no room: the broker would be full otherwise.
  const std::string value(1000, 'v');
  for (int round = 0; round < 5; ++round) {
    REQUIRE(kafka.broker->CreateTopic("big", 1));
    auto producer = kafka.MakeProducer({.properties = {{"compression.type", "none"}}});
    for (int i = 0; i < 60; ++i) REQUIRE(producer->Produce({.topic = "big", .value = value}));
    CHECK(producer->Flush(20s));
    REQUIRE(kafka.broker->DeleteTopic("big"));
  }
}

TEST_CASE("Looking back delivers what is before the position apart from the rest") {
  Embedded kafka;
  kafka.Send("t", 0, 8);
  auto consumer = kafka.MakeConsumer();
  std::vector<std::string> earlier, later;
  int64_t end = -1;
  const auto read = [&](int64_t position, int64_t from) {
    earlier.clear();
    later.clear();
    REQUIRE(consumer->Assign({{"t", 0, position}}, {{{"t", 0}, from}}));
    CHECK(consumer->Position("t", 0) == position);
    PollUntil(*consumer, [&](const MessageBatch& batch) {
      CHECK(batch.problems().empty());
      for (const Message& m : batch.earlier()) earlier.emplace_back(*m.value());
      for (const Message& m : batch) later.emplace_back(*m.value());
      for (const PartitionEnd& reached : batch.ends()) end = reached.offset;
      return !batch.ends().empty();
    });
    CHECK(end == 8);
    CHECK(consumer->Position("t", 0) == 8);
  };
  using Values = std::vector<std::string>;
  read(6, 4);
  CHECK(earlier == Values{"4", "5"});
  CHECK(later == Values{"6", "7"});
  read(8, 7);
  CHECK(earlier == Values{"7"});
  CHECK(later.empty());
  read(6, 6);
  CHECK(earlier.empty());
  CHECK(later == Values{"6", "7"});

  REQUIRE(kafka.broker->DeleteRecords("t", 0, 5));
  read(6, 5);
  CHECK(earlier == Values{"5"});
  read(6, 4);  // is not there any more
  CHECK(earlier.empty());
  CHECK(later == Values{"6", "7"});
  read(5, 1);
  CHECK(later == Values{"5", "6", "7"});

  REQUIRE(consumer->Assign({{"t", 0, 4}}, {{{"t", 0}, 3}}));
  PollUntil(*consumer, [](const MessageBatch& batch) {
    if (batch.problems().empty()) return false;
    CHECK(batch.problems()[0].out_of_range);
    CHECK(batch.problems()[0].offset == 4);
    CHECK(batch.problems()[0].low == 5);
    return true;
  });
}

TEST_CASE("A partition that was paused or sought looks back no more") {
  Embedded kafka;
  kafka.Send("t", 0, 8);
  auto consumer = kafka.MakeConsumer();
  REQUIRE(consumer->Assign({{"t", 0, 6}}, {{{"t", 0}, 2}}));
  REQUIRE(consumer->Pause({{"t", 0}}));
  REQUIRE(consumer->Resume({{"t", 0}}));
  PollUntil(*consumer, [&](const MessageBatch& batch) {
    CHECK(batch.earlier().empty());
    return !batch.ends().empty();
  });
  CHECK(consumer->Position("t", 0) == 8);
}

TEST_CASE("A port that is taken is said so; two brokers have different cluster ids") {
  Embedded one;
  Embedded two;
  const auto& servers = one.broker->bootstrap_servers();
  const int port = std::stoi(servers.substr(servers.find(':') + 1));
  CHECK(EmbeddedBroker::Start({.port = static_cast<uint16_t>(port)}).error().kind ==
        ErrorKind::kInvalidConfig);
  CHECK(one.MakeConsumer()->ClusterId(10s).value() != two.MakeConsumer()->ClusterId(10s).value());
}

}  // namespace
}  // namespace cdc::kafka
