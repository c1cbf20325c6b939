#pragma once

/// \file jobs/sink/delta/table_features.h
/// Which protocol a table needs, and which tables of others may be written (PROTOCOL.md, "Table Features",
/// "Writer Version Requirements"). Pure functions.

#include <string>

#include "lib/core/result.h"
#include "lib/delta/action.h"
#include "lib/delta/schema.h"

namespace cdc::delta_sink {

inline constexpr const char* kFeedProperty = "delta.enableChangeDataFeed";
inline constexpr const char* kVectorsProperty = "delta.enableDeletionVectors";

/// The property is "true".
bool Enabled(const delta::Metadata& metadata, const char* property);

/// `protocol` with the features that a table of this metadata and schema needs more.
delta::Protocol ProtocolFor(delta::Protocol protocol, const delta::Metadata& metadata,
                            const delta::TableSchema& schema);

/// \return kUnsupported: the table demands of writers what this one does not do.
Status CheckWritable(const delta::Protocol& protocol, const delta::Metadata& metadata);

/// \param feed the table has a change data feed \return kUnsupported: names that Delta cannot tell apart, or
/// that its change data feed needs for itself.
Status CheckColumns(const rows::Schema& schema, bool feed);

}  // namespace cdc::delta_sink
