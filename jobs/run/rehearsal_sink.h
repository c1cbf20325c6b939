#pragma once

/// \file jobs/run/rehearsal_sink.h
/// A table as a replay would find it, to which nothing is written: so it shows what would still be bad.

#include "jobs/run/words.h"

namespace cdc::run {

/// Reads through `real`, which must outlive it. Columns that the table would get exist here only.
class RehearsalSink final : public Sink, public worker::Lookup {
 public:
  explicit RehearsalSink(Sink& real) : real_(real.lookup()), opened_(real.opened()) {}

  worker::Opened opened() const override { return opened_; }
  Result<worker::Shape> Follow(const worker::ShapeChange& change) override {
    if (std::holds_alternative<worker::NewTable>(change))
      return Error{ErrorKind::kUnsupported, "nothing is made in a rehearsal"};
    if (std::holds_alternative<worker::NewTypes>(change))
      return Error{ErrorKind::kUnsupported, "the letter is of another type than its column has now"};
    if (const auto* evolution = std::get_if<worker::Evolution>(&change)) CDC_TRY(Evolve(*evolution));
    return opened_.shape;
  }
  worker::Lookup& lookup() override { return *this; }
  Result<Committed> Commit(const worker::Batch&) override { return Committed{}; }

  Result<bool> HasRow(const Hash128& key, const rows::KeyRow& values) override {
    return real_.HasRow(key, values);
  }
  Result<uint32_t> CountRows(const Hash128& content) override { return real_.CountRows(content); }
  // A column that is not there yet has no old values to look for.
  Result<bool> ReadRow(const Hash128& key, const rows::KeyRow& values, rows::Batch* row) override {
    return evolved_ ? Result<bool>(false) : real_.ReadRow(key, values, row);
  }
  Result<std::vector<uint32_t>> FillGaps(Fold* fold) override {
    return evolved_ ? std::vector<uint32_t>() : real_.FillGaps(fold);
  }

 private:
  Status Evolve(const worker::Evolution& evolution) {
    worker::Shape& shape = opened_.shape;
    shape.own_names = evolution.own;
    CDC_ASSIGN(rows::Schema evolved,
               rows::Evolve(*shape.schema, shape.schema->max_field_id(), evolution.changes));
    shape.schema = std::make_shared<const rows::Schema>(std::move(evolved));
    evolved_ = true;
    return {};
  }

  worker::Lookup& real_;
  worker::Opened opened_;
  bool evolved_ = false;
};

}  // namespace cdc::run
