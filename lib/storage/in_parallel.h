#pragma once

/// \file lib/storage/in_parallel.h
/// Several slow calls at once: each waits for a disk to be flushed, or for an answer over the network.

#include <cstddef>
#include <functional>
#include <vector>

#include "lib/storage/file_system.h"

namespace cdc::storage {

/// So many calls are on their way at a time.
inline constexpr size_t kConcurrentCalls = 8;

/// Calls task(0) … task(count - 1), each once, on this and up to kConcurrentCalls - 1 other threads, and
/// returns when all are done. \return the error of the lowest number that failed
Status InParallel(size_t count, const std::function<Status(size_t)>& task);

/// Whole files, in the order of `paths`. Each is the file's content or why it could not be read.
std::vector<Result<std::string>> ReadMany(FileSystem& files, const std::vector<std::string>& paths);

/// Deletes them up to the first failure. \return how many may be left
size_t DeleteMany(FileSystem& files, const std::vector<std::string>& paths);

}  // namespace cdc::storage
