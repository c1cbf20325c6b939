#include "lib/index/file_numbers.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <random>
#include <system_error>

#include "lib/core/hash128.h"
#include "lib/core/read_file.h"

namespace cdc::index {
namespace {

/// Begins the first line. Lists of before had none, and no checksums.
constexpr std::string_view kMagic = "cdc-file-numbers-2 ";
constexpr size_t kSumDigits = 16;

Error Unusable(const std::filesystem::path& path,
               const std::error_code& cause = std::error_code(errno, std::generic_category())) {
  return Error{ErrorKind::kTransient, "cannot write " + path.string() + ": " + cause.message(),
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

std::string Digits(uint64_t sum) {
  char text[kSumDigits + 1];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(sum));
  return text;
}

/// The chain behind a line that says `body`.
uint64_t Chain(uint64_t before, std::string_view body) {
  std::string bytes(reinterpret_cast<const char*>(&before), sizeof before);
  return HashBytes(bytes.append(body)).low;
}

/// "<chain>\t<body>\n"
std::string Line(std::string_view body, uint64_t* chain) {
  *chain = Chain(*chain, body);
  return Digits(*chain).append("\t").append(body).append("\n");
}

std::string Body(uint32_t number, const std::string& path) { return std::to_string(number) + '\t' + path; }

bool ParseHex(std::string_view text, uint64_t* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value, 16);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Result<FileNumbers> FileNumbers::Open(const std::filesystem::path& folder, uint64_t chain) {
  FileNumbers numbers(folder / "files");
  CDC_ASSIGN(const auto read, ReadWholeFile(numbers.file_));
  if (!read) return Error{ErrorKind::kNotFound, "no list of file numbers at " + numbers.file_.string()};
  const std::string& text = *read;
  size_t end = 0;
  if (!numbers.Read(text, chain, &end)) {
    return Error{ErrorKind::kCorrupt,
                 "the list of file numbers " + numbers.file_.string() + " is damaged, or not the index's"};
  }
  if (end != text.size()) {
    std::error_code error;
    std::filesystem::resize_file(numbers.file_, end, error);
    if (error) return Unusable(numbers.file_, error);
  }
  return numbers;
}

/// The first line says "<magic><random> <former chain> <number of lines that were taken over then>".
/// \param end where the line ends whose chain is wanted
bool FileNumbers::Read(std::string_view text, uint64_t chain, size_t* end) {
  uint64_t former = 0, taken_over = 0, at_line = 0;
  for (size_t at = 0, stop; (stop = text.find('\n', at)) != std::string_view::npos;
       at = stop + 1, ++at_line) {
    const std::string_view line = text.substr(at, stop - at);
    uint64_t said = 0;
    if (line.size() <= kSumDigits || line[kSumDigits] != '\t' || !ParseHex(line.substr(0, kSumDigits), &said))
      return false;
    const std::string_view body = line.substr(kSumDigits + 1);
    if (Chain(chain_, body) != said) return false;
    chain_ = said;
    if (at_line == 0) {
      if (!body.starts_with(kMagic) || body.size() != kMagic.size() + 3 * kSumDigits + 2) return false;
      const std::string_view words = body.substr(kMagic.size());
      if (!ParseHex(words.substr(kSumDigits + 1, kSumDigits), &former) ||
          !ParseHex(words.substr(2 * kSumDigits + 2), &taken_over))
        return false;
    } else {
      uint32_t number = 0;
      const auto [tab, error] = std::from_chars(body.data(), body.data() + body.size(), number);
      if (error != std::errc() || tab == body.data() + body.size() || *tab != '\t') return false;
      Learn(number, std::string(tab + 1, body.data() + body.size()));
    }
    *end = stop + 1;
    if (chain_ == chain || (former == chain && former != 0 && at_line == taken_over)) return true;
  }
  return false;
}

Result<FileNumbers> FileNumbers::Create(const std::filesystem::path& folder) {
  FileNumbers numbers(folder / "files");
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Unusable(folder, error);
  CDC_TRY(numbers.Replace({}, 0));
  return numbers;
}

void FileNumbers::Learn(uint32_t number, const std::string& path) {
  paths_[number] = path;
  if (!path.empty()) numbers_[path] = number;
  next_ = std::max(next_, number + 1);
}

Status FileNumbers::Add(uint32_t number, const std::string& path) {
  const auto known = paths_.find(number);
  if (known != paths_.end() && (known->second == path || !known->second.empty())) return {};
  uint64_t chain = chain_;
  if (!AppendLine(file_, Line(Body(number, path), &chain))) return Unusable(file_);
  chain_ = chain;
  Learn(number, path);
  return {};
}

/// Under a temporary name first.
Status FileNumbers::Replace(const std::map<uint32_t, std::string>& entries, uint64_t former) {
  const std::filesystem::path temporary = file_.string() + ".new";
  std::random_device random;
  uint64_t chain = 0;
  {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    out << Line(std::string(kMagic) + Digits(uint64_t{random()} << 32 | random()) + ' ' + Digits(former) +
                    ' ' + Digits(entries.size()),
                &chain);
    for (const auto& [number, path] : entries) out << Line(Body(number, path), &chain);
    out.flush();
    if (!out) return Unusable(temporary);
  }
  std::error_code error;
  std::filesystem::rename(temporary, file_, error);
  if (error) return Unusable(file_, error);
  chain_ = chain;
  paths_.clear();
  numbers_.clear();
  for (const auto& [number, path] : entries) Learn(number, path);
  return {};
}

Status FileNumbers::Retain(const std::function<bool(const std::string& path)>& keep) {
  std::map<uint32_t, std::string> kept;
  for (const auto& [number, path] : paths_) {
    // The highest one stays whatever it is: it keeps its number from being given again.
    if (keep(path) || number + 1 == next_) kept.emplace(number, path);
  }
  return Replace(kept, chain_);
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
  return it == paths_.end() || it->second.empty() ? nullptr : &it->second;
}

uint32_t FileNumbers::NumberOf(const std::string& path) const {
  const auto it = numbers_.find(path);
  return it == numbers_.end() ? UINT32_MAX : it->second;
}

}  // namespace cdc::index
