#include "tests/support/scripted_server.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

extern char** environ;

namespace cdc {

ScriptedServer::ScriptedServer(const std::vector<std::string>& arguments) {
  int in[2];
  int out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("no pipes");
  std::vector<std::string> words = {CDC_PYTHON, CDC_SOURCE_DIR "/tests/support/scripted_server.py"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  const int failed = ::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  if (failed != 0) throw std::runtime_error("starting scripted_server.py");
  to_ = ::fdopen(in[1], "w");
  from_ = ::fdopen(out[0], "r");
  port_ = std::stoi(ReadLine());
}

ScriptedServer::~ScriptedServer() {
  std::fclose(to_);
  std::fclose(from_);
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
}

std::string ScriptedServer::ReadLine() {
  char* line = nullptr;
  size_t capacity = 0;
  const ssize_t size = ::getline(&line, &capacity, from_);
  const std::string text = size > 0 ? std::string(line, static_cast<size_t>(size)) : std::string();
  std::free(line);
  if (text.empty()) throw std::runtime_error("scripted_server.py ended");
  return text;
}

nlohmann::json ScriptedServer::Ask(const nlohmann::json& command) {
  const std::string line = command.dump() + "\n";
  std::fwrite(line.data(), 1, line.size(), to_);
  std::fflush(to_);
  return nlohmann::json::parse(ReadLine());
}

}  // namespace cdc
