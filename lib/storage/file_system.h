#pragma once

/// \file lib/storage/file_system.h
/// Port to where table files live: a local folder now, object stores later. Files are written once and never
/// changed.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.h"

namespace cdc::storage {

/// A file being written. It does not exist for readers before Close() returns. Destroying an unclosed writer
/// discards what was written. Not thread-safe.
class Writer {
 public:
  virtual ~Writer() = default;
  /// \return kTransient: no space, or the store is unreachable.
  virtual Status Write(std::string_view bytes) = 0;
  /// Makes the file durable and visible. Call once, last.
  virtual Status Close() = 0;
};

/// Random reads of a complete file. Thread-safe.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual int64_t size() const = 0;
  /// Reads exactly `size` bytes from `offset` into `out`. \return kCorrupt: the file is shorter.
  virtual Status ReadAt(int64_t offset, size_t size, char* out) const = 0;
};

struct FileInfo {
  std::string path;         ///< in the spelling of the listed folder
  int64_t size = 0;         ///< bytes
  int64_t modified_ms = 0;  ///< Unix milliseconds
};

/// Paths are absolute and plain ("/a/b", "s3://bucket/key"), the same string that table metadata holds; a
/// leading "file://" is accepted for local ones. Thread-safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  /// Parent folders are made as needed. Names must be unique: an existing file is kConflict on a local disk,
  /// replaced in an object store.
  virtual Result<std::unique_ptr<Writer>> Create(const std::string& path) = 0;
  /// \return kNotFound.
  virtual Result<std::unique_ptr<Reader>> Open(const std::string& path) = 0;
  /// Deleting what is absent is no error.
  virtual Status Delete(const std::string& path) = 0;
  /// All files below `folder`, recursively; an absent folder is empty.
  virtual Result<std::vector<FileInfo>> List(const std::string& folder) = 0;

  /// \return kNotFound.
  virtual Result<std::string> ReadAll(const std::string& path);
  /// \return kConflict: the file exists.
  Status WriteAll(const std::string& path, std::string_view bytes);

  /// Makes a small file that must not be there yet: of several that try at once, one makes it. \return kConflict: it is
  /// there, perhaps since an earlier attempt of this very call. Any other error: it may be there or not.
  virtual Status WriteNew(const std::string& path, std::string_view bytes) { return WriteAll(path, bytes); }
};

/// Local disk: temporary name, fsync, link to the final name (so that an existing file is never replaced),
/// fsync of the folder.
std::unique_ptr<FileSystem> MakeLocalFileSystem();

}  // namespace cdc::storage
