#include "tests/component/s3/minio.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <random>
#include <stdexcept>
#include <thread>

namespace cdc::s3 {
namespace {

namespace fs = std::filesystem;

fs::path Program() {
  const char* given = std::getenv("CDC_CACHE_DIR");
  const char* xdg = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const fs::path cache = given != nullptr ? fs::path(given)
                         : xdg != nullptr ? fs::path(xdg) / "cdc"
                                          : fs::path(home != nullptr ? home : "/root") / ".cache/cdc";
  for (const auto& entry : fs::directory_iterator(cache)) {
    const fs::path program = entry.path() / "minio";
    if (entry.path().filename().string().starts_with("minio") && fs::exists(program)) return program;
  }
  throw std::runtime_error("no MinIO in " + cache.string() +
                           ": run scripts/stack up minio && scripts/stack down minio");
}

int FreePort() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

}  // namespace

Minio::Minio() {
  std::string pattern = (fs::temp_directory_path() / "cdc-minio-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = pattern;
  fs::create_directories(folder_ / "data" / "warehouse");
  port_ = FreePort();
  Start();
}

Minio::~Minio() {
  if (pid_ > 0) Kill();
  fs::remove_all(folder_);
}

void Minio::Start() {
  const std::string program = Program();
  const std::string data = folder_ / "data";
  const std::string address = "127.0.0.1:" + std::to_string(port_);
  std::vector<std::string> arguments = {program, "server", data, "--address", address, "--quiet"};
  std::vector<std::string> variables = {"MINIO_ROOT_USER=admin",  "MINIO_ROOT_PASSWORD=password",
                                        "MINIO_REGION=us-east-1", "MINIO_BROWSER=off",
                                        "MINIO_UPDATE=off",       "HOME=" + folder_.string()};
  std::vector<char*> argv;
  std::vector<char*> envp;
  for (auto& argument : arguments) argv.push_back(argument.data());
  for (auto& variable : variables) envp.push_back(variable.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const std::string log = folder_ / "log";
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  const int failed = ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("starting " + program);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!IsReady()) {
    if (std::chrono::steady_clock::now() > deadline || ::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      std::ifstream in(log);
      throw std::runtime_error("MinIO did not start: " + std::string(std::istreambuf_iterator<char>(in),
                                                                     std::istreambuf_iterator<char>()));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void Minio::Kill() {
  Signal(SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void Minio::Signal(int signal) const { ::kill(pid_, signal); }

Access Minio::access() const {
  Access access;
  access.endpoint = endpoint();
  access.access_key_id = kUser;
  access.secret_access_key = kPassword;
  return access;
}

bool Minio::IsReady() const {
  const auto client = std::move(http::Client::Make({}).value());
  http::Request request;
  request.url = endpoint() + "/minio/health/ready";
  request.timeout = Millis(2'000);
  const auto response = client->Send(request);
  return response && response->status == 200;
}

Minio& SharedMinio() {
  static Minio minio;
  return minio;
}

std::string Noise(size_t size, unsigned seed) {
  std::mt19937_64 engine(seed);
  std::string out(size, '\0');
  for (size_t i = 0; i < size; i += 8) {
    const uint64_t word = engine();
    for (size_t j = i; j < std::min(i + 8, size); ++j) out[j] = static_cast<char>(word >> 8 * (j - i));
  }
  return out;
}

}  // namespace cdc::s3
