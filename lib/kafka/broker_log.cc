#include <algorithm>

#include "lib/kafka/broker_log_internal.h"
#include "lib/kafka/broker_wire_internal.h"

namespace cdc::kafka {
namespace {

// Places in a record batch of magic 2 (Kafka protocol, "Record Batch").
constexpr size_t kLengthAt = 8;
constexpr size_t kMagicAt = 16;
constexpr size_t kAttributesAt = 21;
constexpr size_t kLastDeltaAt = 23;
constexpr size_t kMaxTimestampAt = 35;
constexpr size_t kProducerIdAt = 43;
constexpr size_t kEpochAt = 51;
constexpr size_t kSequenceAt = 53;
constexpr size_t kCountAt = 57;
constexpr size_t kHeaderSize = 61;
constexpr size_t kRememberedBatches = 5;  // of an idempotent producer: as many as it may have in flight
constexpr int32_t kMaxPartitions = 10'000;

template <typename T>
T At(std::string_view batch, size_t place) {
  return wire::FromBigEndian<T>(batch.data() + place);
}

}  // namespace

bool ValidTopicName(std::string_view name) {
  constexpr size_t kLongest = 249;
  if (name.empty() || name.size() > kLongest || name == "." || name == "..") return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

PartitionLog::Appended PartitionLog::Append(std::string_view batch) {
  if (batch.size() < kHeaderSize) return {code::kCorruptMessage, -1};
  if (At<int8_t>(batch, kMagicAt) != 2) return {code::kUnsupportedFormat, -1};
  const auto last_delta = At<int32_t>(batch, kLastDeltaAt);
  const bool transactional = (At<int16_t>(batch, kAttributesAt) & 0x30) != 0;
  if (At<int32_t>(batch, kLengthAt) != static_cast<int64_t>(batch.size() - kLengthAt - 4) || last_delta < 0 ||
      At<int32_t>(batch, kCountAt) != last_delta + 1) {
    return {code::kCorruptMessage, -1};
  }
  if (transactional) return {code::kInvalidRequest, -1};

  const auto producer = At<int64_t>(batch, kProducerIdAt);
  if (producer >= 0) {
    auto& sequences = producers_[{producer, At<int16_t>(batch, kEpochAt)}];
    const auto first = At<int32_t>(batch, kSequenceAt);
    // Sequence numbers wrap from the largest int to 0.
    auto after = [](int32_t sequence, int32_t n) {
      return static_cast<int32_t>((static_cast<int64_t>(sequence) + n) & 0x7fffffff);
    };
    const auto last = after(first, last_delta);
    for (const Sequence& s : sequences) {
      if (s.first == first && s.last == last) return {code::kNone, s.base_offset};
    }
    if (!sequences.empty() && first != after(sequences.back().last, 1))
      return {code::kOutOfOrderSequence, -1};
    sequences.push_back({first, last, end_});
    if (sequences.size() > kRememberedBatches) sequences.pop_front();
  }
  batches_.push_back({end_, At<int64_t>(batch, kMaxTimestampAt), std::string(batch)});
  // The checksum does not cover the base offset.
  wire::ToBigEndian(end_, batches_.back().bytes.data());
  const int64_t base = end_;
  end_ += last_delta + 1;
  bytes_ += batch.size();
  return {code::kNone, base};
}

size_t PartitionLog::Read(int64_t offset, size_t max_bytes, bool at_least_one, std::string* out) const {
  auto it = std::upper_bound(batches_.begin(), batches_.end(), offset,
                             [](int64_t wanted, const Batch& b) { return wanted < b.base_offset; });
  if (it == batches_.begin() || offset >= end_) return 0;
  --it;
  size_t taken = 0;
  for (; it != batches_.end(); ++it) {
    if (taken + it->bytes.size() > max_bytes && !(at_least_one && taken == 0)) break;
    out->append(it->bytes);
    taken += it->bytes.size();
  }
  return taken;
}

void PartitionLog::Trim(int64_t first) {
  low_ = std::max(low_, first);
  while (!batches_.empty()) {
    const int64_t next = batches_.size() > 1 ? batches_[1].base_offset : end_;
    if (next > low_) return;
    bytes_ -= batches_.front().bytes.size();
    batches_.pop_front();
  }
}

int64_t PartitionLog::FindTime(int64_t timestamp_ms) const {
  for (const Batch& b : batches_) {
    if (b.max_timestamp >= timestamp_ms) return b.base_offset;
  }
  return -1;
}

BrokerTopic* BrokerStore::Find(std::string_view name) {
  auto it = topics_.find(name);
  return it == topics_.end() ? nullptr : &it->second;
}

std::shared_ptr<PartitionLog> BrokerStore::Find(std::string_view topic, int32_t partition) {
  BrokerTopic* found = Find(topic);
  if (found == nullptr || partition < 0 || partition >= static_cast<int32_t>(found->partitions.size()))
    return nullptr;
  return found->partitions[static_cast<size_t>(partition)];
}

int16_t BrokerStore::Create(std::string_view name, int32_t partitions) {
  if (!ValidTopicName(name)) return code::kInvalidTopic;
  if (partitions < 1 || partitions > kMaxPartitions) return code::kInvalidPartitions;
  auto [it, added] = topics_.try_emplace(std::string(name));
  if (!added) return code::kTopicExists;
  it->second.name = name;
  for (int32_t i = 0; i < partitions; ++i) it->second.partitions.push_back(std::make_shared<PartitionLog>());
  return code::kNone;
}

int16_t BrokerStore::Delete(std::string_view name) {
  const auto it = topics_.find(name);
  if (it == topics_.end()) return code::kUnknownTopicOrPartition;
  for (const auto& log : it->second.partitions) bytes_ -= log->bytes();
  topics_.erase(it);
  return code::kNone;
}

int16_t BrokerStore::Trim(std::string_view topic, int32_t partition, int64_t first) {
  const auto log = Find(topic, partition);
  if (log == nullptr) return code::kUnknownTopicOrPartition;
  if (first > log->end()) return code::kOffsetOutOfRange;
  const size_t before = log->bytes();
  log->Trim(first);
  bytes_ -= before - log->bytes();
  return code::kNone;
}

PartitionLog::Appended BrokerStore::Append(PartitionLog* log, std::string_view batch) {
  // Refused, not forgotten: a record that was acknowledged stays.
  if (bytes_ + batch.size() > max_bytes_) return {code::kPolicyViolation, -1};
  const size_t before = log->bytes();
  auto appended = log->Append(batch);
  bytes_ += log->bytes() - before;
  return appended;
}

}  // namespace cdc::kafka
