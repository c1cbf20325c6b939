#pragma once

/// \file lib/postgres/row_counter.h
/// How many rows source tables have.

#include <cstdint>
#include <memory>
#include <string>

#include "lib/core/clock.h"
#include "lib/core/result.h"

namespace cdc::postgres {

/// One connection that only reads. One thread at a time.
class RowCounter {
 public:
  /// \param dsn libpq connection string or URI
  /// \return kTransient: no connection; kInvalidConfig: a malformed dsn, bad password, no such database
  static Result<RowCounter> Connect(const std::string& dsn);
  RowCounter(RowCounter&&) noexcept;
  RowCounter& operator=(RowCounter&&) noexcept;
  ~RowCounter();

  /// Committed rows now, those of partitions and inheriting tables included: SELECT count(*), which reads the
  /// whole table or an index of it.
  /// \param timeout at the server
  /// \return kNotFound: no such table; kInvalidConfig: no right to read it; kTransient: not done in time, or
  /// the server stopped.
  Result<int64_t> Count(const std::string& schema, const std::string& table, Millis timeout);

 private:
  struct Impl;
  explicit RowCounter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cdc::postgres
