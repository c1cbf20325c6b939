#pragma once

/// \file tests/component/postgres/postgres_server.h
/// A real PostgreSQL for one test.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/core.h>
#include <catch2/catch_test_macros.hpp>

namespace cdc::postgres {

/// A cluster of its own in a temporary folder, reachable through a unix socket only. The test fails where
/// PostgreSQL is not installed.
class Server {
 public:
  Server() {
    if (!std::filesystem::exists(std::string(kBin) + "/initdb"))
      FAIL("PostgreSQL 15 is not installed: scripts/test.sh does that");
    char name[] = "/tmp/cdc-postgres-XXXXXX";
    folder_ = mkdtemp(name);
    if (getuid() == 0) Run(fmt::format("chown nobody {}", folder_));
    Run(AsUser(fmt::format("{}/initdb -D {}/data -U cdc -A trust -E UTF8 --no-sync", kBin, folder_)));
    Run(AsUser(fmt::format("{}/pg_ctl -D {}/data -w -l {}/log -o \"-k {} -c listen_addresses=\" start", kBin,
                           folder_, folder_, folder_)));
  }
  ~Server() {
    Stop();
    std::filesystem::remove_all(folder_);
  }
  void Stop() {
    if (!stopped_) Run(AsUser(fmt::format("{}/pg_ctl -D {}/data -m immediate stop", kBin, folder_)));
    stopped_ = true;
  }
  void Sql(const std::string& statements) {
    const std::string file = folder_ + "/statements.sql";
    std::ofstream(file) << statements;
    Run(fmt::format("psql -q -v ON_ERROR_STOP=1 -h {} -U cdc -d postgres -f {}", folder_, file));
  }
  std::string dsn() const { return fmt::format("host={} user=cdc dbname=postgres", folder_); }

 private:
  static constexpr const char* kBin = "/usr/lib/postgresql/15/bin";
  static std::string AsUser(const std::string& command) {
    return getuid() == 0
               ? fmt::format("cd / && setpriv --reuid=nobody --regid=nogroup --clear-groups {}", command)
               : command;
  }
  static void Run(const std::string& command) {
    INFO(command);
    REQUIRE(std::system((command + " >/dev/null 2>&1").c_str()) == 0);
  }
  std::string folder_;
  bool stopped_ = false;
};

}  // namespace cdc::postgres
