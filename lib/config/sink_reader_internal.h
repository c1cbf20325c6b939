#pragma once

/// \file lib/config/sink_reader_internal.h
/// [sinks.<name>]: other stores than the Iceberg tables of [catalog] and [storage].

#include <map>
#include <string>

#include "lib/config/config.h"
#include "lib/config/node_reader_internal.h"

namespace cdc::config {

/// \param all the table `sinks`
void ReadSinks(const toml::table& all, const Document& document, std::map<std::string, Sink>* sinks);

/// What an entry, or [defaults], says that its sink cannot do. Call after its settings are read.
void CheckSink(NodeReader& reader, const std::map<std::string, Sink>& sinks, const Table& table);

}  // namespace cdc::config
