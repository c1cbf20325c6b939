#include "orchestrator/kafka_trigger_source.h"

#include <atomic>
#include <optional>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "lib/contract/names.h"
#include "lib/core/clock.h"
#include "lib/kafka/consumer.h"

namespace cdc::orchestrator {
namespace {

namespace asio = boost::asio;

constexpr Millis kQuestionTimeout{5'000};
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
  for (const auto& [name, value] : config.kafka.properties) options.properties.push_back({name, value});
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

Result<Spans> FindSpans(kafka::Consumer& asker, const std::vector<SpanQuery>& queries) {
  std::vector<kafka::TopicPartition> with_low, ends_only;
  for (const SpanQuery& query : queries) {
    for (int32_t p = 0; p < query.partitions; ++p)
      (query.low ? with_low : ends_only).push_back({query.topic, p});
  }
  Spans spans;
  if (!with_low.empty()) {
    CDC_ASSIGN(auto marks, asker.Watermarks(with_low, kQuestionTimeout));
    for (const kafka::Watermark& mark : marks) spans[mark.topic][mark.partition] = {mark.low, mark.end};
  }
  if (!ends_only.empty()) {
    CDC_ASSIGN(auto ends, asker.EndOffsets(ends_only, kQuestionTimeout));
    for (const auto& end : ends) spans[end.topic][end.partition] = {std::nullopt, end.offset};
  }
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

  asio::io_context& io;
  std::atomic<bool> closed = false;
  std::optional<TopicListener> listener;
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
  impl->listener.emplace(io, Options(config), std::move(logger), std::move(on_change));
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
}

void KafkaTriggerSource::Mute(const std::string& topic) {
  impl_->pending.erase(topic);
  impl_->listener->Mute(topic);
}

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
