#pragma once

/// \file jobs/worker/settings.h
/// What one run of one table needs to know, whatever its source and its store are.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cdc::worker {

/// The table's name in its store.
struct TargetName {
  std::string name_space;  ///< of a lake: levels joined by "."; of a database: its schema
  std::string name;
};

/// "namespace.name"
inline std::string ToString(const TargetName& target) { return target.name_space + "." + target.name; }

struct TableSettings {
  std::string table;  ///< its entry in tables.toml
  std::string topic;
  bool append = false;                  ///< mode = "append"
  bool rewrite_on_type_change = false;  ///< on_type_change = "rewrite"
  std::vector<std::string> key;         ///< configured, names in the table; empty: the event's own

  std::chrono::milliseconds commit_interval{1000};
  std::chrono::milliseconds idle_timeout{60'000};
  int64_t memory_bytes = 256 << 20;
  int64_t target_file_bytes = 128 << 20;
  int snapshot_keep = 10;                             ///< newest snapshots that are never expired
  std::chrono::milliseconds snapshot_age{3'600'000};  ///< older ones are expired at this age

  TargetName ident;
  std::string pipeline;  ///< cdc.pipeline of every snapshot
  std::filesystem::path index_folder;
};

}  // namespace cdc::worker
