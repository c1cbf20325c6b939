#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <catch2/catch_test_macros.hpp>

#include "lib/http/client.h"
#include "tests/support/result_printing.h"
#include "tests/support/scripted_server.h"

namespace cdc::http {
namespace {

namespace fs = std::filesystem;

/// An authority and a certificate of 127.0.0.1 that it signed.
struct Certificates {
  Certificates() {
    std::string pattern = (fs::temp_directory_path() / "cdc-tls-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    folder = pattern;
    std::ofstream(folder / "san") << "subjectAltName=IP:127.0.0.1\n";
    Run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "
        "/CN=test-authority "
        "-keyout ca.key -out ca.pem");
    Run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server -keyout server.key "
        "-out server.csr");
    Run("openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san "
        "-out server.pem");
  }
  ~Certificates() { fs::remove_all(folder); }
  void Run(const std::string& command) const {
    REQUIRE(std::system(("cd '" + folder.string() + "' && " + command + " >/dev/null 2>&1").c_str()) == 0);
  }
  fs::path folder;
};

TEST_CASE("TLS: the named authority is trusted, and no other") {
  const Certificates certificates;
  ScriptedServer server(
      {"--cert", certificates.folder / "server.pem", "--key", certificates.folder / "server.key"});
  const std::string url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";

  ClientOptions options;
  options.ca_file = certificates.folder / "ca.pem";
  const auto trusting = std::move(Client::Make(options).value());
  server.Answer({{{"body", "private"}}});
  const auto sent = trusting->Send({"GET", url});
  REQUIRE(sent);
  CHECK(sent->body == "private");
  (void)server.Requests();

  const auto strict = std::move(Client::Make({}).value());
  const auto refused = strict->Send({"GET", url});
  REQUIRE(!refused);
  CHECK(refused.error().kind == ErrorKind::kInvalidConfig);
  CHECK(refused.error().hint.find("ca_file") != std::string::npos);

  const auto other_name = trusting->Send({"GET", "https://localhost:" + std::to_string(server.port()) + "/"});
  REQUIRE(!other_name);
  CHECK(other_name.error().kind == ErrorKind::kInvalidConfig);

  std::ofstream(certificates.folder / "empty.pem") << "no certificate\n";
  options.ca_file = certificates.folder / "empty.pem";
  const auto unread = Client::Make(options).value()->Send({"GET", url});
  REQUIRE(!unread);
  CHECK(unread.error().kind == ErrorKind::kInvalidConfig);
  CHECK(server.Requests().empty());
}

TEST_CASE("Plain HTTP where TLS is expected is an outage, not a certificate") {
  ScriptedServer server;
  const auto client = std::move(Client::Make({}).value());
  const auto sent = client->Send({"GET", "https://127.0.0.1:" + std::to_string(server.port()) + "/"});
  REQUIRE(!sent);
  CHECK(sent.error().kind == ErrorKind::kTransient);
}

}  // namespace
}  // namespace cdc::http
