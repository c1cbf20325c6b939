#include "lib/kafka/group_member.h"

#include <chrono>
#include <utility>

#include <fmt/core.h>

#include "lib/kafka/handle_internal.h"

namespace cdc::kafka {
namespace {

struct ReleaseGroups {
  void operator()(rd_kafka_event_t* p) const { rd_kafka_event_destroy(p); }
  void operator()(rd_kafka_AdminOptions_t* p) const { rd_kafka_AdminOptions_destroy(p); }
};
template <typename T>
using GroupHandle = std::unique_ptr<T, ReleaseGroups>;

std::vector<Property> OwnProperties(const GroupMemberOptions& o) {
  return {
      {"group.id", o.group_id},
      {"partition.assignment.strategy", "cooperative-sticky"},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"auto.offset.reset", "latest"},
      {"allow.auto.create.topics", "false"},
      {"reconnect.backoff.ms", "50"},
      {"reconnect.backoff.max.ms", "2000"},
      {"socket.keepalive.enable", "true"},
  };
}

/// A member that does not leave in time is missed after its session's time-out.
constexpr std::chrono::seconds kLongestLeave(3);

/// Users may have reasons for others.
std::vector<Property> WithDefaults(const GroupMemberOptions& o) {
  std::vector<Property> all = {
      {"client.id", o.name},
      {"session.timeout.ms", std::to_string(o.session_timeout.count())},
      {"heartbeat.interval.ms", std::to_string(o.session_timeout.count() / 6)},
  };
  all.insert(all.end(), o.properties.begin(), o.properties.end());
  return all;
}

/// Topics of which the list has partition 0.
std::set<std::string> TopicsOf(const rd_kafka_topic_partition_list_t* list) {
  std::set<std::string> topics;
  for (int i = 0; i < list->cnt; ++i) {
    if (list->elems[i].partition == 0) topics.insert(list->elems[i].topic);
  }
  return topics;
}

}  // namespace

struct GroupMember::Impl {
  GroupMemberOptions options;
  Handle<rd_kafka_t> client;
  std::set<std::string> topics;  // that the group gave
  PartitionList to_release;      // null: nothing is wanted back
  std::optional<Change> change;  // since the last Poll()
  std::optional<Error> failure;  // from callbacks, which run inside Poll()
  bool closing = false;

  ~Impl() {
    if (!client) return;
    closing = true;
    if (to_release) Unassign(to_release.get());
    Leave();
    End(std::move(client), RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }

  /// In the background: closing waits for a coordinator, up to a minute.
  void Leave() {
    const Handle<rd_kafka_queue_t> queue(rd_kafka_queue_new(client.get()));
    const Handle<rd_kafka_error_t> refused(rd_kafka_consumer_close_queue(client.get(), queue.get()));
    const auto deadline = std::chrono::steady_clock::now() + kLongestLeave;
    while (!refused && rd_kafka_consumer_closed(client.get()) == 0 &&
           std::chrono::steady_clock::now() < deadline)
      rd_kafka_queue_poll_callback(queue.get(), 50);
  }

  std::string Doing(std::string_view what) const {
    return fmt::format("{} group {}", what, options.group_id);
  }

  void OnError(rd_kafka_resp_err_t code, const char* reason) {
    // One broker that hangs up is no trouble; that none is there follows.
    if (KindOf(code) == ErrorKind::kTransient && code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) return;
    failure = MakeError(code, Doing("Sharing tables in"), reason);
    // Of RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE the reason names the request that the broker does not know.
    if (code != RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE) return;
    *failure = Error{ErrorKind::kUnsupported,
                     fmt::format("{}: the brokers at {} have no consumer groups", Doing("Sharing tables in"),
                                 options.bootstrap_servers),
                     "`cdc broker` has none: take `share` out of [orchestrator], or use a Kafka"};
  }

  void Unassign(rd_kafka_topic_partition_list_t* list) {
    Handle<rd_kafka_error_t> error(rd_kafka_incremental_unassign(client.get(), list));
    if (error) failure = MakeError(error.get(), Doing("Leaving topics to"));
  }

  void OnGiven(rd_kafka_topic_partition_list_t* list) {
    // Paused before they are fetched: a place without offset is looked up first.
    for (int i = 0; i < list->cnt; ++i) list->elems[i].offset = RD_KAFKA_OFFSET_END;
    Handle<rd_kafka_error_t> error(rd_kafka_incremental_assign(client.get(), list));
    if (error) {
      failure = MakeError(error.get(), Doing("Taking topics of"));
      return;
    }
    rd_kafka_pause_partitions(client.get(), list);
    topics.merge(TopicsOf(list));
    Note();
  }

  void OnWantedBack(rd_kafka_topic_partition_list_t* list) {
    const std::set<std::string> wanted = TopicsOf(list);
    for (const std::string& topic : wanted) topics.erase(topic);
    if (closing || rd_kafka_assignment_lost(client.get()) != 0 || wanted.empty()) {
      // The group has given them away already, or nobody works on these partitions.
      Unassign(list);
      return Note();
    }
    to_release.reset(rd_kafka_topic_partition_list_copy(list));
    Note();
    change->wanted_back = wanted;
  }

  void Note() {
    if (!change) change.emplace();
    change->topics = topics;
  }
};

GroupMember::GroupMember(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GroupMember::~GroupMember() = default;

Result<std::unique_ptr<GroupMember>> GroupMember::Make(GroupMemberOptions options) {
  CDC_ASSIGN(Config config,
             MakeConfig(options.bootstrap_servers, OwnProperties(options), WithDefaults(options)));
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  rd_kafka_conf_set_opaque(config.get(), impl.get());
  rd_kafka_conf_set_error_cb(config.get(), [](rd_kafka_t*, int code, const char* reason, void* self) {
    static_cast<Impl*>(self)->OnError(static_cast<rd_kafka_resp_err_t>(code), reason);
  });
  rd_kafka_conf_set_rebalance_cb(config.get(), [](rd_kafka_t*, rd_kafka_resp_err_t code,
                                                  rd_kafka_topic_partition_list_t* list, void* self) {
    Impl& member = *static_cast<Impl*>(self);
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) return member.OnGiven(list);
    member.OnWantedBack(list);
  });
  CDC_ASSIGN(impl->client, MakeClient(RD_KAFKA_CONSUMER, std::move(config)));
  rd_kafka_poll_set_consumer(impl->client.get());
  return std::unique_ptr<GroupMember>(new GroupMember(std::move(impl)));
}

Status GroupMember::Subscribe(const std::set<std::string>& topics) {
  std::vector<TopicPartition> list;
  for (const std::string& topic : topics)
    list.push_back({topic, -1});  // RD_KAFKA_PARTITION_UA: as the group says
  if (list.empty()) return Error{ErrorKind::kInvalidArgument, impl_->Doing("Joining") + ": no topics"};
  const auto code = rd_kafka_subscribe(impl_->client.get(), MakeList(list).get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return MakeError(code, impl_->Doing("Joining"));
  return {};
}

Result<std::optional<GroupMember::Change>> GroupMember::Poll(std::chrono::milliseconds timeout) {
  rd_kafka_message_t* message = rd_kafka_consumer_poll(impl_->client.get(), TimeoutMs(timeout));
  if (message != nullptr) {
    // A record that was fetched before the pause is nobody's business. Errors of one topic pass: it may be
    // new or gone.
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR && message->rkt == nullptr)
      impl_->OnError(message->err, rd_kafka_message_errstr(message));
    rd_kafka_message_destroy(message);
  }
  if (impl_->change) return std::exchange(impl_->change, std::nullopt);
  if (impl_->failure) {
    Error error = std::move(*impl_->failure);
    impl_->failure.reset();
    return error;
  }
  return std::optional<Change>();
}

Status GroupMember::Release() {
  if (!impl_->to_release) return {};
  const PartitionList list = std::move(impl_->to_release);
  impl_->Unassign(list.get());
  if (!impl_->failure) return {};
  Error error = std::move(*impl_->failure);
  impl_->failure.reset();
  return error;
}

Result<std::map<std::string, std::string>> GroupMember::Owners(std::chrono::milliseconds timeout) {
  rd_kafka_t* const client = impl_->client.get();
  const std::string doing = impl_->Doing("Asking about");
  GroupHandle<rd_kafka_AdminOptions_t> options(
      rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS));
  char why[512] = {};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), TimeoutMs(timeout), why, sizeof why);
  Handle<rd_kafka_queue_t> queue(rd_kafka_queue_new(client));
  const char* groups[] = {impl_->options.group_id.c_str()};
  rd_kafka_DescribeConsumerGroups(client, groups, 1, options.get(), queue.get());
  GroupHandle<rd_kafka_event_t> event(rd_kafka_queue_poll(queue.get(), TimeoutMs(timeout) + 1000));
  if (!event) return MakeError(RD_KAFKA_RESP_ERR__TIMED_OUT, doing);
  if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return MakeError(code, doing, rd_kafka_event_error_string(event.get()));
  size_t count = 0;
  const auto* result = rd_kafka_event_DescribeConsumerGroups_result(event.get());
  const auto* const* described = rd_kafka_DescribeConsumerGroups_result_groups(result, &count);
  std::map<std::string, std::string> owners;
  for (size_t g = 0; g < count; ++g) {
    if (const rd_kafka_error_t* error = rd_kafka_ConsumerGroupDescription_error(described[g]))
      return MakeError(error, doing);
    const size_t members = rd_kafka_ConsumerGroupDescription_member_count(described[g]);
    for (size_t m = 0; m < members; ++m) {
      const auto* member = rd_kafka_ConsumerGroupDescription_member(described[g], m);
      const auto* assignment = rd_kafka_MemberDescription_assignment(member);
      const auto* list = assignment == nullptr ? nullptr : rd_kafka_MemberAssignment_partitions(assignment);
      if (list == nullptr) continue;
      for (const std::string& topic : TopicsOf(list))
        owners[topic] = rd_kafka_MemberDescription_client_id(member);
    }
  }
  return owners;
}

}  // namespace cdc::kafka
