#pragma once

/// \file lib/postgres/source_server.h
/// What a source database is set to, and which tables it has, as far as capturing changes goes.

#include <cstdint>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/postgres/source_table.h"

namespace cdc::postgres {

struct ServerTable {
  std::string schema;
  std::string name;
  std::vector<std::string> primary_key;  ///< column names in key order; empty: none
  ReplicaIdentity replica_identity = ReplicaIdentity::kDefault;
  std::vector<std::string> publications;   ///< that have it
  std::vector<std::string> large_columns;  ///< whose values may be kept out of line (TOAST)
  bool readable = true;                    ///< the asking user has SELECT
};

struct SourceServer {
  std::string database;
  std::string user;
  std::string wal_level;       ///< logical is needed
  bool may_replicate = false;  ///< the asking user, who need not be the connector's
  int64_t now_ms = 0;          ///< the server's clock, Unix milliseconds
  std::vector<std::string> publications;
  std::vector<ServerTable>
      tables;  ///< ordinary and partitioned ones of `schemas`, by name; partitions are left out
};

/// Connects, asks, and leaves.
/// \param dsn libpq connection string or URI
/// \param setting where it stands, for hints: "[source] dsn"
/// \param schemas empty: all but PostgreSQL's own
/// \return as Session::Connect and Session::Run
Result<SourceServer> ReadSourceServer(const std::string& dsn, const std::string& setting,
                                      const std::vector<std::string>& schemas);

}  // namespace cdc::postgres
