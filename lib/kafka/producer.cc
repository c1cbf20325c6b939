#include "lib/kafka/producer.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/core.h>

#include "lib/kafka/handle_internal.h"

namespace cdc::kafka {

struct Producer::Impl {
  ProducerOptions options;
  Handle<rd_kafka_t> client;
  std::optional<Error> first_failure;  ///< since the last Flush()
  std::optional<Error> fatal;          ///< every later call fails with it
  std::string last_transport_error;
  int64_t acknowledged = 0;
  int64_t failed = 0;
  int64_t in_flight = 0;
  std::unordered_map<std::string, Handle<rd_kafka_topic_t>> topics;

  rd_kafka_topic_t* Topic(const std::string& name);
  void OnDelivered(const rd_kafka_message_t& m);
  void OnError(int code, const char* reason);
};

Producer::Producer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Producer::~Producer() {
  // Purging waits for each broker's thread, up to a second.
  if (!impl_ || !impl_->client || impl_->in_flight == 0) return;
  // What is dropped is still reported to its callbacks' owners, so that nothing of theirs leaks.
  rd_kafka_purge(impl_->client.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(impl_->client.get(), 1000);
}

Result<std::unique_ptr<Producer>> Producer::Make(ProducerOptions options) {
  auto number = [](int64_t n) { return std::to_string(n); };
  const std::vector<Property> own = {
      {"enable.idempotence", "true"},
      {"partitioner", "murmur2_random"},
      {"compression.type", "lz4"},
      {"linger.ms", number(options.linger.count())},
      {"delivery.timeout.ms", number(options.delivery_timeout.count())},
      {"message.max.bytes", number(options.max_message_bytes)},
      {"queue.buffering.max.kbytes", number(std::max<int64_t>(options.queued_bytes / 1024, 1024))},
      {"queue.buffering.max.messages", "1000000"},
      {"topic.metadata.refresh.fast.interval.ms", "50"},
      {"reconnect.backoff.ms", "50"},
      {"reconnect.backoff.max.ms", "2000"},
  };
  CDC_ASSIGN(Config config, MakeConfig(options.bootstrap_servers, own, options.properties));
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  rd_kafka_conf_set_opaque(config.get(), impl.get());
  rd_kafka_conf_set_dr_msg_cb(config.get(), [](rd_kafka_t*, const rd_kafka_message_t* m, void* self) {
    static_cast<Impl*>(self)->OnDelivered(*m);
  });
  rd_kafka_conf_set_error_cb(config.get(), [](rd_kafka_t*, int code, const char* reason, void* self) {
    static_cast<Impl*>(self)->OnError(code, reason);
  });
  CDC_ASSIGN(impl->client, MakeClient(RD_KAFKA_PRODUCER, std::move(config)));
  return std::unique_ptr<Producer>(new Producer(std::move(impl)));
}

void Producer::Impl::OnDelivered(const rd_kafka_message_t& m) {
  --in_flight;
  std::unique_ptr<OnDelivery> callback(static_cast<OnDelivery*>(m._private));
  const char* topic = rd_kafka_topic_name(m.rkt);
  Delivery delivery{topic, m.partition, m.offset, {}};
  if (m.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++acknowledged;
  } else {
    ++failed;
    delivery.status =
        NameRight(MakeError(m.err, fmt::format("Writing {} bytes to topic {}", m.len + m.key_len, topic),
                            m.err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT ? last_transport_error : ""),
                  m.err, fmt::format("WRITE on topic {}", topic));
    if (!first_failure) first_failure = delivery.status.error();
  }
  if (callback) (*callback)(delivery);
}

void Producer::Impl::OnError(int code, const char* reason) {
  auto err = static_cast<rd_kafka_resp_err_t>(code);
  const std::string doing = fmt::format("Writing to Kafka at {}", options.bootstrap_servers);
  if (err == RD_KAFKA_RESP_ERR__FATAL) {
    char why[512] = {};
    err = rd_kafka_fatal_error(client.get(), why, sizeof why);
    std::string names;
    for (const auto& [name, handle] : topics) names += (names.empty() ? "" : ", ") + name;
    // Kafka refuses an idempotent producer that may write to no topic at all.
    fatal = NameRight(MakeError(err, doing, why), err, fmt::format("WRITE on topic {}", names));
  } else if (KindOf(err) == ErrorKind::kInvalidConfig) {
    if (!first_failure) first_failure = MakeError(err, doing, reason);
  } else {
    last_transport_error = reason;
  }
}

Status Producer::Produce(const Record& record, OnDelivery on_delivery) {
  // A null pointer means null to librdkafka, also with size 0.
  auto data = [](const std::optional<std::string_view>& v) -> void* {
    if (!v) return nullptr;
    return const_cast<char*>(v->data() == nullptr ? "" : v->data());
  };
  if (impl_->fatal) return *impl_->fatal;
  const std::string topic(record.topic);
  rd_kafka_topic_t* handle = impl_->Topic(topic);
  if (handle == nullptr) {
    return MakeError(rd_kafka_last_error(), fmt::format("Writing to topic \"{}\"", topic));
  }
  auto callback = on_delivery ? std::make_unique<OnDelivery>(std::move(on_delivery)) : nullptr;
  const auto deadline = std::chrono::steady_clock::now() + impl_->options.delivery_timeout;
  for (;;) {
    rd_kafka_headers_t* headers = nullptr;
    if (!record.headers.empty()) {
      headers = rd_kafka_headers_new(record.headers.size());
      for (const auto& [name, value] : record.headers) {
        rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), data(value),
                            value ? static_cast<ssize_t>(value->size()) : 0);
      }
    }
    const auto code =
        rd_kafka_producev(impl_->client.get(), RD_KAFKA_V_RKT(handle),
                          RD_KAFKA_V_PARTITION(record.partition.value_or(RD_KAFKA_PARTITION_UA)),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_KEY(data(record.key), (record.key ? record.key->size() : 0)),
                          RD_KAFKA_V_VALUE(data(record.value), (record.value ? record.value->size() : 0)),
                          RD_KAFKA_V_TIMESTAMP(record.timestamp_ms.value_or(0)),
                          RD_KAFKA_V_OPAQUE(callback.get()), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) break;
    if (headers != nullptr) rd_kafka_headers_destroy(headers);
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL || std::chrono::steady_clock::now() >= deadline) {
      return MakeError(
          code, fmt::format("Writing {} bytes to topic {}", record.value ? record.value->size() : 0, topic),
          impl_->last_transport_error);
    }
    rd_kafka_poll(impl_->client.get(), 50);
    if (impl_->fatal) return *impl_->fatal;
  }
  (void)callback.release();
  ++impl_->in_flight;
  return {};
}

void Producer::Poll() { rd_kafka_poll(impl_->client.get(), 0); }

/// librdkafka asks about a topic that is new to it only with the next tick of a one-second timer, unless it
/// does not know the broker yet either. Asking ourselves, once per topic, takes a round trip.
rd_kafka_topic_t* Producer::Impl::Topic(const std::string& name) {
  constexpr int kPatienceMs = 1000;
  auto it = topics.find(name);
  if (it != topics.end()) return it->second.get();
  Handle<rd_kafka_topic_t> topic(rd_kafka_topic_new(client.get(), name.c_str(), nullptr));
  if (!topic) return nullptr;
  const struct rd_kafka_metadata* raw = nullptr;
  // Without an answer the record waits in the queue, as any other.
  if (rd_kafka_metadata(client.get(), 0, topic.get(), &raw, kPatienceMs) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    Metadata answered(raw);
  }
  return topics.emplace(name, std::move(topic)).first->second.get();
}

Status Producer::Flush(std::chrono::milliseconds timeout) {
  const auto code = rd_kafka_flush(impl_->client.get(), TimeoutMs(timeout));
  // What was under way fails then as "purged", whatever it was.
  if (impl_->fatal) return *impl_->fatal;
  if (auto failure = std::exchange(impl_->first_failure, std::nullopt)) return *failure;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return MakeError(code,
                     fmt::format("Waiting for Kafka at {} to acknowledge {} records",
                                 impl_->options.bootstrap_servers, impl_->in_flight),
                     impl_->last_transport_error);
  }
  return {};
}

int64_t Producer::acknowledged() const { return impl_->acknowledged; }
int64_t Producer::failed() const { return impl_->failed; }
int64_t Producer::in_flight() const { return impl_->in_flight; }

}  // namespace cdc::kafka
