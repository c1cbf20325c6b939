#pragma once

/// \file tests/component/kafka/kafka_fixture.h
/// A mock broker with what tests do to it all the time.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "lib/kafka/consumer.h"
#include "lib/kafka/mock_broker.h"
#include "lib/kafka/producer.h"

/// A failed REQUIRE(result) shows the error.
template <typename T>
struct Catch::StringMaker<boost::system::result<T, cdc::Error>> {
  static std::string convert(const boost::system::result<T, cdc::Error>& result) {
    return result ? "a value" : cdc::Describe(result.error());
  }
};

namespace cdc::kafka {

using namespace std::chrono_literals;  // NOLINT

struct Kafka {
  std::unique_ptr<MockBroker> broker = std::move(MockBroker::Start().value());

  std::unique_ptr<Producer> MakeProducer(ProducerOptions options = {}) {
    options.bootstrap_servers = broker->bootstrap_servers();
    return std::move(Producer::Make(std::move(options)).value());
  }
  std::unique_ptr<Consumer> MakeConsumer(ConsumerOptions options = {}) {
    options.bootstrap_servers = broker->bootstrap_servers();
    options.group_id = "test";
    return std::move(Consumer::Make(std::move(options)).value());
  }
  /// `count` records "<from>", "<from+1>", … in partition 0.
  void Send(const std::string& topic, int from, int count) {
    auto producer = MakeProducer();
    for (int i = from; i < from + count; ++i) {
      const std::string value = std::to_string(i);
      REQUIRE(producer->Produce({.topic = topic, .partition = 0, .value = value}));
    }
    REQUIRE(producer->Flush(10s));
  }
};

/// Polls until `done(batch)`, at most 15 s; fails the test otherwise. Errors of Poll are ignored.
inline void PollUntil(Consumer& consumer, const std::function<bool(const MessageBatch&)>& done) {
  MessageBatch batch;
  const auto deadline = std::chrono::steady_clock::now() + 15s;
  while (std::chrono::steady_clock::now() < deadline) {
    (void)consumer.Poll(100ms, 1000, &batch);
    if (done(batch)) return;
  }
  FAIL("not within 15 s");
}

/// Values of the next messages up to the end of one partition.
inline std::vector<std::string> ReadToEnd(Consumer& consumer) {
  std::vector<std::string> values;
  PollUntil(consumer, [&](const MessageBatch& batch) {
    for (const Message& m : batch) values.emplace_back(m.value().value_or("<null>"));
    return !batch.ends().empty();
  });
  return values;
}

}  // namespace cdc::kafka
