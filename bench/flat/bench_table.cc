#include "bench/flat/bench_table.h"

#include <fmt/format.h>

namespace cdc::bench {
namespace {

class CountingWriter final : public storage::Writer {
 public:
  CountingWriter(std::unique_ptr<storage::Writer> real, int64_t* since, int64_t* total)
      : real_(std::move(real)), since_(since), total_(total) {}
  Status Write(std::string_view bytes) override {
    *since_ += static_cast<int64_t>(bytes.size());
    *total_ += static_cast<int64_t>(bytes.size());
    return real_->Write(bytes);
  }
  Status Close() override { return real_->Close(); }

 private:
  std::unique_ptr<storage::Writer> real_;
  int64_t *since_, *total_;
};

}  // namespace

Result<std::unique_ptr<storage::Writer>> CountingFiles::Create(const std::string& path) {
  ++since_.created;
  ++total_.created;
  CDC_ASSIGN(auto real, real_.Create(path));
  return std::unique_ptr<storage::Writer>(
      std::make_unique<CountingWriter>(std::move(real), &since_.bytes_written, &total_.bytes_written));
}

Result<std::unique_ptr<storage::Reader>> CountingFiles::Open(const std::string& path) {
  ++since_.opened;
  ++total_.opened;
  return real_.Open(path);
}

Status CountingFiles::Delete(const std::string& path) {
  ++since_.deleted;
  ++total_.deleted;
  return real_.Delete(path);
}

Result<std::vector<storage::FileInfo>> CountingFiles::List(const std::string& folder) {
  ++since_.listed;
  ++total_.listed;
  return real_.List(folder);
}

Requests CountingFiles::Take() {
  const Requests taken = since_;
  since_ = {};
  return taken;
}

Rows::Rows(uint32_t seed) : dice_(seed), key_row_(std::make_shared<const rows::Schema>(Schema())) {}

rows::Schema Rows::Schema() {
  using rows::Type;
  using rows::TypeKind;
  rows::Schema schema;
  const auto add = [&](const char* name, TypeKind kind) {
    schema.fields.push_back({0, 0, name, schema.fields.empty(), Type::Of(kind)});
  };
  add("id", TypeKind::kLong);
  add("version", TypeKind::kLong);
  add("name", TypeKind::kString);
  add("city", TypeKind::kString);
  add("score", TypeKind::kDouble);
  add("updated_at", TypeKind::kTimestamptz);
  add("note", TypeKind::kString);
  return schema;
}

Hash128 Rows::Key(int64_t id) {
  // As the worker hashes it: a rebuilt index must agree.
  key_row_.Truncate(0);
  key_row_.column(0).AppendLong(id);
  return hasher_(key_row_, 0);
}

void Rows::Put(int64_t id, worker::Fold* fold) {
  static constexpr const char* kCities[] = {"Taipei",  "Geneva", "Lisbon", "Quito",
                                            "Nairobi", "Oslo",   "Perth"};
  rows::Batch& batch = fold->batch();
  const int64_t version = versions_[static_cast<size_t>(id)];
  batch.column(0).AppendLong(id);
  batch.column(1).AppendLong(version);
  batch.column(2).AppendBytes(fmt::format("student {}", id));
  batch.column(3).AppendBytes(kCities[dice_() % std::size(kCities)]);
  batch.column(4).AppendDouble(static_cast<double>(dice_() % 400) / 100);
  batch.column(5).AppendLong(1'700'000'000'000'000 + version * 1'000'003 + id);
  batch.column(6).AppendBytes(fmt::format("{:016x} of row {} at version {}", dice_(), id, version));
  (void)fold->Upsert(Key(id), batch.rows() - 1, false);
}

void Rows::Insert(int64_t count, worker::Fold* fold) {
  for (int64_t i = 0; i < count; ++i) {
    const auto id = static_cast<int64_t>(versions_.size());
    versions_.push_back(0);
    live_.push_back(id);
    Put(id, fold);
  }
}

void Rows::Change(int64_t count, int deletes, worker::Fold* fold) {
  for (int64_t i = 0; i < count; ++i) {
    const size_t at = dice_() % live_.size();
    const int kind = static_cast<int>(dice_() % 100);
    if (kind < deletes) {
      fold->Remove(Key(live_[at]));
      live_[at] = live_.back();
      live_.pop_back();
    } else if (kind < 2 * deletes) {
      Insert(1, fold);
    } else {
      ++versions_[static_cast<size_t>(live_[at])];
      Put(live_[at], fold);
    }
  }
}

uint64_t Rows::checksum() const {
  uint64_t sum = 0;
  for (const int64_t id : live_) {
    sum += static_cast<uint64_t>(id + 1) * static_cast<uint64_t>(versions_[static_cast<size_t>(id)] + 1);
  }
  return sum;
}

}  // namespace cdc::bench
