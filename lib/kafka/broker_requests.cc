/// Requests about the cluster, topics and groups. Those about records: broker_records.cc.

#include "lib/kafka/broker_requests_internal.h"

namespace cdc::kafka {
namespace {

constexpr int32_t kNodeId = 1;
constexpr int32_t kNoEpoch = -1;
constexpr int32_t kNoThrottle = 0;
constexpr std::string_view kHost = "127.0.0.1";

enum Key : int16_t {
  kProduce = 0,
  kFetch = 1,
  kListOffsets = 2,
  kMetadata = 3,
  kOffsetCommit = 8,
  kOffsetFetch = 9,
  kFindCoordinator = 10,
  kApiVersions = 18,
  kCreateTopics = 19,
  kInitProducerId = 22,
};

/// The versions answered: but for ApiVersions all before the "flexible" ones with their second encoding.
struct Supported {
  Key key;
  int16_t first;
  int16_t last;
};
constexpr Supported kSupported[] = {{kProduce, 3, 8},         {kFetch, 4, 11},       {kListOffsets, 1, 5},
                                    {kMetadata, 0, 8},        {kOffsetCommit, 2, 7}, {kOffsetFetch, 1, 5},
                                    {kFindCoordinator, 0, 2}, {kApiVersions, 0, 3},  {kCreateTopics, 0, 4},
                                    {kInitProducerId, 0, 1}};

bool IsSupported(int16_t key, int16_t version) {
  for (const auto& s : kSupported) {
    if (s.key == key) return version >= s.first && version <= s.last;
  }
  return false;
}

}  // namespace

BrokerRequests::Outcome BrokerRequests::Answer(std::string_view frame, bool may_park, std::string* answer,
                                               ParkedFetch* parked) {
  wire::Reader in(frame);
  Header header{in.Number<int16_t>(), in.Number<int16_t>(), in.Number<int32_t>()};
  (void)in.NullableString();  // client id
  const size_t start = answer->size();
  wire::Writer out(answer);
  out.Reserve(sizeof(int32_t));
  out.Number(header.correlation);
  bool wanted = true;
  if (header.key == kApiVersions) {
    ApiVersions(header, out);
  } else if (!in.ok() || !IsSupported(header.key, header.version)) {
    answer->resize(start);
    return Outcome::kRefused;
  } else {
    switch (header.key) {
      case kProduce: wanted = Produce(header, in, out); break;
      case kFetch:
        if (!Fetch(header, in, may_park, out, parked)) {
          answer->resize(start);
          parked->request = frame;
          return Outcome::kParked;
        }
        break;
      case kListOffsets: ListOffsets(header, in, out); break;
      case kMetadata: Metadata(header, in, out); break;
      case kOffsetCommit: OffsetCommit(header, in, out); break;
      case kOffsetFetch: OffsetFetch(header, in, out); break;
      case kFindCoordinator: FindCoordinator(header, out); break;
      case kCreateTopics: CreateTopics(header, in, out); break;
      case kInitProducerId: InitProducerId(in, out); break;
    }
  }
  if (!in.ok() || !wanted) {
    answer->resize(start);
    return wanted ? Outcome::kRefused : Outcome::kSilent;
  }
  out.Patch(start, static_cast<int32_t>(answer->size() - start - sizeof(int32_t)));
  return Outcome::kAnswered;
}

// Version 3 is flexible: array sizes are one more and a single byte as long as they are small, and there are
// places for tags. A version we do not know is answered in version 0 with the list, so that the client can
// choose another.
void BrokerRequests::ApiVersions(const Header& header, wire::Writer& out) {
  const bool known = IsSupported(kApiVersions, header.version);
  const bool flexible = known && header.version >= 3;
  static_assert(std::size(kSupported) < 127);
  out.Number(known ? code::kNone : code::kUnsupportedVersion);
  if (flexible) {
    out.Number(static_cast<int8_t>(std::size(kSupported) + 1));
  } else {
    out.Number(static_cast<int32_t>(std::size(kSupported)));
  }
  constexpr int8_t kNoTags = 0;
  for (const auto& s : kSupported) {
    out.Number(static_cast<int16_t>(s.key));
    out.Number(s.first);
    out.Number(s.last);
    if (flexible) out.Number(kNoTags);
  }
  if (known && header.version >= 1) out.Number(kNoThrottle);
  if (flexible) out.Number(kNoTags);
}

void BrokerRequests::Metadata(const Header& header, wire::Reader& in, wire::Writer& out) {
  const int32_t count = in.ArraySize();
  const bool all = header.version == 0 ? count == 0 : count < 0;
  std::vector<std::string_view> names;
  for (int32_t i = 0; i < count && in.ok(); ++i) names.push_back(in.String());
  const bool create = header.version < 4 || in.Bool();
  if (all) {
    for (const auto& [name, topic] : store_->topics()) names.push_back(name);
  }
  if (header.version >= 3) out.Number(kNoThrottle);
  out.Number<int32_t>(1);
  out.Number(kNodeId);
  out.String(kHost);
  out.Number(identity_.port);
  if (header.version >= 1) out.NullString();  // rack
  if (header.version >= 2) out.String(identity_.cluster_id);
  if (header.version >= 1) out.Number(kNodeId);  // controller
  out.Number(static_cast<int32_t>(names.size()));
  for (std::string_view name : names) MetadataTopic(header, name, create && !all, out);
  constexpr int32_t kNoRights = INT32_MIN;
  if (header.version >= 8) out.Number(kNoRights);
}

void BrokerRequests::MetadataTopic(const Header& header, std::string_view name, bool create,
                                   wire::Writer& out) {
  int16_t error = code::kNone;
  const BrokerTopic* topic = store_->Find(name);
  if (topic == nullptr && create) {
    error = store_->Create(name, identity_.default_partitions);
    topic = store_->Find(name);
  } else if (topic == nullptr) {
    error = ValidTopicName(name) ? code::kUnknownTopicOrPartition : code::kInvalidTopic;
  }
  out.Number(error);
  out.String(name);
  if (header.version >= 1) out.Number<int8_t>(0);  // internal
  const auto partitions = static_cast<int32_t>(topic == nullptr ? 0 : topic->partitions.size());
  out.Number(partitions);
  for (int32_t p = 0; p < partitions; ++p) {
    out.Number(code::kNone);
    out.Number(p);
    out.Number(kNodeId);                              // leader
    if (header.version >= 7) out.Number<int32_t>(0);  // leader epoch
    for (int list = 0; list < 2; ++list) {            // replicas, in-sync replicas
      out.Number<int32_t>(1);
      out.Number(kNodeId);
    }
    if (header.version >= 5) out.Number<int32_t>(0);  // offline replicas
  }
  if (header.version >= 8) out.Number<int32_t>(INT32_MIN);
}

void BrokerRequests::FindCoordinator(const Header& header, wire::Writer& out) {
  if (header.version >= 1) out.Number(kNoThrottle);
  out.Number(code::kNone);
  if (header.version >= 1) out.NullString();
  out.Number(kNodeId);
  out.String(kHost);
  out.Number(identity_.port);
}

void BrokerRequests::OffsetCommit(const Header& header, wire::Reader& in, wire::Writer& out) {
  auto& group = store_->groups[std::string(in.String())];
  (void)in.Number<int32_t>();                           // generation
  (void)in.String();                                    // member
  if (header.version <= 4) (void)in.Number<int64_t>();  // retention
  if (header.version >= 7) (void)in.NullableString();   // static member
  if (header.version >= 3) out.Number(kNoThrottle);
  const int32_t topics = in.ArraySize();
  out.Number(topics);
  for (int32_t t = 0; t < topics && in.ok(); ++t) {
    const std::string topic(in.String());
    out.String(topic);
    const int32_t partitions = in.ArraySize();
    out.Number(partitions);
    for (int32_t p = 0; p < partitions && in.ok(); ++p) {
      const auto partition = in.Number<int32_t>();
      BrokerStore::Committed committed{in.Number<int64_t>(), {}};
      if (header.version >= 6) (void)in.Number<int32_t>();  // leader epoch
      committed.metadata = in.NullableString().value_or("");
      const bool exists = store_->Find(topic, partition) != nullptr;
      if (exists && in.ok()) group[{topic, partition}] = std::move(committed);
      out.Number(partition);
      out.Number(exists ? code::kNone : code::kUnknownTopicOrPartition);
    }
  }
}

void BrokerRequests::OffsetFetch(const Header& header, wire::Reader& in, wire::Writer& out) {
  const auto group = store_->groups.find(in.String());
  std::map<std::string, std::vector<int32_t>> wanted;
  const int32_t topics = in.ArraySize();
  for (int32_t t = 0; t < topics && in.ok(); ++t) {
    auto& partitions = wanted[std::string(in.String())];
    const int32_t count = in.ArraySize();
    for (int32_t p = 0; p < count && in.ok(); ++p) partitions.push_back(in.Number<int32_t>());
  }
  if (topics < 0 && group != store_->groups.end()) {
    for (const auto& [place, committed] : group->second) wanted[place.first].push_back(place.second);
  }
  if (header.version >= 3) out.Number(kNoThrottle);
  out.Number(static_cast<int32_t>(wanted.size()));
  for (const auto& [topic, partitions] : wanted) {
    out.String(topic);
    out.Number(static_cast<int32_t>(partitions.size()));
    for (const int32_t p : partitions) {
      BrokerStore::Committed committed;
      if (group != store_->groups.end()) {
        const auto it = group->second.find({topic, p});
        if (it != group->second.end()) committed = it->second;
      }
      out.Number(p);
      out.Number(committed.offset);
      if (header.version >= 5) out.Number(kNoEpoch);
      out.String(committed.metadata);
      out.Number(code::kNone);
    }
  }
  if (header.version >= 2) out.Number(code::kNone);
}

void BrokerRequests::CreateTopics(const Header& header, wire::Reader& in, wire::Writer& out) {
  struct Wanted {
    std::string_view name;
    int32_t partitions;
  };
  std::vector<Wanted> wanted;
  const int32_t count = in.ArraySize();
  for (int32_t i = 0; i < count && in.ok(); ++i) {
    Wanted topic{in.String(), in.Number<int32_t>()};
    (void)in.Number<int16_t>();  // replication
    const int32_t assigned = in.ArraySize();
    for (int32_t a = 0; a < assigned && in.ok(); ++a) {
      (void)in.Number<int32_t>();
      const int32_t brokers = in.ArraySize();
      for (int32_t b = 0; b < brokers && in.ok(); ++b) (void)in.Number<int32_t>();
    }
    if (assigned > 0) topic.partitions = assigned;
    const int32_t settings = in.ArraySize();
    for (int32_t s = 0; s < settings && in.ok(); ++s) {
      (void)in.String();
      (void)in.NullableString();
    }
    if (topic.partitions == -1) topic.partitions = identity_.default_partitions;
    wanted.push_back(topic);
  }
  (void)in.Number<int32_t>();  // time-out
  const bool only_validate = header.version >= 1 && in.Bool();
  if (header.version >= 2) out.Number(kNoThrottle);
  out.Number(static_cast<int32_t>(wanted.size()));
  for (const auto& topic : wanted) {
    out.String(topic.name);
    const bool go = in.ok() && !only_validate;
    out.Number(go ? store_->Create(topic.name, topic.partitions) : code::kNone);
    if (header.version >= 1) out.NullString();
  }
}

}  // namespace cdc::kafka
