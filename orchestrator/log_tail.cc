#include "orchestrator/log_tail.h"

#include <deque>
#include <fstream>

#include "lib/core/printable.h"

namespace cdc::orchestrator {
namespace {

constexpr std::streamoff kMostBytes = 256 << 10;
constexpr size_t kLongestLine = 2'000;

}  // namespace

Result<std::vector<std::string>> TailOf(const std::filesystem::path& file, int lines) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) {
    std::error_code ec;
    const bool there = std::filesystem::exists(file, ec);
    return Error{there ? ErrorKind::kTransient : ErrorKind::kNotFound, "cannot read " + file.string()};
  }
  const std::streamoff size = in.tellg();
  in.seekg(std::max<std::streamoff>(0, size - kMostBytes));
  std::string line;
  if (size > kMostBytes) std::getline(in, line);  // the rest of one that began before
  std::deque<std::string> tail;
  while (std::getline(in, line)) {
    tail.push_back(Printable(std::string_view(line).substr(0, kLongestLine)));
    if (tail.size() > static_cast<size_t>(lines)) tail.pop_front();
  }
  return std::vector<std::string>(tail.begin(), tail.end());
}

}  // namespace cdc::orchestrator
