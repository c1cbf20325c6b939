#include "orchestrator/kafka_trigger_source.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "lib/contract/names.h"
#include "lib/core/clock.h"
#include "lib/kafka/consumer.h"
#include "lib/kafka/properties.h"

namespace cdc::orchestrator {
namespace {

namespace asio = boost::asio;

constexpr Millis kQuestionTimeout{5'000};
/// Partitions in one question. librdkafka finds each answer by a linear search through the others: ten
/// thousand at once cost a second of CPU, in slices of this size 40 ms (measured).
constexpr size_t kQuestionPartitions = 200;
/// Partitions the listener may have. Every fetch names them all, and there is one for every change of any of
/// them; each takes 6 KB of memory (measured), and a look by librdkafka once a second. Those beyond are
/// watched by sweeps alone, and where there are such, fewer are listened to: sweeps cost as well, and a
/// thousand idle ones are 0.35 % of a core, of which what librdkafka does for each answer grows with their
/// square (measured).
constexpr int64_t kListenedPartitions = 1'000, kListenedBesideSweeps = 500;
/// The listener looks at one message of a topic and lets go: more than a little is fetched for nothing.
constexpr int64_t kFetchPartitionBytes = 4 << 10;
constexpr int64_t kFetchBytes = 1 << 20;
constexpr int64_t kQueuedBytes = 4 << 20;
/// Few would be enough, but librdkafka counts the ends of partitions too, and a full queue stops all fetching
/// for half a second (measured: 500 ms instead of 20 ms from a change to its worker).
constexpr int32_t kQueuedMessages = 10'000;

kafka::ConsumerOptions Options(const config::Config& config) {
  kafka::ConsumerOptions options{.bootstrap_servers = config.kafka.bootstrap_servers,
                                 .group_id = config.kafka.group_id,
                                 .properties = {},
                                 .queued_bytes = kQueuedBytes,
                                 .fetch_partition_bytes = kFetchPartitionBytes,
                                 .fetch_bytes = kFetchBytes,
                                 .queued_messages = kQueuedMessages};
  options.properties = kafka::PropertiesOf(config.kafka.properties);
  return options;
}

Result<std::vector<Topic>> FindTopics(kafka::Consumer& asker) {
  CDC_ASSIGN(std::vector<kafka::TopicInfo> infos, asker.ListTopics("", kQuestionTimeout));
  std::vector<Topic> topics;
  for (kafka::TopicInfo& info : infos) {
    if (contract::IsDlqTopic(info.name) || info.partitions <= 0) continue;
    topics.push_back({std::move(info.name), info.partitions});
  }
  return topics;
}

/// Up to the first failure.
template <typename Question>
Status InSlices(const std::vector<kafka::TopicPartition>& all, Question question) {
  for (size_t begin = 0; begin < all.size(); begin += kQuestionPartitions) {
    const size_t end = std::min(begin + kQuestionPartitions, all.size());
    CDC_TRY(question(std::vector<kafka::TopicPartition>(all.begin() + static_cast<ptrdiff_t>(begin),
                                                        all.begin() + static_cast<ptrdiff_t>(end))));
  }
  return {};
}

Result<Spans> FindSpans(kafka::Consumer& asker, const std::vector<SpanQuery>& queries) {
  std::vector<kafka::TopicPartition> with_low, ends_only;
  for (const SpanQuery& query : queries) {
    for (int32_t p = 0; p < query.partitions; ++p)
      (query.low ? with_low : ends_only).push_back({query.topic, p});
  }
  Spans spans;
  spans.reserve(queries.size());
  Status status = InSlices(with_low, [&](const std::vector<kafka::TopicPartition>& some) -> Status {
    CDC_ASSIGN(auto marks, asker.Watermarks(some, kQuestionTimeout));
    for (const kafka::Watermark& mark : marks) spans[mark.topic][mark.partition] = {mark.low, mark.end};
    return {};
  });
  if (status) {
    status = InSlices(ends_only, [&](const std::vector<kafka::TopicPartition>& some) -> Status {
      CDC_ASSIGN(auto ends, asker.EndOffsets(some, kQuestionTimeout));
      for (const auto& end : ends) spans[end.topic][end.partition] = {std::nullopt, end.offset};
      return {};
    });
  }
  // The rest is unknown. More questions would only wait for the same broker.
  if (!status && spans.empty()) return status.error();
  // Partitions without a leader are left out of an answer that is no error.
  if (spans.empty() && !queries.empty())
    return Error{ErrorKind::kTransient, "Kafka did not say how far any partition goes"};
  return spans;
}

}  // namespace

struct KafkaTriggerSource::Impl : std::enable_shared_from_this<KafkaTriggerSource::Impl> {
  explicit Impl(asio::io_context& context) : io(context) {}

  /// Asks on the question thread, answers on the event loop.
  template <typename Answer, typename Question>
  void Ask(Question question, std::function<void(Answer)> done) {
    asio::post(questioner, [this, question = std::move(question), done = std::move(done)]() mutable {
      if (closed) return;
      Answer answer = question(*asker);
      asio::post(io, [self = weak_from_this(), answer = std::move(answer), done = std::move(done)]() mutable {
        auto impl = self.lock();
        if (impl && !impl->closed) done(std::move(answer));
      });
    });
  }

  void Flush() {
    if (!pending.empty()) listener->Listen(std::exchange(pending, {}));
  }

  void LetGo(const std::string& topic) {
    pending.erase(topic);
    listener->Mute(topic);
  }

  asio::io_context& io;
  std::atomic<bool> closed = false;
  std::optional<TopicListener> listener;
  ListenedTopics listened{kListenedPartitions, kListenedBesideSweeps};
  TopicListener::Positions pending;  ///< gathered during one turn of the event loop
  std::unique_ptr<kafka::Consumer> asker;
  asio::thread_pool questioner{1};
};

KafkaTriggerSource::KafkaTriggerSource(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

KafkaTriggerSource::~KafkaTriggerSource() {
  impl_->closed = true;
  impl_->listener.reset();
  impl_->questioner.join();
}

Result<std::unique_ptr<KafkaTriggerSource>> KafkaTriggerSource::Make(asio::io_context& io,
                                                                     const config::Config& config,
                                                                     log::Logger logger,
                                                                     TopicListener::OnChange on_change) {
  auto impl = std::make_shared<Impl>(io);
  CDC_ASSIGN(impl->asker, kafka::Consumer::Make(Options(config)));
  auto report = [self = std::weak_ptr(impl), on_change = std::move(on_change)](const std::string& topic,
                                                                               const std::string& op) {
    if (auto alive = self.lock()) alive->listened.Remove(topic);
    on_change(topic, op);
  };
  impl->listener.emplace(io, Options(config), std::move(logger), std::move(report));
  return std::unique_ptr<KafkaTriggerSource>(new KafkaTriggerSource(std::move(impl)));
}

void KafkaTriggerSource::Listen(const Topic& topic, const contract::PartitionOffsets& next) {
  if (impl_->pending.empty()) {
    asio::post(impl_->io, [self = impl_->weak_from_this()] {
      auto impl = self.lock();
      if (impl && !impl->closed) impl->Flush();
    });
  }
  contract::PartitionOffsets& from = impl_->pending[topic.name];
  for (int32_t p = 0; p < topic.partitions; ++p) {
    auto it = next.find(p);
    from[p] = it == next.end() ? kafka::kEarliest : it->second;
  }
  for (const std::string& left : impl_->listened.Add(topic.name, topic.partitions)) impl_->LetGo(left);
}

void KafkaTriggerSource::Mute(const std::string& topic) {
  impl_->listened.Remove(topic);
  impl_->LetGo(topic);
}

bool KafkaTriggerSource::Listens(const std::string& topic) const { return impl_->listened.Contains(topic); }

void KafkaTriggerSource::AskTopics(std::function<void(Result<std::vector<Topic>>)> done) {
  impl_->Ask<Result<std::vector<Topic>>>(FindTopics, std::move(done));
}

void KafkaTriggerSource::AskSpans(std::vector<SpanQuery> queries, std::function<void(Result<Spans>)> done) {
  auto question = [queries = std::move(queries)](kafka::Consumer& asker) {
    return FindSpans(asker, queries);
  };
  impl_->Ask<Result<Spans>>(std::move(question), std::move(done));
}

}  // namespace cdc::orchestrator
