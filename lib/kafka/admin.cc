#include "lib/kafka/admin.h"

#include <fmt/core.h>

#include "lib/kafka/handle_internal.h"

namespace cdc::kafka {
namespace {

struct ReleaseAdmin {
  void operator()(rd_kafka_NewTopic_t* p) const { rd_kafka_NewTopic_destroy(p); }
  void operator()(rd_kafka_AdminOptions_t* p) const { rd_kafka_AdminOptions_destroy(p); }
  void operator()(rd_kafka_event_t* p) const { rd_kafka_event_destroy(p); }
};

/// Whether the cluster has a controller to ask; librdkafka's mock cluster names one that does not exist.
bool HasController(rd_kafka_t* client, std::chrono::milliseconds timeout) {
  const int32_t controller = rd_kafka_controllerid(client, TimeoutMs(timeout));
  const struct rd_kafka_metadata* raw = nullptr;
  if (rd_kafka_metadata(client, 0, nullptr, &raw, TimeoutMs(timeout)) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return true;
  Metadata brokers(raw);
  for (int i = 0; i < brokers->broker_cnt; ++i) {
    if (brokers->brokers[i].id == controller) return true;
  }
  return false;
}

/// A metadata request that names a topic creates it where the broker allows that. For brokers without
/// CreateTopics.
Status CreateByFirstUse(rd_kafka_t* client, const std::string& topic, std::chrono::milliseconds timeout) {
  Handle<rd_kafka_topic_t> handle(rd_kafka_topic_new(client, topic.c_str(), nullptr));
  const struct rd_kafka_metadata* raw = nullptr;
  const auto code = rd_kafka_metadata(client, 0, handle.get(), &raw, TimeoutMs(timeout));
  const std::string doing = fmt::format("Creating topic {}", topic);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return MakeError(code, doing);
  Metadata metadata(raw);
  if (metadata->topic_cnt == 1 && metadata->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return MakeError(metadata->topics[0].err, doing);
  }
  return {};
}

/// Kafka asks for the right to create a topic before it looks whether there is one. Ours may have been made
/// by whoever grants rights; one that may be written to may be described, too.
bool Exists(rd_kafka_t* client, const std::string& topic, std::chrono::milliseconds timeout) {
  Handle<rd_kafka_topic_t> handle(rd_kafka_topic_new(client, topic.c_str(), nullptr));
  const struct rd_kafka_metadata* raw = nullptr;
  if (rd_kafka_metadata(client, 0, handle.get(), &raw, TimeoutMs(timeout)) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return false;
  Metadata answer(raw);
  return answer->topic_cnt == 1 && answer->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace

Status CreateTopic(const std::string& bootstrap_servers, const std::vector<Property>& properties,
                   const std::string& topic, int32_t partitions, std::chrono::milliseconds timeout) {
  const std::string doing = fmt::format("Creating topic {} with {} partitions", topic, partitions);
  CDC_ASSIGN(Config config, MakeConfig(bootstrap_servers, {}, properties));
  CDC_ASSIGN(Handle<rd_kafka_t> client, MakeClient(RD_KAFKA_PRODUCER, std::move(config)));
  char why[512] = {};
  constexpr int kBrokersDefault = -1;
  std::unique_ptr<rd_kafka_NewTopic_t, ReleaseAdmin> wanted(
      rd_kafka_NewTopic_new(topic.c_str(), partitions, kBrokersDefault, why, sizeof why));
  if (!wanted) return Error{ErrorKind::kInvalidArgument, fmt::format("{}: {}", doing, why)};
  if (!HasController(client.get(), timeout)) return CreateByFirstUse(client.get(), topic, timeout);
  std::unique_ptr<rd_kafka_AdminOptions_t, ReleaseAdmin> options(
      rd_kafka_AdminOptions_new(client.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS));
  const int timeout_ms = TimeoutMs(timeout);
  rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms, why, sizeof why);
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), timeout_ms, why, sizeof why);
  Handle<rd_kafka_queue_t> queue(rd_kafka_queue_new(client.get()));
  rd_kafka_NewTopic_t* topics[] = {wanted.get()};
  rd_kafka_CreateTopics(client.get(), topics, 1, options.get(), queue.get());
  std::unique_ptr<rd_kafka_event_t, ReleaseAdmin> event(rd_kafka_queue_poll(queue.get(), timeout_ms + 1000));
  if (!event) return MakeError(RD_KAFKA_RESP_ERR__TIMED_OUT, doing);
  auto code = rd_kafka_event_error(event.get());
  if (code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE) return CreateByFirstUse(client.get(), topic, timeout);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return MakeError(code, doing, rd_kafka_event_error_string(event.get()));
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  for (size_t i = 0; i < count; ++i) {
    code = rd_kafka_topic_result_error(results[i]);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;
    const bool refused = code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
                         code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
    if (refused && Exists(client.get(), topic, timeout)) continue;
    const char* detail = rd_kafka_topic_result_error_string(results[i]);
    return NameRight(MakeError(code, doing, detail == nullptr ? "" : detail), code,
                     fmt::format("CREATE and WRITE on topic {0}, or create {0} and grant WRITE", topic));
  }
  return {};
}

}  // namespace cdc::kafka
