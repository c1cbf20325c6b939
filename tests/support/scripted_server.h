#pragma once

/// \file tests/support/scripted_server.h
/// scripted_server.py as a child process.

#include <sys/types.h>

#include <cstdio>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace cdc {

class ScriptedServer {
 public:
  /// \param arguments e.g. {"--cert", "a.pem", "--key", "b.pem"}
  explicit ScriptedServer(const std::vector<std::string>& arguments = {});
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;

  int port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  /// What the next requests get, in this order; scripted_server.py says what an answer may be.
  void Answer(const nlohmann::json& answers) { Ask({{"answers", answers}}); }
  /// The requests since the last call.
  nlohmann::json Requests() { return Ask({{"requests", true}}); }

 private:
  nlohmann::json Ask(const nlohmann::json& command);
  std::string ReadLine();

  pid_t pid_ = 0;
  FILE* to_ = nullptr;
  FILE* from_ = nullptr;
  int port_ = 0;
};

}  // namespace cdc
