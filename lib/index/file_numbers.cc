#include "lib/index/file_numbers.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>

namespace cdc::index {
namespace {

Error Unusable(const std::filesystem::path& path) {
  return Error{ErrorKind::kTransient, "cannot write " + path.string() + ": " + std::strerror(errno),
               "free space or permissions in state_dir"};
}

/// All of it or, as far as that can be had, nothing.
bool AppendLine(const std::filesystem::path& file, const std::string& line) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return false;
  const off_t end = ::lseek(fd, 0, SEEK_END);
  const ssize_t written = ::write(fd, line.data(), line.size());
  const bool done = written == static_cast<ssize_t>(line.size());
  const int cause = written < 0 ? errno : ENOSPC;
  if (!done && end >= 0) (void)(::ftruncate(fd, end) == 0);
  const bool closed = ::close(fd) == 0;
  if (!done) errno = cause;
  return done && closed;
}

}  // namespace

Result<FileNumbers> FileNumbers::Open(const std::filesystem::path& folder) {
  FileNumbers numbers(folder / "files");
  std::ifstream in(numbers.file_, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  size_t at = 0;
  for (size_t end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    uint32_t number = 0;
    const char* const stop = text.data() + end;
    const auto [tab, error] = std::from_chars(text.data() + at, stop, number);
    if (error != std::errc() || tab == stop || *tab != '\t') continue;
    std::string path(tab + 1, stop);
    numbers.numbers_[path] = number;
    numbers.paths_[number] = std::move(path);
    numbers.next_ = std::max(numbers.next_, number + 1);
  }
  in.close();
  if (at != text.size()) {
    std::error_code error;
    std::filesystem::resize_file(numbers.file_, at, error);
    if (error) return Unusable(numbers.file_);
  }
  return numbers;
}

Result<FileNumbers> FileNumbers::Create(const std::filesystem::path& folder) {
  FileNumbers numbers(folder / "files");
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::ofstream out(numbers.file_, std::ios::binary | std::ios::trunc);
  if (!out) return Unusable(numbers.file_);
  return numbers;
}

Status FileNumbers::Add(uint32_t number, const std::string& path) {
  if (paths_.contains(number)) return {};
  if (!AppendLine(file_, std::to_string(number) + '\t' + path + '\n')) return Unusable(file_);
  numbers_[path] = number;
  paths_[number] = path;
  next_ = std::max(next_, number + 1);
  return {};
}

Status FileNumbers::Retain(const std::function<bool(const std::string& path)>& keep) {
  const std::filesystem::path temporary = file_.string() + ".new";
  std::map<uint32_t, std::string> kept;
  {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    for (const auto& [number, path] : paths_) {
      // The highest one stays whatever it is: it keeps its number from being given again.
      if (!keep(path) && number + 1 != next_) continue;
      out << number << '\t' << path << '\n';
      kept.emplace(number, path);
    }
    out.flush();
    if (!out) return Unusable(temporary);
  }
  std::error_code error;
  std::filesystem::rename(temporary, file_, error);
  if (error) return Unusable(file_);
  paths_ = std::move(kept);
  numbers_.clear();
  for (const auto& [number, path] : paths_) numbers_[path] = number;
  return {};
}

Status FileNumbers::Sync() {
  for (const std::filesystem::path& path : {file_, file_.parent_path()}) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool synced = fd >= 0 && ::fsync(fd) == 0;
    if (fd >= 0) ::close(fd);
    if (!synced) return Unusable(path);
  }
  return {};
}

const std::string* FileNumbers::PathOf(uint32_t number) const {
  const auto it = paths_.find(number);
  return it == paths_.end() ? nullptr : &it->second;
}

uint32_t FileNumbers::NumberOf(const std::string& path) const {
  const auto it = numbers_.find(path);
  return it == numbers_.end() ? UINT32_MAX : it->second;
}

}  // namespace cdc::index
