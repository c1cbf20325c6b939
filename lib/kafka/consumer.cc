#include "lib/kafka/consumer.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include <fmt/core.h>

#include "lib/kafka/consumer_internal.h"

namespace cdc::kafka {
namespace {

/// Largest answer librdkafka accepts. A record larger than fetch_bytes is still sent whole, alone.
constexpr int64_t kReceiveBytes = 256 << 20;

/// A queue that counts as full stops the fetching of all partitions, for up to a second. Ends and
/// librdkafka's own marks count, too, so a very short queue is full most of the time.
constexpr int32_t kLeastQueuedMessages = 10'000;

std::vector<Property> OwnProperties(const ConsumerOptions& o) {
  auto number = [](int64_t n) { return std::to_string(n); };
  return {
      {"group.id", o.group_id.empty() ? "cdc" : o.group_id},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"auto.offset.reset", "error"},
      {"enable.partition.eof", "true"},
      {"isolation.level", o.read_committed ? "read_committed" : "read_uncommitted"},
      {"allow.auto.create.topics", "false"},
      {"check.crcs", "true"},
      {"queued.max.messages.kbytes", number(std::max<int64_t>(o.queued_bytes / 1024, 1))},
      {"queued.min.messages", number(std::max(o.queued_messages, kLeastQueuedMessages))},
      {"fetch.message.max.bytes", number(o.fetch_partition_bytes)},
      {"fetch.max.bytes", number(o.fetch_bytes)},
      {"receive.message.max.bytes", number(std::max(kReceiveBytes, o.fetch_bytes + 1024))},
      {"fetch.wait.max.ms", number(o.fetch_wait.count())},
      {"fetch.error.backoff.ms", "100"},
      {"fetch.queue.backoff.ms", "20"},  // a full queue: librdkafka's own pause is a second
      {"topic.metadata.refresh.fast.interval.ms", "50"},
      {"topic.metadata.propagation.max.ms", "10000"},
      {"reconnect.backoff.ms", "50"},
      {"reconnect.backoff.max.ms", "2000"},
      {"socket.keepalive.enable", "true"},
  };
}

TopicPartition Name(const TopicPartitionOffset& p) { return {p.topic, p.partition}; }

std::string Where(std::string_view topic, int32_t partition) {
  return fmt::format("{}[{}]", topic, partition);
}

Error HintRefused(const std::string& group) {
  Error error = MakeError(RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
                          fmt::format("Writing offset hints to group {}", group));
  error.hint = fmt::format(
      "only lag displays of other tools miss them; they need READ on group {} for the user of "
      "[kafka.properties]",
      group);
  return error;
}

}  // namespace

Consumer::Consumer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Consumer::~Consumer() = default;

Consumer::Impl::~Impl() {
  if (!client) return;
  const bool answered = hints.Await(queue.get());
  rd_kafka_queue_cb_event_enable(queue.get(), nullptr, nullptr);
  queue.reset();
  // Closing waits up to a minute for a coordinator that does not answer, or refuses.
  if (answered) rd_kafka_consumer_close(client.get());
  End(std::move(client), answered ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

bool Hints::Await(rd_kafka_queue_t* queue) {
  constexpr std::chrono::seconds kPatience(1);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (open > 0 && !refused && std::chrono::steady_clock::now() < deadline) {
    rd_kafka_message_t* event = nullptr;
    if (rd_kafka_consume_batch_queue(queue, 10, &event, 1) <= 0) continue;
    refused |= event->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
    rd_kafka_message_destroy(event);
  }
  return open == 0 && !refused;
}

Result<std::unique_ptr<Consumer>> Consumer::Make(ConsumerOptions options) {
  CDC_ASSIGN(Config config,
             MakeConfig(options.bootstrap_servers, OwnProperties(options), options.properties));
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  rd_kafka_conf_set_opaque(config.get(), impl.get());
  rd_kafka_conf_set_error_cb(config.get(), [](rd_kafka_t*, int code, const char* reason, void* self) {
    static_cast<Impl*>(self)->OnError(code, reason);
  });
  rd_kafka_conf_set_offset_commit_cb(
      config.get(), [](rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t*, void* self) {
        Hints& hints = static_cast<Impl*>(self)->hints;
        --hints.open;
        hints.refused |= code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
      });
  CDC_ASSIGN(impl->client, MakeClient(RD_KAFKA_CONSUMER, std::move(config)));
  rd_kafka_poll_set_consumer(impl->client.get());
  impl->queue.reset(rd_kafka_queue_get_consumer(impl->client.get()));
  return std::unique_ptr<Consumer>(new Consumer(std::move(impl)));
}

void Consumer::Impl::OnError(int code, const char* reason) {
  auto err = static_cast<rd_kafka_resp_err_t>(code);
  if (err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) {
    hints.refused = true;
    return;
  }
  const std::string doing = fmt::format("Reading from Kafka at {}", options.bootstrap_servers);
  if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    // It follows whatever each of them failed by: a wrong password is no outage.
    if (failure && failure->kind != ErrorKind::kTransient) return;
    failure = MakeError(err, doing, last_transport_error);
  } else if (KindOf(err) == ErrorKind::kTransient) {
    last_transport_error = reason;
  } else {
    failure = MakeError(err, doing, reason);
  }
}

PartitionState* Consumer::Impl::Find(std::string_view topic, int32_t partition) {
  auto it = partitions.find(PartitionKey{topic, partition});
  return it == partitions.end() ? nullptr : &it->second;
}

Status Consumer::Impl::Attach(const std::vector<TopicPartitionOffset>& wanted, const LookBack& look_back) {
  if (wanted.empty()) return {};
  std::vector<TopicPartitionOffset> added = Resolve(wanted);
  std::vector<PartitionState> states;
  for (TopicPartitionOffset& p : added) {
    PartitionState& state = states.emplace_back(PartitionState{p.offset});
    const auto earlier = look_back.empty() ? look_back.end() : look_back.find(Name(p));
    if (earlier == look_back.end() || earlier->second < 0 || earlier->second >= p.offset) continue;
    state.looking_back = true;
    p.offset = earlier->second;
  }
  Handle<rd_kafka_error_t> error(rd_kafka_incremental_assign(client.get(), MakeList(added).get()));
  if (error) return MakeError(error.get(), fmt::format("Assigning {} partitions", added.size()));
  for (size_t i = 0; i < added.size(); ++i) partitions[Name(added[i])] = states[i];
  fresh = true;
  wakes = {};
  return {};
}

Status Consumer::Impl::Detach(const std::vector<TopicPartition>& removed) {
  if (removed.empty()) return {};
  Handle<rd_kafka_error_t> error(rd_kafka_incremental_unassign(client.get(), MakeList(removed).get()));
  if (error) return MakeError(error.get(), fmt::format("Unassigning {} partitions", removed.size()));
  return {};
}

Status Consumer::Assign(const std::vector<TopicPartitionOffset>& partitions, const LookBack& look_back) {
  std::vector<TopicPartition> all;
  for (const auto& [name, state] : impl_->partitions) all.push_back(name);
  CDC_TRY(IncrementalUnassign(all));
  for (const auto& p : partitions) CDC_TRY(Impl::CheckPlace(p));
  return impl_->Attach(partitions, look_back);
}

Status Consumer::Impl::CheckPlace(const TopicPartitionOffset& place) {
  if (place.offset >= kEarliest && place.partition >= 0 && !place.topic.empty()) return {};
  return Error{ErrorKind::kInvalidArgument, fmt::format("Assigning {} at offset {}: no such place",
                                                        Where(place.topic, place.partition), place.offset)};
}

Status Consumer::IncrementalAssign(const std::vector<TopicPartitionOffset>& partitions, bool paused) {
  for (const auto& p : partitions) {
    if (impl_->Find(p.topic, p.partition) != nullptr) {
      return Error{ErrorKind::kInvalidArgument,
                   fmt::format("Assigning {}: it is assigned already", Where(p.topic, p.partition))};
    }
    CDC_TRY(Impl::CheckPlace(p));
  }
  if (!paused) return impl_->Attach(partitions);
  for (const auto& p : partitions) impl_->partitions[Name(p)] = {p.offset, paused};
  return {};
}

Status Consumer::IncrementalUnassign(const std::vector<TopicPartition>& partitions) {
  CDC_TRY(Pause(partitions));
  for (const auto& p : partitions) impl_->partitions.erase(p);
  return {};
}

Status Consumer::Pause(const std::vector<TopicPartition>& partitions) {
  std::vector<TopicPartition> active;
  for (const auto& p : partitions) {
    PartitionState* state = impl_->Find(p.topic, p.partition);
    if (state == nullptr) {
      return Error{ErrorKind::kInvalidArgument,
                   fmt::format("Pausing {}: not assigned", Where(p.topic, p.partition))};
    }
    if (!state->paused) active.push_back(p);
  }
  CDC_TRY(impl_->Detach(active));
  for (const auto& p : active) impl_->Find(p.topic, p.partition)->paused = true;
  return {};
}

Status Consumer::Resume(const std::vector<TopicPartition>& partitions) {
  std::vector<TopicPartitionOffset> paused;
  for (const auto& p : partitions) {
    PartitionState* state = impl_->Find(p.topic, p.partition);
    if (state == nullptr) {
      return Error{ErrorKind::kInvalidArgument,
                   fmt::format("Resuming {}: not assigned", Where(p.topic, p.partition))};
    }
    if (state->paused) paused.push_back({p.topic, p.partition, state->position});
  }
  return impl_->Attach(paused);
}

Status Consumer::Seek(const std::vector<TopicPartitionOffset>& partitions) {
  std::vector<TopicPartition> active;
  for (const auto& p : partitions) {
    PartitionState* state = impl_->Find(p.topic, p.partition);
    if (state == nullptr) {
      return Error{ErrorKind::kInvalidArgument,
                   fmt::format("Seeking in {}: not assigned", Where(p.topic, p.partition))};
    }
    if (!state->paused) active.push_back(Name(p));
  }
  CDC_TRY(Pause(active));
  for (const auto& p : partitions) impl_->Find(p.topic, p.partition)->position = p.offset;
  return Resume(active);
}

void Consumer::Impl::Deliver(rd_kafka_message_t* m, MessageBatch* batch, PartitionState** state,
                             const rd_kafka_topic_t** topic, int32_t* partition) {
  if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    DeliverEvent(m, batch);
    rd_kafka_message_destroy(m);
    return;
  }
  if (m->rkt != *topic || m->partition != *partition) {
    *topic = m->rkt;
    *partition = m->partition;
    *state = Find(rd_kafka_topic_name(m->rkt), m->partition);
  }
  const bool before = *state != nullptr && m->offset < (*state)->position;
  if (before && (*state)->looking_back && !(*state)->paused) {
    batch->earlier_.push_back(Message(m));
    return;
  }
  // Left-overs of an earlier assignment: librdkafka drops them itself, this makes sure of it.
  if (*state == nullptr || (*state)->paused || before) {
    rd_kafka_message_destroy(m);
    return;
  }
  (*state)->looking_back = false;
  (*state)->position = m->offset + 1;
  batch->bytes_ += m->len + m->key_len;
  batch->messages_.push_back(Message(m));
}

void Consumer::Impl::DeliverEvent(rd_kafka_message_t* m, MessageBatch* batch) {
  if (m->rkt == nullptr) {
    OnError(m->err, rd_kafka_message_errstr(m));
    return;
  }
  const char* topic = rd_kafka_topic_name(m->rkt);
  PartitionState* state = Find(topic, m->partition);
  if (m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    // An error of a whole topic has no partition number: it is reported for each that is assigned.
    if (m->partition >= 0) {
      if (state == nullptr || state->paused || GoOnAtPosition(*m, state)) return;
      batch->problems_.push_back(Explain(*m));
      return;
    }
    for (const auto& [name, one] : partitions) {
      if (one.paused || name.topic != topic) continue;
      batch->problems_.push_back(Explain(*m));
      batch->problems_.back().partition = name.partition;
    }
    return;
  }
  if (state == nullptr || state->paused || m->offset < state->position) return;
  state->position = m->offset;
  batch->ends_.push_back({topic, m->partition, m->offset});
}

/// What reading would have begun with is gone or broken: no problem of the caller's, who has read it before.
bool Consumer::Impl::GoOnAtPosition(const rd_kafka_message_t& m, PartitionState* state) {
  const ErrorKind kind = KindOf(m.err);
  if (!state->looking_back || (kind != ErrorKind::kUnsupported && kind != ErrorKind::kCorrupt)) return false;
  const TopicPartitionOffset place{rd_kafka_topic_name(m.rkt), m.partition, state->position};
  state->looking_back = false;
  return Detach({Name(place)}) && Attach({place});
}

Status Consumer::Poll(std::chrono::milliseconds timeout, size_t max_messages, MessageBatch* batch) {
  // librdkafka waits until the array is full or the time is over, so: one message patiently, the rest only if
  // there.
  constexpr size_t kChunk = 512;
  batch->clear();
  impl_->raw.resize(kChunk);
  PartitionState* state = nullptr;
  const rd_kafka_topic_t* topic = nullptr;
  int32_t partition = -1;
  auto something = [&] { return !batch->empty() || !batch->ends_.empty() || !batch->problems_.empty(); };
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::chrono::milliseconds wait = timeout;
  while (batch->size() < max_messages && static_cast<int64_t>(batch->bytes()) < impl_->options.poll_bytes) {
    const bool patient = !something() && wait.count() > 0;
    const size_t room = patient ? 1 : std::min(kChunk, max_messages - batch->size());
    const auto pause = impl_->fresh ? std::min(wait, impl_->wakes.Left()) : wait;
    const ssize_t n = rd_kafka_consume_batch_queue(impl_->queue.get(), patient ? TimeoutMs(pause) : 0,
                                                   impl_->raw.data(), room);
    for (ssize_t i = 0; i < n; ++i) impl_->Deliver(impl_->raw[i], batch, &state, &topic, &partition);
    if (impl_->failure) break;
    if (patient && !something()) {
      if (impl_->fresh && n <= 0 && impl_->wakes.TakeDue()) impl_->Wake();
      wait =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (wait.count() <= 0) break;
    } else if (!patient && n < static_cast<ssize_t>(room)) {
      break;
    }
  }
  if (something()) impl_->fresh = false;
  if (impl_->hints.refused && !std::exchange(impl_->hints.told, true))
    batch->refused_hint_ = HintRefused(impl_->options.group_id);
  impl_->bytes_since_nudge += static_cast<int64_t>(batch->bytes());
  impl_->messages_since_nudge += static_cast<int64_t>(batch->size() + batch->ends().size());
  impl_->Nudge();
  if (!impl_->failure) return {};
  Error error = std::move(*impl_->failure);
  impl_->failure.reset();
  return error;
}

void Consumer::Impl::Nudge() {
  // A broker thread that stopped fetching because the queue was full looks again only when something wakes
  // it, at the latest after a second: half a queue is read in a fraction of that. Any request to the leader
  // wakes it; nobody waits for the answer.
  const int64_t half = std::max(options.queued_messages, kLeastQueuedMessages) / 2;
  if (bytes_since_nudge < options.queued_bytes / 2 && messages_since_nudge < half) return;
  bytes_since_nudge = 0;
  messages_since_nudge = 0;
  Wake();
}

void Consumer::Impl::Wake() {
  std::vector<TopicPartitionOffset> some;
  for (const auto& [name, state] : partitions) {
    if (!state.paused) some.push_back({name.topic, name.partition, kLatest});
    if (some.size() == 64) break;
  }
  if (some.empty()) return;
  rd_kafka_offsets_for_times(client.get(), MakeList(some).get(), 0);
}

std::optional<int64_t> Consumer::Position(std::string_view topic, int32_t partition) const {
  const PartitionState* state = impl_->Find(topic, partition);
  if (state == nullptr || state->position < 0) return std::nullopt;
  return state->position;
}

void Consumer::CommitHint(const std::vector<TopicPartitionOffset>& offsets) {
  if (offsets.empty() || impl_->hints.refused) return;
  const auto code = rd_kafka_commit(impl_->client.get(), MakeList(offsets).get(), /*async=*/1);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) ++impl_->hints.open;
}

void Consumer::SetWakeup(std::function<void()> wakeup) {
  rd_kafka_queue_cb_event_enable(impl_->queue.get(), nullptr, nullptr);
  impl_->wakeup = std::move(wakeup);
  if (!impl_->wakeup) return;
  rd_kafka_queue_cb_event_enable(
      impl_->queue.get(), [](rd_kafka_t*, void* self) { static_cast<Impl*>(self)->wakeup(); }, impl_.get());
}

}  // namespace cdc::kafka
