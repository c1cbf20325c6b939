#pragma once

/// \file lib/kafka/handle_internal.h
/// For this room's .cc files only: owned librdkafka handles, configuration, and errors as ErrorKind.

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "lib/core/result.h"
#include "lib/kafka/partition.h"

namespace cdc::kafka {

struct Release {
  void operator()(rd_kafka_conf_t* p) const { rd_kafka_conf_destroy(p); }
  void operator()(rd_kafka_t* p) const { rd_kafka_destroy(p); }
  void operator()(rd_kafka_queue_t* p) const { rd_kafka_queue_destroy(p); }
  void operator()(rd_kafka_topic_t* p) const { rd_kafka_topic_destroy(p); }
  void operator()(rd_kafka_topic_partition_list_t* p) const { rd_kafka_topic_partition_list_destroy(p); }
  void operator()(rd_kafka_error_t* p) const { rd_kafka_error_destroy(p); }
  void operator()(const struct rd_kafka_metadata* p) const { rd_kafka_metadata_destroy(p); }
};
template <typename T>
using Handle = std::unique_ptr<T, Release>;

using PartitionList = Handle<rd_kafka_topic_partition_list_t>;
using Config = Handle<rd_kafka_conf_t>;
using Metadata = Handle<const struct rd_kafka_metadata>;

PartitionList MakeList(const std::vector<TopicPartitionOffset>& partitions);
PartitionList MakeList(const std::vector<TopicPartition>& partitions);

/// Sets bootstrap.servers, silences librdkafka's own log, and applies `own`, then `users`.
Result<Config> MakeConfig(const std::string& bootstrap_servers, const std::vector<Property>& own,
                          const std::vector<Property>& users);

/// Takes the configuration. `type` as rd_kafka_new().
Result<Handle<rd_kafka_t>> MakeClient(rd_kafka_type_t type, Config config);

/// librdkafka 2.0.2 waits for ever for a broker's thread when a topic was deleted while it was read
/// (librdkafka#3007, #3954 look like it). Such a client is left alone, with its threads, which then last as
/// long as the process; nothing is heard of it any more, for it has been closed.
/// \param flags as rd_kafka_destroy_flags()
void End(Handle<rd_kafka_t> client, int flags);

/// What the caller should do about a librdkafka or broker error.
ErrorKind KindOf(rd_kafka_resp_err_t code);

/// "`doing`: <what librdkafka says>[: detail]", with a hint where an operator can help.
Error MakeError(rd_kafka_resp_err_t code, std::string_view doing, std::string_view detail = {});
Error MakeError(const rd_kafka_error_t* error, std::string_view doing);

/// Names what an operator has to grant in `error.hint`, if the brokers refused access to a topic or the
/// cluster. \param right as Kafka's rules name it: "READ on topic x"
Error NameRight(Error error, rd_kafka_resp_err_t code, std::string_view right);

inline int TimeoutMs(std::chrono::milliseconds t) {
  return static_cast<int>(t.count() < 0 ? 0 : t.count() > 0x7fffffff ? 0x7fffffff : t.count());
}

}  // namespace cdc::kafka
