/// Questions a Consumer asks brokers: offsets and topics.

#include <algorithm>
#include <unordered_map>

#include <fmt/core.h>

#include "lib/kafka/consumer_internal.h"

namespace cdc::kafka {
namespace {

/// ListOffsets for all partitions at once, grouped by leader; `which` is kEarliest or kLatest, which the
/// protocol takes as special timestamps. With read_committed the broker answers kLatest with the last stable
/// offset. Entries that were not answered keep a negative offset or carry an error.
Result<PartitionList> AskOffsets(rd_kafka_t* client, const std::vector<TopicPartition>& partitions,
                                 int64_t which, std::chrono::milliseconds timeout) {
  PartitionList list = MakeList(partitions);
  for (int i = 0; i < list->cnt; ++i) list->elems[i].offset = which;
  const auto code = rd_kafka_offsets_for_times(client, list.get(), TimeoutMs(timeout));
  if (code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) return list;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return MakeError(code, fmt::format("Asking for the offsets of {} partitions", partitions.size()));
  }
  return list;
}

bool Answered(const rd_kafka_topic_partition_t& p) {
  return p.err == RD_KAFKA_RESP_ERR_NO_ERROR && p.offset >= 0;
}

/// Of one topic, or of all: `topic` is null.
Result<Metadata> AskTopics(rd_kafka_t* client, rd_kafka_topic_t* topic, std::chrono::milliseconds timeout) {
  const struct rd_kafka_metadata* raw = nullptr;
  const auto code = rd_kafka_metadata(client, topic == nullptr ? 1 : 0, topic, &raw, TimeoutMs(timeout));
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return Metadata(raw);
  if (topic == nullptr) return MakeError(code, "Listing Kafka's topics");
  return MakeError(code, fmt::format("Describing topic {}", rd_kafka_topic_name(topic)));
}

}  // namespace

std::vector<TopicPartitionOffset> Consumer::Impl::Resolve(std::vector<TopicPartitionOffset> wanted) {
  constexpr std::chrono::seconds kPatience(2);
  for (const int64_t which : {kEarliest, kLatest}) {
    std::vector<TopicPartition> asked;
    std::vector<TopicPartitionOffset*> targets;
    for (auto& p : wanted) {
      if (p.offset != which) continue;
      asked.push_back({p.topic, p.partition});
      targets.push_back(&p);
    }
    if (asked.empty()) continue;
    auto answer = AskOffsets(client.get(), asked, which, kPatience);
    if (!answer) return wanted;
    for (size_t i = 0; i < targets.size(); ++i) {
      const auto& p = (*answer)->elems[i];
      if (!Answered(p)) continue;
      targets[i]->offset = p.offset;
      topics_with_leader.insert(p.topic);
    }
  }
  std::vector<TopicPartition> unknown;
  for (const auto& p : wanted) {
    if (topics_with_leader.insert(p.topic).second) unknown.push_back({p.topic, p.partition});
  }
  if (unknown.empty()) return wanted;
  // Whatever the answer, librdkafka has looked the leaders up.
  if (!AskOffsets(client.get(), unknown, kLatest, kPatience)) {
    for (const auto& p : unknown) topics_with_leader.erase(p.topic);
  }
  return wanted;
}

Result<std::vector<TopicPartitionOffset>> Consumer::EndOffsets(const std::vector<TopicPartition>& partitions,
                                                               std::chrono::milliseconds timeout) {
  std::vector<TopicPartitionOffset> answer;
  if (partitions.empty()) return answer;
  CDC_ASSIGN(PartitionList ends, AskOffsets(impl_->client.get(), partitions, kLatest, timeout));
  for (int i = 0; i < ends->cnt; ++i) {
    const auto& p = ends->elems[i];
    if (Answered(p)) answer.push_back({p.topic, p.partition, p.offset});
  }
  return answer;
}

Result<std::vector<Watermark>> Consumer::Watermarks(const std::vector<TopicPartition>& partitions,
                                                    std::chrono::milliseconds timeout) {
  std::vector<Watermark> answer;
  if (partitions.empty()) return answer;
  const auto start = std::chrono::steady_clock::now();
  CDC_ASSIGN(PartitionList lows, AskOffsets(impl_->client.get(), partitions, kEarliest, timeout));
  const auto used =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
  CDC_ASSIGN(PartitionList ends, AskOffsets(impl_->client.get(), partitions, kLatest,
                                            std::max(timeout - used, std::chrono::milliseconds(1))));
  // Both lists are copies of `partitions` in its order.
  for (int i = 0; i < lows->cnt && i < ends->cnt; ++i) {
    const auto& low = lows->elems[i];
    const auto& end = ends->elems[i];
    if (Answered(low) && Answered(end)) answer.push_back({low.topic, low.partition, low.offset, end.offset});
  }
  return answer;
}

Result<std::vector<TopicInfo>> Consumer::ListTopics(std::string_view prefix,
                                                    std::chrono::milliseconds timeout) {
  auto asked = AskTopics(impl_->client.get(), nullptr, timeout);
  if (!asked) return impl_->WithReason(asked.error());
  const Metadata all = std::move(*asked);
  std::vector<TopicInfo> topics;
  for (int i = 0; i < all->topic_cnt; ++i) {
    const auto& t = all->topics[i];
    const std::string_view name = t.topic;
    if (!name.starts_with(prefix) || name.starts_with("__") || t.partition_cnt == 0) continue;
    topics.push_back({t.topic, t.partition_cnt});
  }
  std::sort(topics.begin(), topics.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return topics;
}

// Asked by name: every start of a worker waits for this, and the list of 10,000 topics takes 65 ms
// (measured). allow.auto.create.topics=false goes with the request; brokers know it since 0.11.
Result<TopicInfo> Consumer::DescribeTopic(const std::string& topic, std::chrono::milliseconds timeout) {
  Handle<rd_kafka_topic_t> handle(rd_kafka_topic_new(impl_->client.get(), topic.c_str(), nullptr));
  if (!handle) {
    return Error{ErrorKind::kInvalidArgument,
                 fmt::format("Describing topic {}: {}", topic, rd_kafka_err2str(rd_kafka_last_error()))};
  }
  auto asked = AskTopics(impl_->client.get(), handle.get(), timeout);
  if (!asked) return impl_->WithReason(asked.error());
  const Metadata answer = std::move(*asked);
  for (int i = 0; i < answer->topic_cnt; ++i) {
    const auto& t = answer->topics[i];
    if (topic != t.topic || KindOf(t.err) == ErrorKind::kNotFound) continue;
    if (t.err == RD_KAFKA_RESP_ERR_NO_ERROR) return TopicInfo{topic, t.partition_cnt};
    return NameRight(MakeError(t.err, fmt::format("Describing topic {}", topic)), t.err,
                     fmt::format("DESCRIBE and READ on topic {}", topic));
  }
  return Error{ErrorKind::kNotFound,
               fmt::format("Topic {} does not exist at {}", topic, impl_->options.bootstrap_servers),
               "check [source] topic_prefix, the table's topic, and that the connector has sent something"};
}

/// What the brokers' connections came to grief at is told to error_cb alone, and that is called by a poll.
Error Consumer::Impl::WithReason(Error error) {
  if (error.kind != ErrorKind::kTransient) return error;
  if (partitions.empty()) {
    rd_kafka_message_t* event = nullptr;
    while (rd_kafka_consume_batch_queue(queue.get(), 0, &event, 1) > 0) rd_kafka_message_destroy(event);
  }
  error.message += fmt::format(" at {}", options.bootstrap_servers);
  if (failure && failure->kind != ErrorKind::kTransient) {
    error.message += fmt::format(" ({})", failure->message);
    return {failure->kind, std::move(error.message), failure->hint};
  } else if (!last_transport_error.empty()) {
    error.message += fmt::format(" ({})", last_transport_error);
  }
  // Brokers are reached by the names that they advertise, whatever bootstrap_servers says.
  const bool unknown_name = last_transport_error.find("Failed to resolve") != std::string::npos;
  error.hint =
      unknown_name
          ? "a broker advertises a name that this machine does not know: add it to DNS or /etc/hosts, or "
            "change advertised.listeners at the broker"
          : "check that Kafka runs at [kafka] bootstrap_servers; TLS and SASL are in [kafka.properties]";
  return error;
}

Result<std::string> Consumer::ClusterId(std::chrono::milliseconds timeout) {
  char* id = rd_kafka_clusterid(impl_->client.get(), TimeoutMs(timeout));
  if (id == nullptr) {
    return Error{ErrorKind::kTransient,
                 fmt::format("Asking {} for its cluster id: no answer", impl_->options.bootstrap_servers),
                 "check that Kafka runs at [kafka] bootstrap_servers"};
  }
  std::string copy = id;
  rd_kafka_mem_free(impl_->client.get(), id);
  return copy;
}

PartitionProblem Consumer::Impl::Explain(const rd_kafka_message_t& m) {
  constexpr int kAskMs = 5000;
  PartitionProblem problem;
  problem.topic = rd_kafka_topic_name(m.rkt);
  problem.partition = m.partition;
  const std::string doing = fmt::format("Reading {}[{}]", problem.topic, m.partition);
  if (KindOf(m.err) != ErrorKind::kUnsupported) {
    problem.error = NameRight(MakeError(m.err, doing, rd_kafka_message_errstr(&m)), m.err,
                              fmt::format("READ on topic {}", problem.topic));
    return problem;
  }
  problem.out_of_range = true;
  problem.offset = m.offset;
  if (const PartitionState* state = Find(problem.topic, m.partition); m.offset < 0 && state != nullptr) {
    problem.offset = state->position;
  }
  int64_t low = -1;
  int64_t end = -1;
  if (rd_kafka_query_watermark_offsets(client.get(), problem.topic.c_str(), m.partition, &low, &end,
                                       kAskMs) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    problem.low = low;
    problem.end = end;
  }
  problem.error =
      Error{ErrorKind::kUnsupported,
            fmt::format("{} from offset {}: it is not there (any more); the topic holds [{}, {})", doing,
                        problem.offset, problem.low, problem.end),
            "cdc reset TABLE rebuilds the table, cdc rewind or adopt TABLE go on from other offsets"};
  return problem;
}

}  // namespace cdc::kafka
