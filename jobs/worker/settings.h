#pragma once

/// \file jobs/worker/settings.h
/// What one run of one table's worker needs to know, taken from the configuration.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "jobs/worker/row_rules.h"
#include "jobs/worker/table_shape.h"
#include "lib/kafka/partition.h"

namespace cdc::worker {

/// What the table is called in its store.
struct TargetName {
  std::string name_space;  ///< of a lake: levels joined by "."; of a database: its schema
  std::string name;
};

/// "namespace.name"
inline std::string ToString(const TargetName& target) { return target.name_space + "." + target.name; }

struct TableSettings {
  std::string table;  ///< its entry in tables.toml
  std::string topic;
  std::string source_schema;  ///< PostgreSQL schema, e.g. "public"; empty: unknown
  std::string
      source_table;        ///< its name at the source (value.source.table); empty: whatever the topic carries
  bool takes_all = false;  ///< the topic was named for this table: whatever it carries is the table's
  std::string bare_name;   ///< the source table's, without its schema, as tables.toml has it
  bool append = false;     ///< mode = "append"
  bool stop_on_bad = false;             ///< on_error = "stop"
  bool rewrite_on_type_change = false;  ///< on_type_change = "rewrite"
  std::vector<std::string> key;         ///< configured, names in the table; empty: the event's own
  std::vector<OwnColumn> own_columns;   ///< that the worker adds
  RowRules rows;                        ///< what they become
  Declarations declared;
  std::string dsn;  ///< libpq; empty: none

  std::chrono::milliseconds commit_interval{1000};
  std::chrono::milliseconds idle_timeout{60'000};
  int64_t memory_bytes = 256 << 20;
  int64_t target_file_bytes = 128 << 20;
  int snapshot_keep = 10;                             ///< newest snapshots that are never expired
  std::chrono::milliseconds snapshot_age{3'600'000};  ///< the others are, at this age

  TargetName ident;
  std::string pipeline;  ///< cdc.pipeline of every snapshot
  std::filesystem::path index_folder;
};

struct KafkaSettings {
  std::string bootstrap_servers;
  std::string group_id;
  std::vector<kafka::Property> properties;
  std::string dead_letters = {};  ///< topic; empty: `<topic>.dlq` of each letter's own
};

}  // namespace cdc::worker
