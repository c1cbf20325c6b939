#include "tests/component/s3/minio.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <thread>

namespace cdc::s3 {
namespace {

namespace fs = std::filesystem;

/// Not our child: whoever adopted it may be slow to reap.
bool IsZombie(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string word;
  for (int i = 0; i < 3; ++i) in >> word;
  return word == "Z";
}

}  // namespace

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

Minio::Minio() {
  std::string pattern = (fs::temp_directory_path() / "cdc-minio-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = pattern;
  port_ = FreePort();
  Start();
}

Minio::~Minio() {
  if (pid_ > 0) Kill();
  fs::remove_all(folder_);
}

void Minio::Start() {
  // Builds MinIO where nobody has yet, which takes minutes.
  const std::string command =
      fmt::format("CDC_STACK_DIR='{0}' CDC_MINIO_PORT={1} '{2}/scripts/stack' up minio >'{0}/log' 2>&1",
                  folder_.string(), port_, CDC_SOURCE_DIR);
  const int failed = std::system(command.c_str());
  std::ifstream(folder_ / "minio/minio.pid") >> pid_;
  if (failed != 0 || pid_ <= 0) {
    std::ifstream log(folder_ / "log");
    throw std::runtime_error("scripts/stack up minio: " +
                             std::string(std::istreambuf_iterator<char>(log), {}));
  }
}

void Minio::Kill() {
  Signal(SIGKILL);
  while (::kill(pid_, 0) == 0 && !IsZombie(pid_)) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  pid_ = 0;
}

void Minio::Signal(int signal) const { ::kill(pid_, signal); }

std::string Minio::program() const { return fs::read_symlink("/proc/" + std::to_string(pid_) + "/exe"); }

Access Minio::access() const {
  Access access;
  access.endpoint = endpoint();
  access.access_key_id = kUser;
  access.secret_access_key = kPassword;
  return access;
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
