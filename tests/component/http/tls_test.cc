#include <stdlib.h>

#include <fstream>

#include <catch2/catch_test_macros.hpp>

#include "lib/http/client.h"
#include "tests/support/certificates.h"
#include "tests/support/result_printing.h"
#include "tests/support/scripted_server.h"

namespace cdc::http {
namespace {

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
