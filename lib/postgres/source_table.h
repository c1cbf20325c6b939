#pragma once

/// \file lib/postgres/source_table.h
/// What PostgreSQL's catalogues say about a source table: types and keys for events that carry no schema.

#include <string>
#include <vector>

#include "lib/core/result.h"

namespace cdc::postgres {

struct SourceColumn {
  std::string name;
  /// As format_type() gives it: "integer", "numeric(3,2)", "character varying(40)", "timestamp with time
  /// zone", "text[]". Of a domain: its base type.
  std::string type;
  bool nullable = true;
  int position = 0;  ///< attnum, from 1; dropped columns leave gaps
};

enum class ReplicaIdentity { kDefault, kNothing, kFull, kIndex };

struct SourceTable {
  std::vector<SourceColumn> columns;     ///< by position
  std::vector<std::string> primary_key;  ///< column names in key order; empty: none
  ReplicaIdentity replica_identity = ReplicaIdentity::kDefault;
  std::vector<std::string> identity_index_key;  ///< columns of the index, for kIndex
};

/// Connects, asks, disconnects; at most 10 s for the connection.
/// \param dsn libpq connection string or URI
/// \return kTransient: no connection, or the server stopped; kInvalidConfig: a malformed dsn, bad password,
/// no such
///   database or right; kNotFound: no such table.
Result<SourceTable> Describe(const std::string& dsn, const std::string& schema, const std::string& table);

}  // namespace cdc::postgres
