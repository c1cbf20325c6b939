#include <future>
#include <memory>
#include <thread>

#include <fmt/core.h>

#include "lib/contract/kafka_properties.h"
#include "lib/kafka/handle_internal.h"

namespace cdc::kafka {

PartitionList MakeList(const std::vector<TopicPartitionOffset>& partitions) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const auto& p : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), p.topic.c_str(), p.partition)->offset = p.offset;
  }
  return list;
}

PartitionList MakeList(const std::vector<TopicPartition>& partitions) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const auto& p : partitions)
    rd_kafka_topic_partition_list_add(list.get(), p.topic.c_str(), p.partition);
  return list;
}

namespace {

/// How long a client may take to end. It takes milliseconds, or for ever.
constexpr std::chrono::seconds kLongestEnd{3};

Status Set(rd_kafka_conf_t* config, const std::string& name, const std::string& value, bool users) {
  char why[512] = {};
  if (rd_kafka_conf_set(config, name.c_str(), value.c_str(), why, sizeof why) == RD_KAFKA_CONF_OK) return {};
  // librdkafka repeats the value, which may be a password.
  std::string reason = why;
  for (size_t at = 0; !value.empty() && (at = reason.find(value, at)) != reason.npos; ++at)
    reason.replace(at, value.size(), "…");
  return Error{ErrorKind::kInvalidConfig, fmt::format("Kafka property {}: {}", name, reason),
               users ? fmt::format("correct or remove {} in [kafka.properties]", name) : ""};
}

}  // namespace

Result<Config> MakeConfig(const std::string& bootstrap_servers, const std::vector<Property>& own,
                          const std::vector<Property>& users) {
  if (bootstrap_servers.empty()) {
    return Error{ErrorKind::kInvalidConfig, "No Kafka servers are given",
                 "[kafka] bootstrap_servers = \"host:9092\""};
  }
  Config config(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(config.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
  CDC_TRY(Set(config.get(), "bootstrap.servers", bootstrap_servers, false));
  for (const auto& p : own) {
    // What is missing there users could override.
    if (!contract::FindOwnedProperty(p.name)) {
      return Error{ErrorKind::kInvalidArgument,
                   fmt::format("Kafka property {} is not declared as our own", p.name)};
    }
    CDC_TRY(Set(config.get(), p.name, p.value, false));
  }
  for (const auto& p : users) {
    const auto owned = contract::FindOwnedProperty(p.name);
    if (owned && owned->guarantee) {
      return Error{ErrorKind::kInvalidConfig,
                   fmt::format("Kafka property {} {}", p.name, contract::Describe(*owned))};
    }
    CDC_TRY(Set(config.get(), p.name, p.value, true));
  }
  return config;
}

Result<Handle<rd_kafka_t>> MakeClient(rd_kafka_type_t type, Config config) {
  char why[512] = {};
  Handle<rd_kafka_t> client(rd_kafka_new(type, config.get(), why, sizeof why));
  if (!client) {
    const rd_kafka_resp_err_t code = rd_kafka_last_error();
    // Threads that came up too late own what is in the configuration.
    if (code == RD_KAFKA_RESP_ERR__TIMED_OUT) (void)config.release();
    if (code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE) {
      return Error{
          ErrorKind::kTransient, fmt::format("Starting a Kafka client: {}", why),
          "the machine is out of threads or memory, or overloaded: look at `ulimit -u`, the container's "
          "limit of processes, and max_jobs"};
    }
    return Error{ErrorKind::kInvalidConfig, fmt::format("Starting a Kafka client: {}", why),
                 "check [kafka] and [kafka.properties]"};
  }
  (void)config.release();
  return client;
}

void End(Handle<rd_kafka_t> client, int flags) {
  auto ended = std::make_shared<std::promise<void>>();
  auto end = ended->get_future();
  std::thread([ended, flags, raw = client.release()] {
    rd_kafka_destroy_flags(raw, flags);
    ended->set_value();
  }).detach();
  (void)end.wait_for(kLongestEnd);
}

ErrorKind KindOf(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR__INVALID_TYPE:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_SECURITY_DISABLED:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION: return ErrorKind::kInvalidConfig;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION: return ErrorKind::kNotFound;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE: return ErrorKind::kBadValue;
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR__INVALID_ARG: return ErrorKind::kInvalidArgument;
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
    case RD_KAFKA_RESP_ERR__CONFLICT: return ErrorKind::kConflict;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE: return ErrorKind::kUnsupported;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR_INVALID_MSG: return ErrorKind::kCorrupt;
    case RD_KAFKA_RESP_ERR__DESTROY: return ErrorKind::kShuttingDown;
    default: return ErrorKind::kTransient;
  }
}

Error MakeError(rd_kafka_resp_err_t code, std::string_view doing, std::string_view detail) {
  Error error{KindOf(code), fmt::format("{}: {}", doing, rd_kafka_err2str(code))};
  if (!detail.empty() && detail != rd_kafka_err2str(code)) error.message += fmt::format(" ({})", detail);
  if (error.kind == ErrorKind::kInvalidConfig)
    error.hint = "check [kafka.properties] and the broker's access rules";
  if (code == RD_KAFKA_RESP_ERR__RESOLVE || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    error.hint = "check that Kafka runs at [kafka] bootstrap_servers";
  }
  return error;
}

Error NameRight(Error error, rd_kafka_resp_err_t code, std::string_view right) {
  if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
      code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED) {
    error.hint = fmt::format("grant the user of [kafka.properties] {}", right);
  }
  return error;
}

Error MakeError(const rd_kafka_error_t* error, std::string_view doing) {
  return MakeError(rd_kafka_error_code(error), doing, rd_kafka_error_string(error));
}

}  // namespace cdc::kafka
