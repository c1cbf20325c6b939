#pragma once

/// \file jobs/run/rehearsal_sink.h
/// A table as a replay would find it, to which nothing is written: so it shows what would still be bad.

#include "jobs/run/words.h"

namespace cdc::run {

/// Reads through `real`, which must outlive it. Columns that the table would get exist here only.
class RehearsalSink final : public Sink {
 public:
  explicit RehearsalSink(Sink& real) : real_(real), schema_(real.schema()) {}

  const std::optional<Marker>& marker() const override { return real_.marker(); }
  std::shared_ptr<const rows::Schema> schema() const override { return schema_; }
  const std::vector<std::string>& key() const override { return real_.key(); }
  const KeySecret& key_secret() const override { return real_.key_secret(); }
  std::optional<OwnNames> own_names() const override { return own_ ? own_ : real_.own_names(); }
  std::shared_ptr<RowIdentity> row_identity() const override { return real_.row_identity(); }
  Result<uint32_t> CountRows(const Hash128& content) override { return real_.CountRows(content); }
  Status IdentifyRowsWithout(const std::vector<std::string>&) override { return {}; }
  bool needs_key_values() const override { return real_.needs_key_values(); }
  bool needs_source_types() const override { return real_.needs_source_types(); }
  Result<bool> HasRow(const Hash128& key, const rows::KeyRow& values) override {
    return real_.HasRow(key, values);
  }
  Result<bool> ReadRow(const Hash128& key, const rows::KeyRow& values, rows::Batch* row) override {
    if (schema_ != real_.schema()) return false;
    return real_.ReadRow(key, values, row);
  }
  std::vector<std::string> absent() const override { return real_.absent(); }
  void NoteAbsent(std::vector<std::string>) override {}
  Status Retype(const std::vector<Retyped>&) override {
    return Error{ErrorKind::kUnsupported, "the letter is of another type than its column has now"};
  }
  Status Create(const rows::Schema&, const std::vector<std::string>&, const OwnNames&,
                const std::vector<std::string>&) override {
    return Error{ErrorKind::kUnsupported, "nothing is made in a rehearsal"};
  }
  Status Evolve(const rows::SchemaChanges& changes, const OwnNames& own) override {
    own_ = own;
    CDC_ASSIGN(rows::Schema evolved, rows::Evolve(*schema_, schema_->max_field_id(), changes));
    schema_ = std::make_shared<const rows::Schema>(std::move(evolved));
    return {};
  }
  int64_t row_bytes() const override { return real_.row_bytes(); }
  Result<std::vector<uint32_t>> FillGaps(Fold* fold) override {
    // A column that is not there yet has no old values to look for.
    if (schema_ != real_.schema()) return std::vector<uint32_t>();
    return real_.FillGaps(fold);
  }
  Status KeepMoved(const std::vector<Hash128>&, const Fold&) override { return {}; }
  Result<Committed> Commit(const Fold&, const Marker&) override { return Committed{}; }
  void BeginCommit(const Fold&, const Marker&, std::function<Status()>) override {}
  bool committing() const override { return false; }
  Result<Committed> AwaitCommit() override { return Committed{}; }
  Result<bool> Maintain(Tidying) override { return false; }
  Status Close() override { return {}; }

 private:
  Sink& real_;
  std::shared_ptr<const rows::Schema> schema_;
  std::optional<OwnNames> own_;
};

}  // namespace cdc::run
