#pragma once

/// \file tests/unit/parquet/files.h
/// Files in memory behind the storage port, and a temporary folder for readers outside the process.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "lib/storage/file_system.h"

namespace cdc::parquet {

struct MemoryFile {
  std::string bytes;
  bool closed = false;
  size_t fail_after = SIZE_MAX;  ///< bytes after which Write fails as a full disk does
  size_t bytes_read = 0;         ///< by all readers
};

class MemoryWriter final : public storage::Writer {
 public:
  explicit MemoryWriter(MemoryFile& file) : file_(file) {}
  Status Write(std::string_view bytes) override {
    if (file_.bytes.size() + bytes.size() > file_.fail_after) {
      return Error{ErrorKind::kTransient, "cannot write: no space left on device"};
    }
    file_.bytes.append(bytes);
    return {};
  }
  Status Close() override {
    file_.closed = true;
    return {};
  }

 private:
  MemoryFile& file_;
};

class MemoryReader final : public storage::Reader {
 public:
  explicit MemoryReader(MemoryFile& file) : file_(file) {}
  int64_t size() const override { return static_cast<int64_t>(file_.bytes.size()); }
  Status ReadAt(int64_t offset, size_t size, char* out) const override {
    if (static_cast<size_t>(offset) + size > file_.bytes.size())
      return Error{ErrorKind::kCorrupt, "file is shorter"};
    file_.bytes.copy(out, size, static_cast<size_t>(offset));
    file_.bytes_read += size;
    return {};
  }

 private:
  MemoryFile& file_;
};

class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cdc-parquet-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  std::string Save(const std::string& name, const std::string& bytes) const {
    const std::string path = (path_ / name).string();
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  std::string path(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace cdc::parquet
