#include "orchestrator/vitals.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <fmt/format.h>

namespace cdc::orchestrator {
namespace {

namespace fs = std::filesystem;

/// Second field of statm.
std::optional<int64_t> ResidentBytesOf(const std::string& process) {
  std::ifstream in(fmt::format("/proc/{}/statm", process));
  int64_t size = 0;
  int64_t resident = 0;
  if (!(in >> size >> resident) || size == 0) return std::nullopt;  // 0: ended, not yet waited for
  return resident * ::sysconf(_SC_PAGESIZE);
}

double Seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

std::optional<double> CpuSeconds() {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) != 0) return std::nullopt;
  return Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
}

std::optional<int64_t> OpenFds() {
  std::error_code ec;
  int64_t count = -1;  // the one that reads the folder
  for (fs::directory_iterator it("/proc/self/fd", ec), end; !ec && it != end; it.increment(ec)) ++count;
  if (ec) return std::nullopt;
  return count;
}

/// Field 22 of stat counts clock ticks since the boot; /proc/stat has the boot. The name of the process, in
/// parentheses, may hold spaces.
std::optional<double> StartSeconds() {
  std::ifstream in("/proc/self/stat");
  std::string text;
  std::getline(in, text);
  std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
  std::string skipped;
  for (int field = 3; field < 22; ++field) fields >> skipped;
  double ticks = 0;
  if (!(fields >> ticks)) return std::nullopt;
  std::ifstream system("/proc/stat");
  for (std::string word; system >> word;) {
    double boot = 0;
    if (word == "btime" && system >> boot) return boot + ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
  return std::nullopt;
}

}  // namespace

std::map<int, int64_t> ResidentBytes(const std::vector<int>& pids) {
  std::map<int, int64_t> by_pid;
  for (int pid : pids) {
    if (pid == 0) continue;
    if (auto bytes = ResidentBytesOf(std::to_string(pid))) by_pid[pid] = *bytes;
  }
  return by_pid;
}

Vitals ReadVitals(const std::vector<int>& pids) {
  Vitals vitals;
  vitals.cpu_seconds = CpuSeconds();
  vitals.resident_bytes = ResidentBytesOf("self");
  vitals.open_fds = OpenFds();
  vitals.start_seconds = StartSeconds();
  vitals.resident_by_pid = ResidentBytes(pids);
  return vitals;
}

}  // namespace cdc::orchestrator
