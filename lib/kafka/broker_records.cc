/// Requests about records: produce, fetch, offsets, producer ids.

#include <algorithm>

#include "lib/kafka/broker_requests_internal.h"

namespace cdc::kafka {

struct BrokerRequests::FetchProgress {
  size_t room;   ///< bytes left of the request's limit
  size_t bytes;  ///< answered so far
  bool failed;   ///< a partition has an error: answer at once
  ParkedFetch* parked;
};

bool ParkedFetch::HasData() const {
  return std::any_of(places.begin(), places.end(), [](const Place& p) { return p.log->end() > p.offset; });
}

bool BrokerRequests::Produce(const Header& header, wire::Reader& in, wire::Writer& out) {
  const bool transactional = in.NullableString().has_value();
  const auto acks = in.Number<int16_t>();
  (void)in.Number<int32_t>();  // time-out
  const int32_t topics = in.ArraySize();
  out.Number(topics);
  for (int32_t t = 0; t < topics && in.ok(); ++t) {
    const std::string_view topic = in.String();
    out.String(topic);
    const int32_t partitions = in.ArraySize();
    out.Number(partitions);
    for (int32_t p = 0; p < partitions && in.ok(); ++p) {
      const auto partition = in.Number<int32_t>();
      const std::string_view batch = in.Bytes();
      const auto log = store_->Find(topic, partition);
      PartitionLog::Appended appended{code::kUnknownTopicOrPartition, -1};
      if (transactional) {
        appended.error = code::kInvalidRequest;
      } else if (log != nullptr && in.ok()) {
        appended = store_->Append(log.get(), batch);
      }
      out.Number(partition);
      out.Number(appended.error);
      out.Number(appended.base_offset);
      out.Number<int64_t>(-1);  // append time
      if (header.version >= 5) out.Number(log == nullptr ? int64_t{-1} : log->low());
      if (header.version >= 8) {
        out.Number<int32_t>(0);  // errors of single records
        out.NullString();
      }
    }
  }
  out.Number<int32_t>(0);  // throttle
  return acks != 0;
}

bool BrokerRequests::Fetch(const Header& header, wire::Reader& in, bool may_park, wire::Writer& out,
                           ParkedFetch* parked) {
  (void)in.Number<int32_t>();  // replica
  const auto max_wait = in.Number<int32_t>();
  const auto min_bytes = in.Number<int32_t>();
  const auto max_bytes = in.Number<int32_t>();
  (void)in.Number<int8_t>();  // isolation: there are no transactions
  if (header.version >= 7) {
    (void)in.Number<int32_t>();  // session id and epoch: every fetch is a full one
    (void)in.Number<int32_t>();
  }
  out.Number<int32_t>(0);  // throttle
  if (header.version >= 7) {
    out.Number(code::kNone);
    out.Number<int32_t>(0);
  }
  parked->places.clear();
  FetchProgress progress{static_cast<size_t>(std::max(max_bytes, 0)), 0, false, parked};
  const int32_t topics = in.ArraySize();
  out.Number(topics);
  for (int32_t t = 0; t < topics && in.ok(); ++t) {
    const std::string_view topic = in.String();
    out.String(topic);
    const int32_t partitions = in.ArraySize();
    out.Number(partitions);
    for (int32_t p = 0; p < partitions && in.ok(); ++p) FetchPartition(header, topic, in, out, &progress);
  }
  if (!may_park || !in.ok() || progress.failed || max_wait <= 0) return true;
  if (static_cast<int64_t>(progress.bytes) >= min_bytes) return true;
  parked->deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(max_wait);
  return false;
}

void BrokerRequests::FetchPartition(const Header& header, std::string_view topic, wire::Reader& in,
                                    wire::Writer& out, FetchProgress* progress) {
  const auto partition = in.Number<int32_t>();
  if (header.version >= 9) (void)in.Number<int32_t>();  // leader epoch
  const auto offset = in.Number<int64_t>();
  if (header.version >= 5) (void)in.Number<int64_t>();  // log start
  const auto most = static_cast<size_t>(std::max(in.Number<int32_t>(), 0));
  const auto log = store_->Find(topic, partition);
  int16_t error = code::kNone;
  if (log == nullptr) {
    error = code::kUnknownTopicOrPartition;
  } else if (offset < log->low() || offset > log->end()) {
    error = code::kOffsetOutOfRange;
  } else {
    progress->parked->places.push_back({log, offset});
  }
  progress->failed |= error != code::kNone;
  const int64_t end = log == nullptr ? -1 : log->end();
  out.Number(partition);
  out.Number(error);
  out.Number(end);  // high watermark
  out.Number(end);  // last stable offset
  if (header.version >= 5) out.Number(log == nullptr ? int64_t{-1} : log->low());
  out.Number<int32_t>(-1);  // aborted transactions
  if (header.version >= 11) out.Number<int32_t>(-1);
  const size_t size_at = out.Reserve(sizeof(int32_t));
  size_t read = 0;
  if (error == code::kNone) {
    read =
        log->Read(offset, std::min(most, progress->room), /*at_least_one=*/progress->bytes == 0, out.out());
  }
  out.Patch(size_at, static_cast<int32_t>(read));
  progress->bytes += read;
  progress->room -= std::min(read, progress->room);
}

void BrokerRequests::ListOffsets(const Header& header, wire::Reader& in, wire::Writer& out) {
  constexpr int64_t kLatestTime = -1;
  constexpr int64_t kEarliestTime = -2;
  (void)in.Number<int32_t>();                          // replica
  if (header.version >= 2) (void)in.Number<int8_t>();  // isolation
  if (header.version >= 2) out.Number<int32_t>(0);     // throttle
  const int32_t topics = in.ArraySize();
  out.Number(topics);
  for (int32_t t = 0; t < topics && in.ok(); ++t) {
    const std::string_view topic = in.String();
    out.String(topic);
    const int32_t partitions = in.ArraySize();
    out.Number(partitions);
    for (int32_t p = 0; p < partitions && in.ok(); ++p) {
      const auto partition = in.Number<int32_t>();
      if (header.version >= 4) (void)in.Number<int32_t>();  // leader epoch
      const auto time = in.Number<int64_t>();
      const auto log = store_->Find(topic, partition);
      int64_t offset = -1;
      if (log != nullptr)
        offset = time == kEarliestTime ? log->low() : time == kLatestTime ? log->end() : log->FindTime(time);
      out.Number(partition);
      out.Number(log == nullptr ? code::kUnknownTopicOrPartition : code::kNone);
      out.Number<int64_t>(-1);
      out.Number(offset);
      if (header.version >= 4) out.Number<int32_t>(0);
    }
  }
}

void BrokerRequests::InitProducerId(wire::Reader& in, wire::Writer& out) {
  const bool transactional = in.NullableString().has_value();
  (void)in.Number<int32_t>();  // time-out
  out.Number<int32_t>(0);      // throttle
  out.Number(transactional ? code::kInvalidRequest : code::kNone);
  out.Number<int64_t>(transactional ? -1 : store_->NextProducerId());
  out.Number<int16_t>(0);  // epoch
}

}  // namespace cdc::kafka
