#include "lib/storage/in_parallel.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <exception>
#include <system_error>
#include <thread>

namespace cdc::storage {

Status InParallel(size_t count, const std::function<Status(size_t)>& task) {
  std::vector<Status> outcomes(count);
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < count; i = next++) {
      try {
        outcomes[i] = task(i);
      } catch (const std::exception& e) {
        outcomes[i] = Error{ErrorKind::kTransient, e.what()};
      }
    }
  };
  std::vector<std::thread> others;
  if (count > 1) {
    // A thread inherits the mask of the one that makes it: signals are for the program's own threads.
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before);
    try {
      while (others.size() + 1 < std::min(count, kConcurrentCalls)) others.emplace_back(work);
    } catch (const std::system_error&) {
      // No more threads to be had: those there are do it all.
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  work();
  for (std::thread& other : others) other.join();
  for (Status& outcome : outcomes) {
    if (!outcome) return std::move(outcome);
  }
  return {};
}

std::vector<Result<std::string>> ReadMany(FileSystem& files, const std::vector<std::string>& paths) {
  std::vector<Result<std::string>> contents(paths.size(), std::string());
  (void)InParallel(paths.size(), [&](size_t i) -> Status {
    contents[i] = files.ReadAll(paths[i]);
    return {};
  });
  return contents;
}

size_t DeleteMany(FileSystem& files, const std::vector<std::string>& paths) {
  std::atomic<size_t> failed{0};
  (void)InParallel(paths.size(), [&](size_t i) -> Status {
    // A store that is away is not asked once more for each of them.
    if (failed > 0 || !files.Delete(paths[i])) ++failed;
    return {};
  });
  return failed;
}

}  // namespace cdc::storage
