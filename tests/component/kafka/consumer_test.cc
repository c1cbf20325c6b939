#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "tests/component/kafka/kafka_fixture.h"

namespace cdc::kafka {
namespace {

using Values = std::vector<std::string>;

/// Five records with all that a record can have.
struct Sent {
  const std::string binary = std::string("a\0b\xff", 4);
  const std::string big = std::string(1'500'000, 'x');

  void To(Producer& producer) const {
    REQUIRE(producer.Produce({.topic = "t",
                              .partition = 0,
                              .key = binary,
                              .value = "v1",
                              .headers = {{"h", "1"}, {"h", std::nullopt}, {"h", "3"}, {"empty", ""}},
                              .timestamp_ms = 1234567890123}));
    REQUIRE(producer.Produce({.topic = "t", .partition = 0, .key = "k"}));
    REQUIRE(producer.Produce({.topic = "t", .partition = 0, .key = "", .value = ""}));
    REQUIRE(producer.Produce({.topic = "t", .partition = 0}));
    REQUIRE(producer.Produce({.topic = "t", .partition = 0, .value = big}));
    REQUIRE(producer.Flush(10s));
    CHECK(producer.acknowledged() == 5);
  }

  void CheckFirst(const Message& m) const {
    CHECK(m.key() == binary);
    CHECK(m.value() == "v1");
    CHECK(m.timestamp_ms() == 1234567890123);
    CHECK(m.has_headers());
    CHECK(m.headers().size() == 4);
    CHECK(m.headers()[1] == std::pair<std::string_view, std::optional<std::string_view>>("h", std::nullopt));
    CHECK(m.header("h") == "3");
    CHECK(m.header("empty") == "");
    CHECK(m.header("none") == std::nullopt);
  }

  void Check(int64_t number, const Message& m) const {
    CHECK(m.topic() == "t");
    CHECK(m.partition() == 0);
    CHECK(m.offset() == number);
    if (number == 0) return CheckFirst(m);
    using Bytes = std::optional<std::string_view>;
    const std::pair<Bytes, Bytes> rest[] = {
        {"k", std::nullopt}, {"", ""}, {std::nullopt, std::nullopt}, {std::nullopt, big}};
    REQUIRE(number < 5);
    CHECK(m.key() == rest[number - 1].first);
    CHECK(m.value() == rest[number - 1].second);
    CHECK_FALSE(m.has_headers());
  }
};

TEST_CASE("Messages come back byte for byte with headers, nulls and tombstones") {
  Kafka kafka;
  REQUIRE(kafka.broker->CreateTopic("t", 1));
  const Sent sent;
  sent.To(*kafka.MakeProducer());
  auto consumer = kafka.MakeConsumer();
  REQUIRE(consumer->Assign({{"t", 0, 0}}));
  int64_t seen = 0;
  PollUntil(*consumer, [&](const MessageBatch& batch) {
    for (const Message& m : batch) sent.Check(seen++, m);
    for (const auto& end : batch.ends()) CHECK(end.offset == 5);
    return !batch.ends().empty();
  });
  CHECK(seen == 5);
  CHECK(consumer->Position("t", 0) == 5);
}

TEST_CASE("An empty partition ends at once where it was assigned") {
  Kafka kafka;
  REQUIRE(kafka.broker->CreateTopic("t", 2));
  auto consumer = kafka.MakeConsumer();
  REQUIRE(consumer->Assign({{"t", 1, kEarliest}}));
  CHECK(ReadToEnd(*consumer).empty());
  CHECK(consumer->Position("t", 1) == 0);
  CHECK(consumer->Position("t", 0) == std::nullopt);
}

TEST_CASE("The first message does not wait half a second") {
  // The fixed delay comes with kEarliest and kLatest, right after the client's start.
  Kafka kafka;
  REQUIRE(kafka.broker->CreateTopic("t", 1));
  kafka.Send("t", 0, 1);
  auto best = std::chrono::steady_clock::duration::max();
  for (int round = 0; round < 3; ++round) {
    const auto start = std::chrono::steady_clock::now();
    auto consumer = kafka.MakeConsumer();
    REQUIRE(consumer->Assign({{"t", 0, kEarliest}}));
    CHECK(ReadToEnd(*consumer) == Values{"0"});
    best = std::min(best, std::chrono::steady_clock::now() - start);
  }
  CHECK(best < 250ms);
}

TEST_CASE("A paused partition delivers nothing more, and resumes exactly where it stood") {
  Kafka kafka;
  REQUIRE(kafka.broker->CreateTopic("a", 1));
  REQUIRE(kafka.broker->CreateTopic("b", 1));
  kafka.Send("a", 0, 100);
  auto consumer = kafka.MakeConsumer();
  REQUIRE(consumer->Assign({{"a", 0, 0}, {"b", 0, 0}}));
  MessageBatch batch;
  while (batch.empty()) REQUIRE(consumer->Poll(1s, 10, &batch));
  const int64_t position = *consumer->Position("a", 0);
  REQUIRE(position > 0);
  REQUIRE(position <= 10);
  REQUIRE(consumer->Pause({{"a", 0}}));
  // The rest of "a" was fetched already; what arrives in "b" afterwards shows that polling went past it.
  kafka.Send("b", 0, 3);
  int from_b = 0;
  PollUntil(*consumer, [&](const MessageBatch& got) {
    for (const Message& m : got) {
      CHECK(m.topic() == "b");
      ++from_b;
    }
    return from_b == 3;
  });
  CHECK(consumer->Position("a", 0) == position);
  REQUIRE(consumer->Resume({{"a", 0}}));
  int64_t expected = position;
  PollUntil(*consumer, [&](const MessageBatch& got) {
    for (const Message& m : got) {
      if (m.topic() == "a") CHECK(m.offset() == expected++);
    }
    return expected == 100;
  });
}

TEST_CASE("Pause straight after assign loses nothing") {
  Kafka kafka;
  REQUIRE(kafka.broker->CreateTopic("t", 1));
  kafka.Send("t", 0, 10);
  auto consumer = kafka.MakeConsumer();
  for (int round = 0; round < 20; ++round) {
    REQUIRE(consumer->Assign({{"t", 0, 4}}));
    REQUIRE(consumer->Pause({{"t", 0}}));
    REQUIRE(consumer->Resume({{"t", 0}}));
    CHECK(ReadToEnd(*consumer) == Values{"4", "5", "6", "7", "8", "9"});
  }
}

TEST_CASE("Seek works on running and on paused partitions") {
  Kafka kafka;
  REQUIRE(kafka.broker->CreateTopic("t", 1));
  kafka.Send("t", 0, 6);
  auto consumer = kafka.MakeConsumer();
  REQUIRE(consumer->IncrementalAssign({{"t", 0, 0}}, /*paused=*/true));
  REQUIRE(consumer->Seek({{"t", 0, 4}}));
  REQUIRE(consumer->Resume({{"t", 0}}));
  CHECK(ReadToEnd(*consumer) == Values{"4", "5"});
  REQUIRE(consumer->Seek({{"t", 0, 3}}));
  CHECK(ReadToEnd(*consumer) == Values{"3", "4", "5"});
  // The end is told again whenever it is reached again.
  kafka.Send("t", 6, 1);
  CHECK(ReadToEnd(*consumer) == Values{"6"});
}

TEST_CASE("a question that nobody answers says where it was asked, why, and what to look at") {
  auto consumer = std::move(Consumer::Make({.bootstrap_servers = "127.0.0.1:1"}).value());
  const auto answer = consumer->DescribeTopic("t", 500ms);
  REQUIRE_FALSE(answer);
  INFO(Describe(answer.error()));
  CHECK(answer.error().kind == ErrorKind::kTransient);
  CHECK(answer.error().message.find("at 127.0.0.1:1 (") != std::string::npos);
  CHECK(answer.error().message.find("refused") != std::string::npos);
  CHECK(answer.error().hint.find("bootstrap_servers") != std::string::npos);
}

TEST_CASE("a machine without threads to spare is no wrong configuration") {
  const pid_t child = ::fork();
  if (child == 0) {
    // Limits of processes do not bind root. (A consumer ends by an assertion of librdkafka then.)
    const struct rlimit none { 0, 0 };
    if (::setrlimit(RLIMIT_NPROC, &none) != 0 || (::geteuid() == 0 && ::setuid(65534) != 0)) ::_exit(99);
    const auto made = Producer::Make({.bootstrap_servers = "127.0.0.1:1"});
    ::_exit(made ? 98 : static_cast<int>(made.error().kind));
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == static_cast<int>(ErrorKind::kTransient));
}

TEST_CASE("Misuse is refused and changes nothing") {
  Kafka kafka;
  auto consumer = kafka.MakeConsumer();
  REQUIRE(consumer->IncrementalAssign({{"t", 0, 5}}, true));
  CHECK(consumer->IncrementalAssign({{"t", 0, 0}}).error().kind == ErrorKind::kInvalidArgument);
  CHECK(consumer->Pause({{"t", 1}}).error().kind == ErrorKind::kInvalidArgument);
  CHECK(consumer->Resume({{"t", 1}}).error().kind == ErrorKind::kInvalidArgument);
  CHECK(consumer->Seek({{"t", 0, 7}, {"x", 0, 0}}).error().kind == ErrorKind::kInvalidArgument);
  CHECK(consumer->Position("t", 0) == 5);
  auto bad = Consumer::Make({.bootstrap_servers = "x:1", .properties = {{"no.such", "1"}}});
  CHECK(bad.error().kind == ErrorKind::kInvalidConfig);
  CHECK(bad.error().message.find("no.such") != std::string::npos);
  bad = Consumer::Make({.bootstrap_servers = "x:1", .properties = {{"auto.offset.reset", "latest"}}});
  CHECK(bad.error().kind == ErrorKind::kInvalidConfig);
  CHECK(bad.error().message.find("auto.offset.reset") != std::string::npos);
}

TEST_CASE("An offset that is not there is a problem, never a jump") {
  Kafka kafka;
  REQUIRE(kafka.broker->CreateTopic("t", 1));
  REQUIRE(kafka.broker->CreateTopic("good", 1));
  kafka.Send("t", 0, 3);
  kafka.Send("good", 0, 2);
  auto consumer = kafka.MakeConsumer();
  REQUIRE(consumer->Assign({{"t", 0, 50}, {"good", 0, 0}}));
  std::vector<PartitionProblem> problems;
  int good = 0;
  PollUntil(*consumer, [&](const MessageBatch& batch) {
    for (const Message& m : batch) {
      CHECK(m.topic() == "good");
      ++good;
    }
    problems.insert(problems.end(), batch.problems().begin(), batch.problems().end());
    return good == 2 && !problems.empty();
  });
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].out_of_range);
  CHECK(problems[0].topic == "t");
  CHECK(problems[0].offset == 50);
  CHECK(problems[0].low == 0);
  CHECK(problems[0].end == 3);
  CHECK(problems[0].error.kind == ErrorKind::kUnsupported);
  CHECK(consumer->Position("t", 0) == 50);
}

TEST_CASE("Watermarks and ends of many partitions; what is unknown is left out") {
  Kafka kafka;
  REQUIRE(kafka.broker->CreateTopic("a", 2));
  kafka.Send("a", 0, 7);
  auto consumer = kafka.MakeConsumer();
  auto marks = consumer->Watermarks({{"a", 0}, {"a", 1}, {"a", 9}}, 10s);
  REQUIRE(marks);
  REQUIRE(marks->size() == 2);
  CHECK((*marks)[0].low == 0);
  CHECK((*marks)[0].end == 7);
  CHECK((*marks)[1].end == 0);
  auto ends = consumer->EndOffsets({{"a", 0}}, 10s);
  REQUIRE(ends);
  CHECK(*ends == std::vector<TopicPartitionOffset>{{"a", 0, 7}});
}

TEST_CASE("Topics are listed by prefix and described") {
  Kafka kafka;
  for (const char* name : {"p.b", "p.a", "q.a"}) REQUIRE(kafka.broker->CreateTopic(name, 3));
  auto consumer = kafka.MakeConsumer();
  CHECK(consumer->DescribeTopic("p.a", 10s).value().partitions == 3);
  auto topics = consumer->ListTopics("p.", 10s).value();
  REQUIRE(topics.size() == 2);
  CHECK(topics[0].name == "p.a");
  CHECK(topics[1].name == "p.b");
  CHECK_FALSE(consumer->ClusterId(10s).value().empty());
}

TEST_CASE("A broker that is away is transient, and reading goes on when it is back") {
  Kafka kafka;
  REQUIRE(kafka.broker->CreateTopic("t", 1));
  kafka.Send("t", 0, 2);
  auto consumer = kafka.MakeConsumer();
  REQUIRE(consumer->Assign({{"t", 0, 0}}));
  CHECK(ReadToEnd(*consumer) == Values{"0", "1"});
  kafka.broker->SetDown();
  std::optional<Error> error;
  MessageBatch batch;
  const auto deadline = std::chrono::steady_clock::now() + 15s;
  while (!error && std::chrono::steady_clock::now() < deadline) {
    auto status = consumer->Poll(100ms, 10, &batch);
    if (!status) error = status.error();
  }
  REQUIRE(error);
  CHECK(error->kind == ErrorKind::kTransient);
  // librdkafka answers at once, without an end, where it knows of no leader; never with one it has heard
  // before.
  const auto ends = consumer->EndOffsets({{"t", 0}}, 300ms);
  CHECK((ends ? ends->empty() : ends.error().kind == ErrorKind::kTransient));
  const auto marks = consumer->Watermarks({{"t", 0}}, 300ms);
  CHECK((marks ? marks->empty() : marks.error().kind == ErrorKind::kTransient));
  kafka.broker->SetUp();
  kafka.Send("t", 2, 1);
  std::vector<std::string> values;
  PollUntil(*consumer, [&](const MessageBatch& got) {
    for (const Message& m : got) values.emplace_back(*m.value());
    return !values.empty();
  });
  CHECK(values == Values{"2"});
}

TEST_CASE("Fetch errors that pass are invisible") {
  Kafka kafka;
  REQUIRE(kafka.broker->CreateTopic("t", 1));
  kafka.Send("t", 0, 5);
  kafka.broker->FailFetch(2);
  auto consumer = kafka.MakeConsumer();
  REQUIRE(consumer->Assign({{"t", 0, 0}}));
  CHECK(ReadToEnd(*consumer) == Values{"0", "1", "2", "3", "4"});
}

TEST_CASE("A full queue does not stall the reader for a second") {
  Kafka kafka;
  REQUIRE(kafka.broker->CreateTopic("t", 1));
  ProducerOptions sending;
  sending.properties = {{"compression.type", "none"}, {"batch.size", "20000"}};
  auto producer = kafka.MakeProducer(sending);
  constexpr int kCount = 40'000;
  const std::string value(100, 'v');
  for (int i = 0; i < kCount; ++i) REQUIRE(producer->Produce({.topic = "t", .partition = 0, .value = value}));
  REQUIRE(producer->Flush(20s));
  ConsumerOptions options;
  options.queued_bytes = 400'000;
  options.fetch_partition_bytes = 100'000;
  auto consumer = kafka.MakeConsumer(options);
  REQUIRE(consumer->Assign({{"t", 0, 0}}));
  const auto start = std::chrono::steady_clock::now();
  CHECK(ReadToEnd(*consumer).size() == kCount);
  // Ten queues full: librdkafka alone takes up to a second for each.
  CHECK(std::chrono::steady_clock::now() - start < 1s);
}

TEST_CASE("The wake-up calls when there is something to poll") {
  Kafka kafka;
  REQUIRE(kafka.broker->CreateTopic("t", 1));
  auto consumer = kafka.MakeConsumer();
  std::atomic<int> calls = 0;
  consumer->SetWakeup([&] {
    ++calls;
    calls.notify_all();
  });
  REQUIRE(consumer->Assign({{"t", 0, 0}}));
  int64_t messages = 0;
  kafka.Send("t", 0, 1);
  for (int seen = 0; messages == 0;) {
    calls.wait(seen);
    seen = calls;
    MessageBatch batch;
    REQUIRE(consumer->Poll(0ms, 10, &batch));
    messages += static_cast<int64_t>(batch.size());
  }
  CHECK(messages == 1);
  consumer->SetWakeup(nullptr);
}

}  // namespace
}  // namespace cdc::kafka
