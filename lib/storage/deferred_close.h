#pragma once

/// \file lib/storage/deferred_close.h
/// Files of one commit become durable together: what takes time in writing a small file is the flush to disk,
/// or the one request that stores it.

#include <memory>
#include <mutex>
#include <vector>

#include "lib/storage/file_system.h"

namespace cdc::storage {

/// A FileSystem whose writers only note that they were closed; CloseAll() closes them all at once. Before it
/// nothing that was written need exist for anybody, this object included. Thread-safe.
class DeferredClose final : public FileSystem {
 public:
  /// \param files must outlive this
  explicit DeferredClose(FileSystem& files) : files_(files) {}

  Result<std::unique_ptr<Writer>> Create(const std::string& path) override;
  Result<std::unique_ptr<Reader>> Open(const std::string& path) override { return files_.Open(path); }
  Result<std::string> ReadAll(const std::string& path) override { return files_.ReadAll(path); }
  /// Of a file not closed yet: forgets it.
  Status Delete(const std::string& path) override;
  Result<std::vector<FileInfo>> List(const std::string& folder) override { return files_.List(folder); }

  /// Closes what was written since the last call. \return the first error; the others are closed all the same
  Status CloseAll();

 private:
  friend class NotedWriter;
  struct Noted {
    std::string path;
    std::unique_ptr<Writer> writer;
  };

  FileSystem& files_;
  std::mutex mutex_;  // guards noted_
  std::vector<Noted> noted_;
};

}  // namespace cdc::storage
