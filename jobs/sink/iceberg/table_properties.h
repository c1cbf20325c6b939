#pragma once

/// \file jobs/sink/iceberg/table_properties.h
/// The table properties in which the sink keeps what a schema cannot say (jobs/sink/lake/table_notes.h). Pure
/// functions.

#include <optional>
#include <string>
#include <vector>

#include "jobs/sink/iceberg/words.h"
#include "jobs/sink/lake/table_notes.h"
#include "lib/iceberg/metadata.h"
#include "lib/iceberg/table_update.h"
#include "lib/rows/type.h"

namespace cdc::iceberg_sink {

using lake_sink::IdentityNote;
using lake_sink::IdentityText;
using lake_sink::kPropertyIdentity;
using lake_sink::kPropertyKey;
using lake_sink::kPropertyOwn;
using lake_sink::kPropertySecret;
using lake_sink::OwnNamesText;

/// Names of the key's columns: those of the property; without it those of the schema's identifier fields.
std::vector<std::string> KeyIn(const iceberg::TableMetadata& metadata, const rows::Schema& schema);

/// \return nothing: the table does not say, or it cannot be read
std::optional<OwnNames> OwnNamesIn(const iceberg::TableMetadata& metadata);
std::optional<IdentityNote> IdentityNoteIn(const iceberg::TableMetadata& metadata);

/// Columns that the source has dropped. One that comes back is another column.
std::vector<std::string> AbsentIn(const iceberg::TableMetadata& metadata);
iceberg::SetProperties AbsentProperty(const std::vector<std::string>& columns);

}  // namespace cdc::iceberg_sink
