#pragma once

/// \file tests/component/cli/cli_fixture.h
/// The real `cdc` program, run as users do.

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <fmt/core.h>
#include <catch2/catch_test_macros.hpp>

namespace cdc::cli {

/// A tables.toml with catalog, warehouse and state in the folder it is in.
///
/// \param tables its `[tables…]` sections \param source further lines of `[source]`
inline std::string ConfigText(const std::string& servers, const std::string& tables,
                              const std::string& source = "") {
  return fmt::format(R"(
[kafka]
bootstrap_servers = "{}"
[source]
topic_prefix = "p"
{}[catalog]
uri = "catalog.db"
warehouse = "warehouse"
namespace = "university"
[orchestrator]
state_dir = "state"
{})",
                     servers, source, tables);
}

struct Outcome {
  int exit = -1;
  std::string out;
  std::string err;
};

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/cdc-cli-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }
  std::string Read(const std::string& name) const {
    std::ifstream in(path_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  const std::filesystem::path& path() const { return path_; }

  /// Runs `cdc arguments` in this folder to its end.
  Outcome Cdc(const std::string& arguments) const {
    const std::string command = fmt::format("cd {0} && exec {1}/cdc {2} >{0}/.out 2>{0}/.err", path_.string(),
                                            CDC_BINARY_DIR, arguments);
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, Read(".out"), Read(".err")};
  }

 private:
  std::filesystem::path path_;
};

/// `cdc broker` as a process; killed when destroyed.
class BrokerProcess {
 public:
  explicit BrokerProcess(const std::string& topics = "") {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      close(ends[0]);
      close(ends[1]);
      const char* program = CDC_BINARY_DIR "/cdc";
      if (topics.empty()) {
        execl(program, program, "broker", nullptr);
      } else {
        execl(program, program, "broker", "--topics", topics.c_str(), nullptr);
      }
      _exit(127);
    }
    close(ends[1]);
    std::string line;
    for (char c; read(ends[0], &c, 1) == 1 && c != '\n';) line += c;
    close(ends[0]);
    const std::string start = "bootstrap_servers=";
    REQUIRE(line.starts_with(start + "127.0.0.1:"));
    servers_ = line.substr(start.size());
  }
  ~BrokerProcess() {
    if (pid_ > 0) Stop(SIGKILL);
  }
  BrokerProcess(const BrokerProcess&) = delete;
  BrokerProcess& operator=(const BrokerProcess&) = delete;

  const std::string& servers() const { return servers_; }
  /// \return its exit code; -1: it died of the signal
  int Stop(int signal) {
    kill(pid_, signal);
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
  std::string servers_;
};

}  // namespace cdc::cli
