#pragma once

/// \file lib/kafka/broker_requests_internal.h
/// The embedded broker's answers: one request in, one answer out, or "later" for a fetch without data.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/kafka/broker_log_internal.h"
#include "lib/kafka/broker_wire_internal.h"

namespace cdc::kafka {

struct BrokerIdentity {
  int32_t port = 0;
  int32_t default_partitions = 1;
  std::string cluster_id;
};

/// A fetch that waits for data.
struct ParkedFetch {
  struct Place {
    std::shared_ptr<const PartitionLog> log;
    int64_t offset;
  };
  std::string request;  ///< the whole frame, to be answered anew
  std::chrono::steady_clock::time_point deadline;
  std::vector<Place> places;
  /// Whether one of its partitions has more now.
  bool HasData() const;
};

class BrokerRequests {
 public:
  BrokerRequests(BrokerStore* store, BrokerIdentity identity)
      : store_(store), identity_(std::move(identity)) {}

  enum class Outcome { kAnswered, kSilent, kParked, kRefused };

  /// \param frame a request without its size
  /// \param may_park a fetch without data is put into `parked` instead of being answered
  /// \param out the answer is appended, size first. kSilent: the request wants none (acks = 0). kRefused: not
  /// a request
  ///   we understand: close the connection, as Kafka does.
  Outcome Answer(std::string_view frame, bool may_park, std::string* out, ParkedFetch* parked);

 private:
  struct Header {
    int16_t key;
    int16_t version;
    int32_t correlation;
  };
  void ApiVersions(const Header& header, wire::Writer& out);
  void Metadata(const Header& header, wire::Reader& in, wire::Writer& out);
  void MetadataTopic(const Header& header, std::string_view name, bool create, wire::Writer& out);
  bool Produce(const Header& header, wire::Reader& in, wire::Writer& out);
  bool Fetch(const Header& header, wire::Reader& in, bool may_park, wire::Writer& out, ParkedFetch* parked);
  struct FetchProgress;
  void FetchPartition(const Header& header, std::string_view topic, wire::Reader& in, wire::Writer& out,
                      FetchProgress* progress);
  void ListOffsets(const Header& header, wire::Reader& in, wire::Writer& out);
  void FindCoordinator(const Header& header, wire::Writer& out);
  void OffsetCommit(const Header& header, wire::Reader& in, wire::Writer& out);
  void OffsetFetch(const Header& header, wire::Reader& in, wire::Writer& out);
  void InitProducerId(wire::Reader& in, wire::Writer& out);
  void CreateTopics(const Header& header, wire::Reader& in, wire::Writer& out);

  BrokerStore* store_;  ///< must outlive this
  BrokerIdentity identity_;
};

}  // namespace cdc::kafka
