#pragma once

/// \file lib/parquet/page_writer_internal.h
/// Where the pages of a file go: compressed, behind their headers, to the end of the file or into memory
/// until the row group ends.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.h"
#include "lib/parquet/byte_buffer_internal.h"
#include "lib/parquet/format_internal.h"
#include "lib/storage/file_system.h"

namespace cdc::parquet {

/// Collects small writes: each is a system call. One thread.
class FileEnd {
 public:
  explicit FileEnd(std::unique_ptr<storage::Writer> out) : out_(std::move(out)) {}

  /// \return as the storage writer's.
  Status Write(std::string_view bytes);
  Status Close();
  int64_t position() const { return position_; }

 private:
  Status Flush();

  static constexpr size_t kCollected = 256 << 10;
  std::unique_ptr<storage::Writer> out_;
  std::string pending_;
  int64_t position_ = 0;
};

/// A page as it will be in the file.
struct PageBytes {
  std::string_view header, body;
  size_t size() const { return header.size() + body.size(); }
};

/// Compresses pages, one after the other. One thread.
class PageCompressor {
 public:
  explicit PageCompressor(int level) : level_(level) {}

  /// \return valid until the next call. kTransient: no memory; kUnsupported: more than a page can have.
  Result<PageBytes> Compress(PageKind kind, size_t values, Encoding encoding, std::string_view body);

 private:
  const int level_;
  ByteBuffer compressed_;
  std::string header_;
};

/// Pages that wait for the end of their row group, each in memory of just its size.
class WaitingPages {
 public:
  void Add(const PageBytes& page);
  /// Writes and forgets them. \return as FileEnd's.
  Status WriteTo(FileEnd* file);
  int64_t bytes() const { return bytes_; }

 private:
  struct Page {
    std::unique_ptr<char[]> bytes;
    size_t size;
  };
  std::vector<Page> pages_;
  int64_t bytes_ = 0;
};

}  // namespace cdc::parquet
