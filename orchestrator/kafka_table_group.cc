#include "orchestrator/kafka_table_group.h"

#include <unistd.h>

#include <atomic>
#include <optional>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "lib/core/clock.h"
#include "lib/kafka/group_member.h"
#include "lib/kafka/properties.h"

namespace cdc::orchestrator {
namespace {

namespace asio = boost::asio;

constexpr Millis kPollTimeout{200};  ///< also how long Share() and Release() may wait for their turn
constexpr Millis kOwnersTimeout{3'000};
constexpr Millis kOwnersInterval{10'000};  ///< between two questions who has what, for people only
constexpr Millis kOwnersSoon{500};         ///< after a change: others move, too

std::string NameOf(const config::Config& config) {
  if (!config.orchestrator.name.empty()) return config.orchestrator.name;
  char host[256] = {};
  return ::gethostname(host, sizeof host - 1) == 0 ? std::string(host) : std::string("orchestrator");
}

kafka::GroupMemberOptions OptionsOf(const config::Config& config) {
  return {.bootstrap_servers = config.kafka.bootstrap_servers,
          .group_id = config.kafka.group_id + "-orchestrators",
          .name = NameOf(config),
          .properties = kafka::PropertiesOf(config.kafka.properties)};
}

}  // namespace

/// All members but `closed` belong to the group's thread.
struct KafkaTableGroup::Impl : std::enable_shared_from_this<KafkaTableGroup::Impl> {
  Impl(asio::io_context& context, log::Logger logger, Handlers h)
      : io(context), log(std::move(logger)), handlers(std::move(h)) {}

  template <typename Task>
  void Post(Task task) {
    asio::post(thread, [this, task = std::move(task)]() mutable {
      if (!closed) task();
    });
  }

  /// On the event loop.
  template <typename Task>
  void Tell(Task task) {
    asio::post(io, [self = weak_from_this(), task = std::move(task)]() mutable {
      auto impl = self.lock();
      if (impl && !impl->closed) task(impl->handlers);
    });
  }

  /// Between two turns of it what was posted is done.
  void Turn() {
    auto change = member->Poll(kPollTimeout);
    if (!change) {
      Complain(change.error());
    } else if (*change) {
      trouble.clear();
      ask_at = clock.steady() + kOwnersSoon;
      log.Info("shares tables: {} topics are here{}", (*change)->topics.size(),
               (*change)->wanted_back.empty() ? "" : ", others are given to another orchestrator");
      Tell([change = std::move(**change)](const Handlers& h) {
        h.on_share(change.topics, change.wanted_back);
      });
    }
    if (ask_at && clock.steady() >= *ask_at) AskOwners();
    Post([this] { Turn(); });
  }

  void AskOwners() {
    ask_at = clock.steady() + kOwnersInterval;
    auto owners = member->Owners(kOwnersTimeout);
    if (!owners) return log.Debug("{}", Describe(owners.error()));
    Tell([owners = std::move(*owners)](const Handlers& h) { h.on_owners(owners); });
  }

  /// Once for each trouble: the group is tried for ever.
  void Complain(const Error& error) {
    if (error.message == trouble) return;
    trouble = error.message;
    log.Warn("{}; trying on", Describe(error));
  }

  asio::io_context& io;
  log::Logger log;
  Handlers handlers;
  SystemClock clock;
  std::atomic<bool> closed = false;
  std::unique_ptr<kafka::GroupMember> member;
  std::optional<SteadyTime> ask_at;
  std::string trouble;
  asio::thread_pool thread{1};
};

KafkaTableGroup::KafkaTableGroup(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

KafkaTableGroup::~KafkaTableGroup() {
  impl_->closed = true;
  impl_->thread.join();
  impl_->member.reset();
}

Result<std::unique_ptr<KafkaTableGroup>> KafkaTableGroup::Make(asio::io_context& io,
                                                               const config::Config& config,
                                                               log::Logger logger, Handlers handlers) {
  auto impl = std::make_shared<Impl>(io, std::move(logger), std::move(handlers));
  CDC_ASSIGN(impl->member, kafka::GroupMember::Make(OptionsOf(config)));
  impl->Post([raw = impl.get()] { raw->Turn(); });
  return std::unique_ptr<KafkaTableGroup>(new KafkaTableGroup(std::move(impl)));
}

void KafkaTableGroup::Share(std::set<std::string> topics) {
  impl_->Post([impl = impl_.get(), topics = std::move(topics)] {
    if (const Status joined = impl->member->Subscribe(topics); !joined) impl->Complain(joined.error());
  });
}

void KafkaTableGroup::Release() {
  impl_->Post([impl = impl_.get()] {
    if (const Status released = impl->member->Release(); !released) impl->Complain(released.error());
  });
}

}  // namespace cdc::orchestrator
