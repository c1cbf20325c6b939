#pragma once

/// \file jobs/sink/iceberg/table_properties.h
/// The table properties in which the sink keeps what a schema cannot say: the key, the columns that the
/// worker fills, how rows without a key are told apart, and which columns the source has dropped. Pure
/// functions.

#include <optional>
#include <string>
#include <vector>

#include "jobs/sink/iceberg/words.h"
#include "lib/iceberg/metadata.h"
#include "lib/iceberg/table_update.h"
#include "lib/rows/type.h"

namespace cdc::iceberg_sink {

inline constexpr const char* kPropertyKey = "cdc.key";                ///< JSON array of column names
inline constexpr const char* kPropertyOwn = "cdc.own-columns";        ///< JSON object: OwnNames
inline constexpr const char* kPropertySecret = "cdc.key-secret";      ///< hexadecimal: KeySecret
inline constexpr const char* kPropertyIdentity = "cdc.row-identity";  ///< JSON object: IdentityNote

/// Names of the key's columns: those of the property; without it those of the schema's identifier fields.
std::vector<std::string> KeyIn(const iceberg::TableMetadata& metadata, const rows::Schema& schema);

/// \return nothing: the table does not say, or it cannot be read
std::optional<OwnNames> OwnNamesIn(const iceberg::TableMetadata& metadata);
std::string OwnNamesText(const OwnNames& own);

/// How the rows of an upsert table without a key are told apart (RowIdentity).
struct IdentityNote {
  std::vector<std::string> derived;  ///< columns of the job's own; they do not tell rows apart
  std::vector<std::string> absent;   ///< columns that the source has dropped; nor do they
  int last_field_id = 0;             ///< when the table was made
};

/// \return nothing: the table does not say, or it cannot be read
std::optional<IdentityNote> IdentityNoteIn(const iceberg::TableMetadata& metadata);
std::string IdentityText(const IdentityNote& note);

/// Columns that the source has dropped. One that comes back is another column.
std::vector<std::string> AbsentIn(const iceberg::TableMetadata& metadata);
iceberg::SetProperties AbsentProperty(const std::vector<std::string>& columns);

}  // namespace cdc::iceberg_sink
