#pragma once

/// \file tests/component/worker/sink_table.h
/// A table in a local folder that is written through a worker's sink, without Kafka.

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "jobs/sink/iceberg/iceberg_sink.h"
#include "tests/component/worker/pipeline.h"

namespace cdc::worker {

using iceberg_sink::IcebergSink;
using iceberg_sink::IdentOf;
using iceberg_sink::TableFigures;

/// Time passes each time somebody looks: a slice of maintenance is a step or two.
class RestlessClock final : public Clock {
 public:
  SteadyTime steady() const override { return now_ += Millis(step_ms); }
  WallTime wall() const override { return SystemClock().wall() + (steady() - SteadyTime{}); }
  int step_ms = 20;

 private:
  mutable SteadyTime now_ = SteadyTime{} + std::chrono::hours(1);
};

struct SinkTable {
  /// \param fields of the table; the key is the first one
  explicit SinkTable(rows::Schema fields);

  /// Again where its files were replaced.
  void OpenCatalog();
  /// The table `university.t`, made if it is not there.
  std::unique_ptr<IcebergSink> Open();
  /// The key's hash of a row whose key is `id`.
  Hash128 KeyOf(int64_t id) const;
  /// Maintains until nothing is left to do.
  static void Finish(IcebergSink& sink, Tidying when);
  /// What dump_tables.py says of it.
  nlohmann::json Seen(bool every_snapshot = false) const;

  Pipeline pipeline;
  std::filesystem::path folder;
  rows::Schema schema;
  std::unique_ptr<storage::FileSystem> files;
  std::unique_ptr<iceberg::Catalog> catalog;
  RestlessClock clock;
  TableSettings settings;
  KeySecret secret;  ///< of the table that was opened last
};

/// A schema of 64-bit columns; the first one is required.
rows::Schema LongColumns(const std::vector<std::string>& names);

}  // namespace cdc::worker
