#include "orchestrator/kafka_trigger_source.h"

#include <algorithm>
#include <atomic>
#include <set>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "lib/contract/names.h"
#include "lib/kafka/consumer.h"

namespace cdc::orchestrator {
namespace {

namespace asio = boost::asio;

constexpr Millis kQuestionTimeout{5'000};
constexpr Millis kPollInterval{1'000};  ///< also without news, so that problems are seen
constexpr size_t kBatch = 1'000;        // messages
/// We look at one message and pause: more than a little is fetched for nothing.
constexpr int64_t kFetchPartitionBytes = 4 << 10;
constexpr int64_t kFetchBytes = 1 << 20;
constexpr int64_t kQueuedBytes = 4 << 20;
/// How long a fetch without news stays at the broker. A partition that is resumed joins the next fetch only,
/// so it bounds how late we notice; each fetch names every idle partition (librdkafka has no fetch sessions),
/// so it also decides what idling costs. Measured in docs/decisions.
constexpr Millis kFetchWait{250};

std::vector<kafka::Property> Properties(const config::Config& config) {
  std::vector<kafka::Property> properties;
  for (const auto& [name, value] : config.kafka.properties) properties.push_back({name, value});
  return properties;
}

kafka::ConsumerOptions Options(const config::Config& config) {
  return {.bootstrap_servers = config.kafka.bootstrap_servers,
          .group_id = config.kafka.group_id,
          .properties = Properties(config),
          .queued_bytes = kQueuedBytes,
          .fetch_partition_bytes = kFetchPartitionBytes,
          .fetch_bytes = kFetchBytes,
          .fetch_wait = kFetchWait,
          .queued_messages = 1};
}

/// What every topic that a table may have begins with; "" where tables name topics of their own.
std::string CommonPrefix(const config::Config& config) {
  std::string prefix = config.source.topic_prefix + ".";
  bool all = std::all_of(config.table_of_topic.begin(), config.table_of_topic.end(),
                         [&](const auto& item) { return item.first.starts_with(prefix); });
  return all ? prefix : "";
}

}  // namespace

std::string OperationOf(std::optional<std::string_view> value) {
  if (!value) return "d";
  // The envelope's "op" comes after the row images, and a quote inside a JSON text is escaped.
  constexpr std::string_view kKey = "\"op\"";
  size_t at = value->rfind(kKey);
  if (at == std::string_view::npos) return {};
  std::string_view rest = value->substr(at + kKey.size());
  auto skip = [&](char wanted) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
    if (!rest.starts_with(wanted)) return false;
    rest.remove_prefix(1);
    return true;
  };
  if (!skip(':') || !skip('"') || rest.size() < 2 || rest[1] != '"') return {};
  return std::string(rest.substr(0, 1));
}

struct KafkaTriggerSource::Impl : std::enable_shared_from_this<KafkaTriggerSource::Impl> {
  Impl(asio::io_context& context, log::Logger logger, OnChange callback)
      : io(context), log(std::move(logger)), on_change(std::move(callback)), timer(context) {}

  /// Called by librdkafka's thread.
  void Wake() {
    if (poll_posted.exchange(true)) return;
    asio::post(io, [self = weak_from_this()] {
      if (auto impl = self.lock()) impl->Poll();
    });
  }

  void Poll() {
    poll_posted = false;
    if (closed) return;
    while (true) {
      Status status = consumer->Poll(Millis(0), kBatch, &batch);
      if (status.has_error()) log.Debug("{}", Describe(status.error()));  // the questions tell of outages
      if (batch.empty() && batch.problems().empty() && batch.ends().empty()) return;
      std::map<std::string, std::string> changed;  // topic → op of its first message
      for (const kafka::Message& message : batch) {
        std::string topic(message.topic());
        if (listening.contains(topic) && !changed.contains(topic))
          changed[topic] = OperationOf(message.value());
      }
      for (const kafka::PartitionProblem& problem : batch.problems()) {
        if (problem.error.kind == ErrorKind::kTransient || !listening.contains(problem.topic)) continue;
        log.Debug("{}", Describe(problem.error));
        if (problem.out_of_range) changed.try_emplace(problem.topic);  // the worker judges it
      }
      batch.clear();
      for (const auto& [topic, op] : changed) Report(topic, op);
    }
  }

  void Report(const std::string& topic, const std::string& op) {
    Mute(topic);
    asio::post(io, [self = weak_from_this(), topic, op] {
      auto impl = self.lock();
      if (impl && !impl->closed) impl->on_change(topic, op);
    });
  }

  void Listen(const Topic& topic, const contract::PartitionOffsets& next) {
    std::vector<kafka::TopicPartitionOffset> fresh, known;
    std::vector<kafka::TopicPartition> resumed;
    int32_t& assigned = partitions[topic.name];
    for (int32_t p = 0; p < topic.partitions; ++p) {
      auto it = next.find(p);
      int64_t offset = it == next.end() ? kafka::kEarliest : it->second;
      if (p >= assigned) {
        fresh.push_back({topic.name, p, offset});
      } else {
        known.push_back({topic.name, p, offset});
        resumed.push_back({topic.name, p});
      }
    }
    assigned = std::max(assigned, topic.partitions);
    listening.insert(topic.name);
    if (!fresh.empty()) Check(consumer->IncrementalAssign(fresh));
    if (!known.empty()) Check(consumer->Seek(known));
    if (!resumed.empty()) Check(consumer->Resume(resumed));
  }

  void Mute(const std::string& topic) {
    if (listening.erase(topic) == 0) return;
    std::vector<kafka::TopicPartition> paused;
    for (int32_t p = 0; p < partitions[topic]; ++p) paused.push_back({topic, p});
    Check(consumer->Pause(paused));
  }

  /// A failure here costs at most the time until the next sweep.
  void Check(const Status& status) const {
    if (status.has_error()) log.Warn("{}", Describe(status.error()));
  }

  void PollOften() {
    timer.expires_after(kPollInterval);
    timer.async_wait([self = weak_from_this()](boost::system::error_code ec) {
      auto impl = self.lock();
      if (ec || !impl || impl->closed) return;
      impl->Poll();
      impl->PollOften();
    });
  }

  /// Asks on the question thread, answers on the event loop.
  template <typename Answer, typename Question>
  void Ask(Question question, std::function<void(Answer)> done) {
    asio::post(questioner, [this, question = std::move(question), done = std::move(done)]() mutable {
      Answer answer = question(*asker);
      asio::post(io, [self = weak_from_this(), answer = std::move(answer), done = std::move(done)]() mutable {
        auto impl = self.lock();
        if (impl && !impl->closed) done(std::move(answer));
      });
    });
  }

  asio::io_context& io;
  log::Logger log;
  OnChange on_change;
  asio::steady_timer timer;
  std::string prefix;
  std::map<std::string, int32_t> partitions;  ///< assigned, muted or not
  std::set<std::string> listening;
  std::atomic<bool> poll_posted = false;
  bool closed = false;
  std::unique_ptr<kafka::Consumer> consumer;  ///< the event loop's
  kafka::MessageBatch batch;
  std::unique_ptr<kafka::Consumer> asker;  ///< the question thread's
  asio::thread_pool questioner{1};
};

KafkaTriggerSource::KafkaTriggerSource(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

KafkaTriggerSource::~KafkaTriggerSource() {
  impl_->closed = true;
  impl_->consumer->SetWakeup(nullptr);
  impl_->timer.cancel();
  impl_->questioner.join();
  impl_->batch.clear();
}

Result<std::unique_ptr<KafkaTriggerSource>> KafkaTriggerSource::Make(asio::io_context& io,
                                                                     const config::Config& config,
                                                                     log::Logger logger, OnChange on_change) {
  auto impl = std::make_shared<Impl>(io, std::move(logger), std::move(on_change));
  impl->prefix = CommonPrefix(config);
  CDC_ASSIGN(impl->consumer, kafka::Consumer::Make(Options(config)));
  CDC_ASSIGN(impl->asker, kafka::Consumer::Make(Options(config)));
  impl->consumer->SetWakeup([weak = std::weak_ptr<Impl>(impl)] {
    if (auto self = weak.lock()) self->Wake();
  });
  impl->PollOften();
  return std::unique_ptr<KafkaTriggerSource>(new KafkaTriggerSource(std::move(impl)));
}

void KafkaTriggerSource::Listen(const Topic& topic, const contract::PartitionOffsets& next) {
  impl_->Listen(topic, next);
}

void KafkaTriggerSource::Mute(const std::string& topic) { impl_->Mute(topic); }

void KafkaTriggerSource::AskTopics(std::function<void(Result<std::vector<Topic>>)> done) {
  auto question = [prefix = impl_->prefix](kafka::Consumer& asker) -> Result<std::vector<Topic>> {
    CDC_ASSIGN(std::vector<kafka::TopicInfo> infos, asker.ListTopics(prefix, kQuestionTimeout));
    std::vector<Topic> topics;
    for (kafka::TopicInfo& info : infos) {
      if (contract::IsDlqTopic(info.name) || info.partitions <= 0) continue;
      topics.push_back({std::move(info.name), info.partitions});
    }
    return topics;
  };
  impl_->Ask<Result<std::vector<Topic>>>(std::move(question), std::move(done));
}

void KafkaTriggerSource::AskSpans(std::vector<SpanQuery> queries, std::function<void(Result<Spans>)> done) {
  auto question = [queries = std::move(queries)](kafka::Consumer& asker) -> Result<Spans> {
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
  };
  impl_->Ask<Result<Spans>>(std::move(question), std::move(done));
}

}  // namespace cdc::orchestrator
