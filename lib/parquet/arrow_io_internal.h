#pragma once

/// \file lib/parquet/arrow_io_internal.h
/// Bridges from our storage port to Arrow's, and from its exceptions to our errors.

#include <memory>
#include <new>
#include <string>

#include <arrow/io/interfaces.h>
#include <parquet/exception.h>

#include "lib/core/result.h"
#include "lib/storage/file_system.h"

namespace cdc::parquet {

class InputAdapter final : public arrow::io::RandomAccessFile {
 public:
  explicit InputAdapter(std::unique_ptr<storage::Reader> in) : in_(std::move(in)) {}

  arrow::Result<int64_t> GetSize() override { return in_->size(); }
  arrow::Result<int64_t> ReadAt(int64_t position, int64_t size, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t size) override;
  using arrow::io::RandomAccessFile::ReadAt;
  arrow::Result<int64_t> Read(int64_t size, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t size) override;
  arrow::Status Seek(int64_t position) override;
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Close() override;
  bool closed() const override { return closed_; }

  const Status& failure() const { return failure_; }

 private:
  std::unique_ptr<storage::Reader> in_;
  int64_t position_ = 0;
  bool closed_ = false;
  Status failure_;
};

/// Runs `body` (returning a Status or Result) and turns what it throws into an error: the adapter's own
/// storage error if it has one, else `kind`; kTransient when memory ran out.
template <typename Adapter, typename Body>
auto Guarded(const Adapter& adapter, ErrorKind kind, const std::string& what, Body&& body)
    -> decltype(body()) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return Error{ErrorKind::kTransient, what + ": out of memory"};
  } catch (const std::exception& e) {
    if (!adapter.failure()) return adapter.failure().error();
    return Error{kind, what + ": " + e.what()};
  }
}

}  // namespace cdc::parquet
