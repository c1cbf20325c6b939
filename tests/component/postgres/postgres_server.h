#pragma once

/// \file tests/component/postgres/postgres_server.h
/// A real PostgreSQL for one test.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
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
    Start();
  }
  ~Server() {
    Stop();
    std::filesystem::remove_all(folder_);
  }
  void Start() {
    Run(AsUser(fmt::format("{}/pg_ctl -D {}/data -w -l {}/log -o \"-k {} -c listen_addresses=\" start", kBin,
                           folder_, folder_, folder_)));
    stopped_ = false;
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
  /// What psql prints of a query, without headers or alignment. Null is "null".
  std::string Ask(const std::string& query) {
    const std::string file = folder_ + "/query.sql", answer = folder_ + "/answer";
    std::ofstream(file) << query;
    Run(fmt::format("psql -X -q -A -t -P null=null -v ON_ERROR_STOP=1 -h {} -U cdc -d postgres -f {} -o {}", folder_,
                    file, answer));
    std::ifstream in(answer);
    std::string text((std::istreambuf_iterator<char>(in)), {});
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }
  std::string socket() const { return folder_ + "/.s.PGSQL.5432"; }
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
