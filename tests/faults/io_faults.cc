/// Preloaded into a program (LD_PRELOAD), gives every I/O of it a name, and ends the program or fails the
/// call at the n-th time of one. The program is the one that users run: there is nothing of this in it
/// (docs/decisions/0026).
///
/// A point is an operation and what it is done to: "rename state/index/t/keys.idx", "postgres COMMIT", "kafka
/// Produce". In names of files a run of digits is "#". Points are files below CDC_FAULTS_ROOT, and sockets;
/// logs are none.
///
///   CDC_FAULTS_PROGRAM  only in this program, not in those that it starts
///   CDC_FAULTS_LOG      file that gets a line for every point that is passed, in order
///   CDC_FAULTS          what to do, one of
///                         before|tear|after TIME NAME: SIGKILL before, in the middle of, or after a call
///                         stop TIME NAME: SIGSTOP before it
///                         fail|stay ERRNO TIME NAME: the call fails (stay: and all later ones of the name)
///                       TIME counts from 1; NAME "*" is every point

#include "tests/faults/io_points.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>

namespace cdc::faults {
namespace {

enum class What { kNothing, kBefore, kTear, kAfter, kStop, kFail, kStay };

/// What the environment says, read once.
struct Plan {
  bool active = false;
  What what = What::kNothing;
  int error = 0;
  int time = 0;
  std::string name;
  int log = -1;
};

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Plan ReadPlan() {
  Plan plan;
  const std::string program = Variable("CDC_FAULTS_PROGRAM");
  plan.active =
      !Variable("CDC_FAULTS_ROOT").empty() && (program.empty() || program == program_invocation_short_name);
  if (!plan.active) return plan;
  const std::string log = Variable("CDC_FAULTS_LOG");
  if (!log.empty())
    plan.log = static_cast<int>(
        ::syscall(SYS_openat, AT_FDCWD, log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  const std::string text = Variable("CDC_FAULTS");
  char word[16] = "", name[512] = "";
  if (std::sscanf(text.c_str(), "%15s", word) != 1) return plan;
  const std::string what = word;
  const bool fails = what == "fail" || what == "stay";
  const int read = fails ? std::sscanf(text.c_str(), "%*s %d %d %511[^\n]", &plan.error, &plan.time, name)
                         : std::sscanf(text.c_str(), "%*s %d %511[^\n]", &plan.time, name);
  if (read != (fails ? 3 : 2)) return plan;
  plan.name = name;
  plan.what = what == "before"  ? What::kBefore
              : what == "tear"  ? What::kTear
              : what == "after" ? What::kAfter
              : what == "stop"  ? What::kStop
              : what == "fail"  ? What::kFail
                                : What::kStay;
  return plan;
}

const Plan& ThePlan() {
  static const Plan* const plan = new Plan(ReadPlan());  // never destroyed: other threads go on until the end
  return *plan;
}

[[noreturn]] void Die() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

std::mutex mutex;
thread_local bool inside = false;  // what this file itself does is no point

}  // namespace

Passing Pass(const std::string& point) {
  Passing passing;
  if (point.empty()) return passing;
  const Plan& plan = ThePlan();
  int time = 0;
  {
    const std::lock_guard<std::mutex> guard(mutex);
    static auto* const times = new std::map<std::string, int>();
    const bool counted = plan.name == "*" || plan.name == point;
    if (counted) time = ++(*times)[plan.name];
    if (plan.log >= 0) {
      const std::string line = point + "\n";
      (void)::syscall(SYS_write, plan.log, line.data(), line.size());
    }
    if (!counted) return passing;
  }
  const bool now = time == plan.time || (plan.what == What::kStay && time > plan.time);
  if (!now || plan.what == What::kNothing) return passing;
  if (plan.what == What::kBefore) Die();
  if (plan.what == What::kStop) ::kill(::getpid(), SIGSTOP);
  if (plan.what == What::kFail || plan.what == What::kStay) passing.error = plan.error;
  passing.tear = plan.what == What::kTear;
  passing.die_after = plan.what == What::kAfter || plan.what == What::kTear;
  return passing;
}

void Passing::Done() const {
  if (die_after) Die();
}

bool Active() {
  if (inside) return false;
  inside = true;
  const bool active = ThePlan().active;
  inside = false;
  return active;
}

Quiet::Quiet() { inside = true; }
Quiet::~Quiet() { inside = false; }

std::string PointOf(const char* operation, const std::string& path) {
  static const std::string* const root = new std::string(Variable("CDC_FAULTS_ROOT") + "/");
  if (!path.starts_with(*root)) return "";
  std::string name = std::string(operation) + " ";
  const auto is_digit = [&](size_t at) { return path[at] >= '0' && path[at] <= '9'; };
  const auto is_hex = [&](size_t at) {
    return is_digit(at) || (path[at] >= 'a' && path[at] <= 'f') || path[at] == '-';
  };
  for (size_t at = root->size(); at < path.size();) {
    size_t end = at;
    // An id is hexadecimal digits and dashes; what begins a word is not part of it.
    while (end < path.size() && is_hex(end)) ++end;
    while (end > at && end < path.size() && path[end] >= 'a' && path[end] <= 'z' && path[end - 1] != '-')
      --end;
    const bool is_id = end - at >= 8 && std::any_of(path.begin() + static_cast<ptrdiff_t>(at),
                                                    path.begin() + static_cast<ptrdiff_t>(end),
                                                    [](char c) { return c >= '0' && c <= '9'; });
    if (!is_id) {
      end = at;
      while (end < path.size() && is_digit(end)) ++end;
    }
    name += end > at ? '#' : path[at];
    at = std::max(end, at + 1);
  }
  if (name.find(" state/logs") != std::string::npos || name.ends_with(" (deleted)")) return "";
  return name;
}

std::string PathOf(int fd) {
  char link[64], target[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = ::readlink(link, target, sizeof target);
  return size <= 0 ? "" : std::string(target, static_cast<size_t>(size));
}

}  // namespace cdc::faults
