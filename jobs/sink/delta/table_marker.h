#pragma once

/// \file jobs/sink/delta/table_marker.h
/// How far the source was read, in every commit of ours: transaction identifiers and a domain of the table's
/// metadata, which outlive checkpoints and other writers' commits (PROTOCOL.md, "Transaction Identifiers",
/// "Domain Metadata"). Pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "jobs/sink/delta/words.h"
#include "jobs/sink/lake/marker_text.h"
#include "lib/contract/delta_marker.h"
#include "lib/delta/snapshot.h"

namespace cdc::delta_sink {

/// The domain. Every commit of ours says it anew, also one that leaves the offsets as they are.
inline constexpr const char* kMarkerDomain = contract::kDeltaMarkerDomain;

/// The actions that say a marker: for each partition how far it was read, and everything in one text.
/// \param version of the commit \param source_json identity of the Kafka cluster and topic
std::vector<delta::Action> MarkerActions(const Marker& marker, int64_t version,
                                         const std::string& source_json, const std::string& pipeline);
/// The domain again, for a commit that leaves the offsets as they are; before the first commit with offsets
/// it is empty.
delta::Action SameMarker(const delta::Snapshot& snapshot, int64_t version);

/// The marker of the table. \return nothing: never committed. kUnsupported: of another source, or the
/// transaction identifiers contradict it.
Result<std::optional<Marker>> ReadMarker(const delta::Snapshot& snapshot,
                                         const lake_sink::MarkerSource& source, const std::string& pipeline);

/// Whether a commit is one of ours.
bool HasMarker(const std::vector<delta::Action>& actions);
/// The version of our newest commit; nothing: the table has none.
std::optional<int64_t> MarkedVersion(const delta::Snapshot& snapshot);

}  // namespace cdc::delta_sink
