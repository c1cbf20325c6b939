#pragma once

/// \file jobs/sink/postgres/postgres_sink.h
/// Folded changes into a table of PostgreSQL: rows and checkpoint in one transaction (link.h), by COPY and one
/// statement for each kind of change (row_writer.h).

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobs/sink/postgres/link.h"
#include "jobs/sink/postgres/old_rows.h"
#include "jobs/sink/postgres/row_writer.h"
#include "jobs/sink/postgres/target_shape.h"
#include "jobs/worker/sink.h"

namespace cdc::postgres_sink {

class PostgresSink final : public worker::Sink, public worker::Lookup {
 public:
  /// Connects, takes the pipeline over from a run before, and reads how far it came.
  /// \param source_json identity of Kafka cluster and topic; another one than the pipeline's is refused
  /// \return kUnsupported: not a table that may be written, the hint says what to do; kInvalidConfig,
  /// kTransient, kCorrupt.
  static Result<std::unique_ptr<PostgresSink>> Open(Settings settings, std::string source_json,
                                                    Link::Ports ports);

  worker::Opened opened() const override { return {checkpoint_, shape(), true, true}; }
  Result<worker::Shape> Follow(const worker::ShapeChange& change) override;
  worker::Lookup& lookup() override { return *this; }
  Result<worker::Committed> Commit(const worker::Batch& batch) override;

  Result<bool> HasRow(const Hash128& key, const rows::KeyRow& values) override;
  Result<bool> ReadRow(const Hash128& key, const rows::KeyRow& values, rows::Batch* row) override;
  Result<std::vector<uint32_t>> FillGaps(worker::Fold* fold) override;
  Status KeepMoved(const std::vector<Hash128>& keys, const worker::Fold& fold) override;

 private:
  PostgresSink(Settings settings, std::string source_json, Link::Ports ports);

  worker::Shape shape() const;
  Status TakeShape(WriterTable table);
  Status TryCommit(const worker::Batch& batch, Applied* applied);
  Result<Applied> Apply(const worker::Fold& fold);

  Settings settings_;
  std::string source_json_;
  Link link_;
  TargetShape shape_;
  std::optional<RowWriter> writer_;  // of the present shape
  std::optional<OldRows> old_rows_;
  std::optional<worker::Checkpoint> checkpoint_;
  bool loading_ = false;  // the table was empty, and no batch has had a key that was there already
};

}  // namespace cdc::postgres_sink
