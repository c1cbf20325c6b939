#pragma once

/// \file lib/kafka/embedded_broker.h
/// A one-node Kafka in memory on 127.0.0.1, for `cdc broker`: demonstrations and tests without Java.
///
/// Speaks enough of Kafka's protocol for producers (also idempotent), consumers that assign partitions, group
/// offsets and topic creation. Not: consumer group membership, transactions, compaction, TLS. Nothing
/// acknowledged is ever dropped unasked while it runs (librdkafka's mock cluster forgets all but the last 5
/// MiB of a partition), nothing survives its end.

#include <cstdint>
#include <memory>
#include <string>

#include "lib/core/result.h"

namespace cdc::kafka {

struct EmbeddedBrokerOptions {
  uint16_t port = 0;               ///< 0: chosen by the system
  int32_t default_partitions = 1;  ///< of topics made by their first use
  int64_t max_bytes =
      int64_t{4096} << 20;  ///< of records; beyond it producers are refused with a policy violation
};

/// Runs on a thread of its own until destroyed. Thread-safe.
class EmbeddedBroker {
 public:
  /// \return kInvalidConfig: the port is taken; kTransient: out of descriptors or threads.
  static Result<std::unique_ptr<EmbeddedBroker>> Start(const EmbeddedBrokerOptions& options);
  ~EmbeddedBroker();
  EmbeddedBroker(const EmbeddedBroker&) = delete;
  EmbeddedBroker& operator=(const EmbeddedBroker&) = delete;

  /// "127.0.0.1:port"
  const std::string& bootstrap_servers() const;

  /// To all clients since the start: what they ask for can be seen in it.
  int64_t bytes_sent() const;

  /// \return kConflict: it exists; kInvalidArgument: a bad name or count.
  Status CreateTopic(const std::string& topic, int32_t partitions);
  /// \return kNotFound: there is none.
  Status DeleteTopic(const std::string& topic);
  /// As retention does. \param first the oldest offset that stays; at most the end
  /// \return kNotFound: no such partition; kInvalidArgument: beyond the end.
  Status DeleteRecords(const std::string& topic, int32_t partition, int64_t first);

 private:
  struct Impl;
  explicit EmbeddedBroker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cdc::kafka
