#pragma once

/// \file bench/flat/bench_table.h
/// A table of bench/flat: its random changes, what it must hold after them, and what storage was asked for.

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "lib/change/fold.h"
#include "lib/rows/batch.h"
#include "lib/storage/file_system.h"

namespace cdc::bench {

/// What was asked of storage since the last Take().
struct Requests {
  int64_t created = 0, opened = 0, deleted = 0, listed = 0;
  int64_t bytes_written = 0;
};

/// Passes everything on and counts it. One thread at a time.
class CountingFiles final : public storage::FileSystem {
 public:
  explicit CountingFiles(storage::FileSystem& real) : real_(real) {}
  Result<std::unique_ptr<storage::Writer>> Create(const std::string& path) override;
  Result<std::unique_ptr<storage::Reader>> Open(const std::string& path) override;
  Status Delete(const std::string& path) override;
  Result<std::vector<storage::FileInfo>> List(const std::string& folder) override;

  Requests Take();
  const Requests& total() const { return total_; }

 private:
  storage::FileSystem& real_;
  Requests since_, total_;
};

/// Rows (id, version, name, city, score, updated_at, note) of about 110 bytes, keyed by id.
class Rows {
 public:
  explicit Rows(uint32_t seed);

  /// Of the table, before its first row.
  void SetSecret(const KeySecret& secret) { hasher_ = rows::KeyHasher(secret, {0}); }

  static rows::Schema Schema();
  /// Appends `count` new rows to `fold`.
  void Insert(int64_t count, worker::Fold* fold);
  /// `count` changes of random rows: of a hundred, `deletes` removals, as many inserts, the rest updates.
  void Change(int64_t count, int deletes, worker::Fold* fold);

  int64_t live() const { return static_cast<int64_t>(live_.size()); }
  /// Sum of (id + 1) * (version + 1) over the live rows, modulo 2^64: what a reader must find.
  uint64_t checksum() const;

 private:
  void Put(int64_t id, worker::Fold* fold);
  Hash128 Key(int64_t id);

  std::mt19937_64 dice_;
  rows::Batch key_row_;
  rows::KeyHasher hasher_{{}, {0}};
  std::vector<int32_t> versions_;  // by id
  std::vector<int64_t> live_;      // ids
};

}  // namespace cdc::bench
