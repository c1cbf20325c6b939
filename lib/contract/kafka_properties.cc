#include "lib/contract/kafka_properties.h"

#include <fmt/format.h>

#include <algorithm>

namespace cdc::contract {
namespace {

constexpr std::string_view kOffsets = "offsets are kept in the table's snapshots";
constexpr std::string_view kNoGap = "an offset that is gone must hold the table, not be jumped over";
constexpr std::string_view kEnds = "a table is caught up when a partition's end is told";
constexpr std::string_view kCommitted = "records of aborted transactions are no changes";
constexpr std::string_view kLetters = "a dead letter must be acknowledged, once and in order";
constexpr std::string_view kDelivery = "the outcome of each dead letter must be heard";
constexpr std::string_view kKeyPlace =
    "a key's records must be in one partition, as Java's producers choose it";
constexpr std::string_view kGroup = "partitions are assigned, the group is never joined";
constexpr std::string_view kProtocol = "headers and transactions need the broker's own protocol version";
constexpr std::string_view kSeen = "every topic must be seen";
constexpr std::string_view kMemory = "it is part of the worker's memory budget";
constexpr std::string_view kWait = "it is tuned to how the programs read";
constexpr std::string_view kServers = "it is set from [kafka] bootstrap_servers";

constexpr std::string_view kSetServers = "[kafka] bootstrap_servers";
constexpr std::string_view kSetGroup = "[kafka] group_id";
constexpr std::string_view kSetMemory = "memory of the table";

constexpr OwnedProperty kOwned[] = {
    {"bootstrap.servers", kServers, kSetServers},
    {"metadata.broker.list", kServers, kSetServers},
    {"test.mock.num.brokers", "it would put an empty Kafka in place of yours", kSetServers},
    {"group.id", "the orchestrator's and each worker's group differ", kSetGroup},
    {"group.instance.id", kGroup, ""},
    {"group.protocol", kGroup, ""},
    {"group.protocol.type", kGroup, ""},
    {"group.remote.assignor", kGroup, ""},
    {"partition.assignment.strategy", kGroup, ""},
    {"enable.auto.commit", kOffsets, ""},
    {"auto.commit.enable", kOffsets, ""},
    {"enable.auto.offset.store", kOffsets, ""},
    {"offset.store.method", kOffsets, ""},
    {"offset.store.path", kOffsets, ""},
    {"offset.store.sync.interval.ms", kOffsets, ""},
    {"auto.offset.reset", kNoGap, ""},
    {"enable.partition.eof", kEnds, ""},
    {"isolation.level", kCommitted, ""},
    {"check.crcs", "a damaged record must be found out", ""},
    {"allow.auto.create.topics", "a topic that is not there must not be made by looking for it", ""},
    {"topic.blacklist", kSeen, ""},
    {"api.version.request", kProtocol, ""},
    {"api.version.fallback.ms", kProtocol, ""},
    {"broker.version.fallback", kProtocol, ""},
    {"enabled_events", kDelivery, ""},
    {"delivery.report.only.error", kDelivery, ""},
    {"log.queue", "nobody reads that queue", ""},
    {"acks", kLetters, ""},
    {"request.required.acks", kLetters, ""},
    {"enable.idempotence", kLetters, ""},
    {"enable.gapless.guarantee", kLetters, ""},
    {"max.in.flight", kLetters, ""},
    {"max.in.flight.requests.per.connection", kLetters, ""},
    {"message.timeout.ms", kLetters, ""},
    {"delivery.timeout.ms", kLetters, ""},
    {"retries", kLetters, ""},
    {"message.send.max.retries", kLetters, ""},
    {"queuing.strategy", kLetters, ""},
    {"transactional.id", kLetters, ""},
    {"transaction.timeout.ms", kLetters, ""},
    {"partitioner", kKeyPlace, ""},
    {"message.max.bytes", "a dead letter must fit that is as large as a message can be",
     "max.message.bytes of the dead-letter topic"},
    {"receive.message.max.bytes", "the largest message must fit", ""},
    {"queued.max.messages.kbytes", kMemory, kSetMemory},
    {"fetch.message.max.bytes", kMemory, kSetMemory},
    {"max.partition.fetch.bytes", kMemory, kSetMemory},
    {"fetch.max.bytes", kMemory, kSetMemory},
    {"queue.buffering.max.kbytes", kMemory, ""},
    {"queue.buffering.max.messages", kMemory, ""},
    {"queued.min.messages", kWait, "", false},
    {"fetch.wait.max.ms", kWait, "", false},
    {"fetch.error.backoff.ms", kWait, "", false},
    {"fetch.queue.backoff.ms", kWait, "", false},
    {"topic.metadata.refresh.fast.interval.ms", kWait, "", false},
    {"topic.metadata.propagation.max.ms", kWait, "", false},
    {"reconnect.backoff.ms", kWait, "", false},
    {"reconnect.backoff.max.ms", kWait, "", false},
    {"socket.keepalive.enable", kWait, "", false},
    {"linger.ms", kWait, "", false},
    {"queue.buffering.max.ms", kWait, "", false},
    {"compression.type", kWait, "", false},
    {"compression.codec", kWait, "", false},
};

}  // namespace

std::optional<OwnedProperty> FindOwnedProperty(std::string_view name) {
  const auto* found = std::find_if(std::begin(kOwned), std::end(kOwned),
                                   [&](const OwnedProperty& property) { return property.name == name; });
  return found == std::end(kOwned) ? std::nullopt : std::optional(*found);
}

std::string Describe(const OwnedProperty& property) {
  return fmt::format("is not allowed, for {}: {}", property.why,
                     property.instead.empty() ? "remove it" : fmt::format("use {}", property.instead));
}

}  // namespace cdc::contract
