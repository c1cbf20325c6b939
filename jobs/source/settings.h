#pragma once

/// \file jobs/source/settings.h
/// What one run needs to know to read its table's topic, taken from the configuration.

#include <string>
#include <vector>

#include "jobs/source/row_rules.h"
#include "jobs/source/table_shape.h"
#include "jobs/worker/settings.h"
#include "lib/kafka/partition.h"

namespace cdc::source {

struct SourceSettings : worker::TableSettings {
  std::string source_schema;  ///< PostgreSQL schema, e.g. "public"; empty: unknown
  std::string source_table;   ///< name at the source (value.source.table); empty: whatever the topic carries
  bool takes_all = false;     ///< the topic was named for this table: every row in it is the table's
  std::string bare_name;      ///< the source table's, without its schema, as tables.toml has it
  bool stop_on_bad = false;   ///< on_error = "stop"
  std::vector<OwnColumn> own_columns;  ///< that the worker adds
  RowRules rows;                       ///< what rows become
  Declarations declared;
  std::string dsn;  ///< libpq; empty: none
};

struct KafkaSettings {
  std::string bootstrap_servers;
  std::string group_id;
  std::vector<kafka::Property> properties;
  std::string dead_letters = {};  ///< topic; empty: `<topic>.dlq` of each letter's own
};

}  // namespace cdc::source
