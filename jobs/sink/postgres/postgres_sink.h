#pragma once

/// \file jobs/sink/postgres/postgres_sink.h
/// Folded changes into a table of PostgreSQL: rows and checkpoint in one transaction (link.h), by COPY and one
/// statement for each kind of change (row_writer.h).

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobs/sink/postgres/link.h"
#include "jobs/sink/postgres/old_rows.h"
#include "jobs/sink/postgres/row_writer.h"
#include "jobs/sink/postgres/target_shape.h"
#include "jobs/worker/second_thread.h"
#include "jobs/worker/sink.h"

namespace cdc::postgres_sink {

class PostgresSink final : public worker::Sink {
 public:
  /// Connects, takes the pipeline over from a run before, and reads how far it came.
  /// \param source_json identity of Kafka cluster and topic; another one than the pipeline's is refused
  /// \return kUnsupported: not a table that may be written, the hint says what to do; kInvalidConfig,
  /// kTransient, kCorrupt.
  static Result<std::unique_ptr<PostgresSink>> Open(Settings settings, std::string source_json,
                                                    Link::Ports ports);
  ~PostgresSink() override;

  const std::optional<worker::Marker>& marker() const override { return marker_; }
  std::shared_ptr<const rows::Schema> schema() const override { return shape_.schema(); }
  const std::vector<std::string>& key() const override { return shape_.state().key; }
  bool needs_key_values() const override { return true; }
  bool needs_source_types() const override { return true; }
  const KeySecret& key_secret() const override { return shape_.state().secret; }
  std::optional<worker::OwnNames> own_names() const override { return shape_.state().own; }
  Status Create(const rows::Schema& schema, const std::vector<std::string>& key, const worker::OwnNames& own,
                const std::vector<std::string>& derived) override {
    return shape_.Create(schema, key, own, derived, source_json_);
  }
  Status Evolve(const rows::SchemaChanges& changes, const worker::OwnNames& own) override;
  Status Retype(const std::vector<worker::Retyped>& columns) override;
  std::vector<std::string> absent() const override { return shape_.state().absent; }
  void NoteAbsent(std::vector<std::string> columns) override;
  int64_t row_bytes() const override { return 2048; }
  Result<std::vector<uint32_t>> FillGaps(worker::Fold* fold) override;
  std::shared_ptr<worker::RowIdentity> row_identity() const override { return nullptr; }
  Result<uint32_t> CountRows(const Hash128&) override { return 0; }
  Status IdentifyRowsWithout(const std::vector<std::string>&) override { return {}; }
  Result<bool> HasRow(const Hash128& key, const rows::KeyRow& values) override;
  Result<bool> ReadRow(const Hash128& key, const rows::KeyRow& values, rows::Batch* row) override;
  Status KeepMoved(const std::vector<Hash128>& keys, const worker::Fold& fold) override;
  Result<worker::Committed> Commit(const worker::Fold& fold, const worker::Marker& marker) override;
  void BeginCommit(const worker::Fold& fold, const worker::Marker& marker, std::function<Status()> may) override;
  bool committing() const override;
  Result<worker::Committed> AwaitCommit() override;
  Result<bool> Maintain(worker::Tidying) override { return false; }
  Status Close() override { return Settle(); }

 private:
  PostgresSink(Settings settings, std::string source_json, Link::Ports ports);

  Status Settle() const;
  Status TakeShape(WriterTable table);
  Result<worker::Committed> CommitNow(const worker::Fold& fold, const worker::Marker& marker);
  Status TryCommit(const worker::Fold& fold, const worker::Marker& marker, Applied* applied);
  Result<Applied> Apply(const worker::Fold& fold);

  Settings settings_;
  std::string source_json_;
  Link link_;
  TargetShape shape_;
  std::optional<RowWriter> writer_;  // of the present shape
  std::optional<OldRows> old_rows_;
  std::optional<worker::Marker> marker_;
  bool loading_ = false;  // the table was empty, and no batch has had a key that was there already

  std::shared_future<Result<worker::Committed>> under_way_;
  worker::SecondThread second_thread_;  // last: it ends before the rest goes
};

}  // namespace cdc::postgres_sink
