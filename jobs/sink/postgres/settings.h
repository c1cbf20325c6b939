#pragma once

/// \file jobs/sink/postgres/settings.h
/// What one run needs to know of its table in PostgreSQL, taken from the configuration.

#include <string>
#include <vector>

namespace cdc::postgres_sink {

/// What a deletion writes into a row that stays.
struct SoftMarks {
  std::string column;   ///< with the operation
  std::string deleted;  ///< its value in a row that is deleted
  std::string time;     ///< column with the time of the deletion; empty: none
};

struct Settings {
  std::string table;     ///< its entry in tables.toml, for hints
  std::string pipeline;  ///< names its row of cdc_offsets
  std::string dsn;       ///< libpq; a secret
  std::string sink;      ///< the sink's name in tables.toml
  std::string schema;    ///< of the target
  std::string target;    ///< the table's name there
  std::vector<std::string> key;  ///< configured; empty: the events' own
  bool append = false;
  bool rewrite_on_type_change = false;
  bool soft_deletes = false;
  SoftMarks marks = {};           ///< with soft_deletes
  std::string order_column = {};  ///< a row gives way only to one that is not less here; empty: to any
};

}  // namespace cdc::postgres_sink
