#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <chrono>
#include <fstream>
#include <thread>

#include <catch2/catch_test_macros.hpp>

#include "tests/component/s3/minio.h"
#include "tests/support/certificates.h"

namespace cdc::s3 {
namespace {

namespace fs = std::filesystem;

/// The same program as SharedMinio(), with a certificate: scripts/stack starts none of these.
class TlsMinio {
 public:
  TlsMinio() : port_(FreePort()) {
    const fs::path& folder = certificates.folder;
    fs::create_directories(folder / "data/warehouse");
    fs::create_directories(folder / "certs");
    fs::copy(folder / "server.pem", folder / "certs/public.crt");
    fs::copy(folder / "server.key", folder / "certs/private.key");
    std::vector<std::string> words = {
        SharedMinio().program(), "server",         folder / "data", "--address", address(),
        "--certs-dir",           folder / "certs", "--quiet"};
    std::vector<std::string> variables = {"MINIO_ROOT_USER=admin", "MINIO_ROOT_PASSWORD=password",
                                          "MINIO_BROWSER=off", "MINIO_UPDATE=off", "HOME=" + folder.string()};
    std::vector<char*> argv;
    std::vector<char*> envp;
    for (auto& word : words) argv.push_back(word.data());
    for (auto& variable : variables) envp.push_back(variable.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
    REQUIRE(::posix_spawn(&pid_, argv[0], nullptr, nullptr, argv.data(), envp.data()) == 0);
  }
  ~TlsMinio() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  const Certificates certificates;

 private:
  const int port_;
  pid_t pid_ = 0;
};

TEST_CASE("Over TLS, with an authority of the store's own") {
  TlsMinio minio;
  Access access = SharedMinio().access();
  access.endpoint = "https://" + minio.address();
  http::ClientOptions client_options;
  client_options.ca_file = minio.certificates.folder / "ca.pem";
  const auto client = std::move(http::Client::Make(client_options).value());
  const auto files = MakeS3FileSystem(*client, Files::OptionsFor(access));  // its retries wait for the start
  const std::string bytes = Noise((8 << 20) + 1);
  REQUIRE(files->WriteAll("s3://warehouse/a b", bytes));
  CHECK(files->ReadAll("s3://warehouse/a b").value() == bytes);
  CHECK(files->List("s3://warehouse").value().size() == 1);
  CHECK(files->Delete("s3://warehouse/a b"));

  Files distrusting(access);
  const Status refused = distrusting->WriteAll("s3://warehouse/x", "1");
  REQUIRE(!refused);
  CHECK(refused.error().kind == ErrorKind::kInvalidConfig);
  CHECK(refused.error().hint.find("ca_file") != std::string::npos);
}

}  // namespace
}  // namespace cdc::s3
