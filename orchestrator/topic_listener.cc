#include "orchestrator/topic_listener.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "lib/core/clock.h"

namespace cdc::orchestrator {
namespace {

namespace asio = boost::asio;

constexpr Millis kPollInterval{
    1'000};                       ///< also without news, so that problems are seen and assignments retried
constexpr size_t kBatch = 1'000;  // messages
/// Partitions assigned at once: more would wait for one answer, and librdkafka searches it linearly.
constexpr size_t kAssignPartitions = 200;
/// How long a fetch without news stays at the broker. A partition that is assigned joins the next fetch only,
/// so it bounds how late we notice a change right after a worker has left; and each fetch names every idle
/// partition (librdkafka has no fetch sessions; about 5 µs each, measured), so it also decides what idling
/// costs. Two milliseconds per partition keep that at a third of a percent of a core.
constexpr Millis kShortestFetchWait{50};
constexpr Millis kLongestFetchWait{2'000};

Millis FetchWait(int64_t partitions) {
  return std::clamp(Millis(2 * partitions), kShortestFetchWait, kLongestFetchWait);
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

/// All members but `closed` belong to the listener's thread.
struct TopicListener::Impl : std::enable_shared_from_this<TopicListener::Impl> {
  Impl(asio::io_context& context, kafka::ConsumerOptions o, log::Logger logger, OnChange callback)
      : io(context),
        options(std::move(o)),
        log(std::move(logger)),
        on_change(std::move(callback)),
        timer(thread) {
    options.fetch_wait = kShortestFetchWait;
  }

  template <typename Task>
  void Post(Task task) {
    asio::post(thread, [this, task = std::move(task)]() mutable {
      if (!closed) task();
    });
  }

  /// Called by librdkafka's thread.
  void Wake() {
    if (poll_posted.exchange(true)) return;
    Post([this] { Poll(); });
  }

  /// Makes the consumer, and again when its partitions have outgrown its fetch wait.
  void Fit() {
    int64_t count = 0;
    for (const auto& [topic, partitions] : sizes) count += partitions;
    Millis wait = FetchWait(count);
    if (consumer && wait < 2 * options.fetch_wait) return;
    options.fetch_wait = wait;
    auto made = kafka::Consumer::Make(options);
    if (!made) return log.Error("{}", Describe(made.error()));
    Drop();
    consumer = std::move(*made);
    consumer->SetWakeup([self = weak_from_this()] {
      if (auto impl = self.lock()) impl->Wake();
    });
    // What was listened to has brought nothing yet, so its beginning still holds.
    wanted.merge(listening);
    listening.clear();
  }

  void Drop() {
    if (consumer) consumer->SetWakeup(nullptr);
    batch.clear();
    consumer.reset();
  }

  void Listen(Positions positions) {
    for (auto& [topic, from] : positions) {
      Mute(topic);  // it may have grown
      sizes[topic] = static_cast<int64_t>(from.size());
      wanted[topic] = std::move(from);
    }
    Fit();
    Assign();
  }

  /// Many at once: it may take a question to the broker. What fails is tried again; sweeps stand in
  /// meanwhile.
  void Assign() {
    if (wanted.empty() || !consumer) return;
    while (!wanted.empty()) {
      std::vector<kafka::TopicPartitionOffset> partitions;
      auto end = wanted.begin();
      for (; end != wanted.end() && partitions.size() < kAssignPartitions; ++end) {
        for (const auto& [partition, offset] : end->second)
          partitions.push_back({end->first, partition, offset});
      }
      Status status = consumer->IncrementalAssign(partitions);
      if (status.has_error()) return log.Warn("{}; trying again", Describe(status.error()));
      while (wanted.begin() != end) listening.insert(wanted.extract(wanted.begin()));
    }
  }

  void Mute(const std::string& topic) {
    wanted.erase(topic);
    auto it = listening.find(topic);
    if (it == listening.end()) return;
    std::vector<kafka::TopicPartition> partitions;
    for (const auto& [partition, offset] : it->second) partitions.push_back({topic, partition});
    listening.erase(it);
    Status status = consumer->IncrementalUnassign(partitions);
    if (status.has_error()) log.Warn("{}", Describe(status.error()));
  }

  void Poll() {
    poll_posted = false;
    while (consumer) {
      Status status = consumer->Poll(Millis(0), kBatch, &batch);
      if (status.has_error()) log.Debug("{}", Describe(status.error()));  // AskTopics() tells of outages
      if (batch.empty() && batch.problems().empty() && batch.ends().empty()) return;
      std::map<std::string, std::string> changed = Changed();
      batch.clear();
      for (const auto& [topic, op] : changed) Report(topic, op);
    }
  }

  /// Topic → operation of its first message.
  std::map<std::string, std::string> Changed() const {
    std::map<std::string, std::string> changed;
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
    return changed;
  }

  void Report(const std::string& topic, const std::string& op) {
    Mute(topic);
    asio::post(io, [self = weak_from_this(), topic, op] {
      auto impl = self.lock();
      if (impl && !impl->closed) impl->on_change(topic, op);
    });
  }

  void PollOften() {
    timer.expires_after(kPollInterval);
    timer.async_wait([this](boost::system::error_code ec) {
      if (ec || closed) return;
      Assign();
      Poll();
      PollOften();
    });
  }

  asio::io_context& io;
  kafka::ConsumerOptions options;
  log::Logger log;
  OnChange on_change;
  asio::thread_pool thread{1};
  asio::steady_timer timer;
  std::atomic<bool> closed = false;
  std::atomic<bool> poll_posted = false;
  std::map<std::string, int64_t> sizes;  ///< partitions of each topic that was ever listened to
  Positions wanted;                      ///< not assigned yet
  Positions listening;                   ///< where each began
  std::unique_ptr<kafka::Consumer> consumer;
  kafka::MessageBatch batch;
};

TopicListener::TopicListener(asio::io_context& io, kafka::ConsumerOptions options, log::Logger logger,
                             OnChange on_change)
    : impl_(std::make_shared<Impl>(io, std::move(options), std::move(logger), std::move(on_change))) {
  impl_->Post([impl = impl_.get()] { impl->PollOften(); });
}

TopicListener::~TopicListener() {
  impl_->closed = true;
  asio::post(impl_->thread, [impl = impl_.get()] {
    impl->timer.cancel();
    impl->Drop();
  });
  impl_->thread.join();
}

void TopicListener::Listen(Positions positions) {
  impl_->Post([impl = impl_.get(), positions = std::move(positions)]() mutable {
    impl->Listen(std::move(positions));
  });
}

void TopicListener::Mute(const std::string& topic) {
  impl_->Post([impl = impl_.get(), topic] { impl->Mute(topic); });
}

}  // namespace cdc::orchestrator
