#pragma once

/// \file lib/kafka/mock_broker.h
/// An embedded Kafka on 127.0.0.1 (librdkafka's mock cluster): for demonstrations and tests, other processes
/// may use it. Nothing is stored on disk; each partition keeps only its last 5 MiB or 100,000 records, older
/// ones vanish silently.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "lib/core/result.h"

namespace cdc::kafka {

/// Stops when destroyed. Thread-safe.
class MockBroker {
 public:
  /// Topics made by their first use have 4 partitions (librdkafka's fixed choice).
  static Result<std::unique_ptr<MockBroker>> Start();
  ~MockBroker();
  MockBroker(const MockBroker&) = delete;
  MockBroker& operator=(const MockBroker&) = delete;

  /// "127.0.0.1:port"; the port is chosen by the system.
  const std::string& bootstrap_servers() const;

  /// \return kConflict: it exists (also when its first use made it).
  Status CreateTopic(const std::string& topic, int partitions);

  // Faults, for tests.

  /// Closes all connections and refuses new ones, keeping the records.
  void SetDown();
  void SetUp();
  /// Delays every answer.
  void SetRoundTrip(std::chrono::milliseconds delay);
  /// The next `count` produce requests fail: not written, with the retriable error "not enough replicas".
  void FailProduce(int count);
  /// The next `count` produce requests fail with "message too large".
  void RefuseSize(int count);
  /// The next `count` fetches fail with "offset out of range".
  void FailFetchOutOfRange(int count);
  /// The next `count` fetches fail with "not leader", a retriable error.
  void FailFetch(int count);

 private:
  struct Impl;
  explicit MockBroker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cdc::kafka
