#pragma once

/// \file jobs/sink/lake/marker_text.h
/// How far the source was read (worker::Marker) as texts under names of the contract, and back: what a lake
/// table keeps of it in each commit. Pure functions.

#include <map>
#include <string>

#include "jobs/worker/sink.h"
#include "lib/core/result.h"

namespace cdc::lake_sink {

using Summary = std::map<std::string, std::string>;

/// The marker of a commit that moves the offsets.
/// \param source_json identity of the Kafka cluster and topic (`cdc.source`)
Summary SummaryOf(const worker::Marker& marker, const std::string& source_json, const std::string& pipeline);

/// Which source a marker must be of, to be of use.
struct MarkerSource {
  std::string hint;  ///< what helps where a marker is of no use
  std::string name;  ///< of the table in its store, for messages
  std::string topic;
  std::string source_json;
};

/// \return kUnsupported: of another source. Offsets of one Kafka cluster mean nothing on another. Other
/// errors: the texts cannot be read.
Result<worker::Marker> MarkerFrom(const Summary& summary, const MarkerSource& source);

}  // namespace cdc::lake_sink
