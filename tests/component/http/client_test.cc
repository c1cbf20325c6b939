#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include <catch2/catch_test_macros.hpp>

#include "lib/http/client.h"
#include "tests/support/result_printing.h"
#include "tests/support/scripted_server.h"

namespace cdc::http {
namespace {

using nlohmann::json;

struct Fixture {
  ScriptedServer server;
  std::unique_ptr<Client> client = std::move(Client::Make({}).value());

  Result<Response> Get(const std::string& path = "/") { return client->Send({"GET", server.url() + path}); }
  Result<Response> Send(const std::string& method, std::string_view body) {
    Request request{method, server.url() + "/x"};
    request.body = body;
    return client->Send(request);
  }
  ErrorKind KindOf(const std::string& method = "GET") {
    const auto sent = Send(method, method == "GET" ? "" : "body");
    REQUIRE(!sent);
    return sent.error().kind;
  }
};

TEST_CASE_METHOD(Fixture, "What was asked arrives as it is") {
  Request request{"PUT", server.url() + "/a%20b/%2F/../c//d?x=%2B&y="};
  request.headers = {{"X-One", "1"}, {"X-Empty", ""}};
  request.body = "hello";
  REQUIRE(client->Send(request));
  const json seen = server.Requests().at(0);
  CHECK(seen["method"] == "PUT");
  CHECK(seen["target"] == "/a%20b/%2F/../c//d?x=%2B&y=");
  CHECK(seen["body"] == "hello");
  CHECK(seen["headers"]["x-one"] == "1");
  CHECK(seen["headers"]["x-empty"] == "");
  CHECK(seen["headers"]["content-length"] == "5");
  CHECK(seen["headers"]["host"] == "127.0.0.1:" + std::to_string(server.port()));
  CHECK(!seen["headers"].contains("expect"));
  CHECK(!seen["headers"].contains("content-type"));
}

TEST_CASE_METHOD(Fixture, "PUT and POST say their length even without a body; others send none") {
  REQUIRE(Send("PUT", ""));
  REQUIRE(Send("POST", ""));
  REQUIRE(Send("DELETE", ""));
  REQUIRE(Send("DELETE", "why"));
  const json seen = server.Requests();
  CHECK(seen[0]["headers"]["content-length"] == "0");
  CHECK(seen[1]["headers"]["content-length"] == "0");
  CHECK(!seen[2]["headers"].contains("content-length"));
  CHECK(seen[3]["body"] == "why");
}

TEST_CASE_METHOD(Fixture, "Every status is an answer, with its headers in lower case") {
  server.Answer({{{"status", 404}, {"headers", {{"X-Mixed-CASE", "  Kept As It Is "}}}, {"body", "gone"}},
                 {{"status", 500}},
                 {{"status", 302}, {"headers", {{"Location", server.url() + "/elsewhere"}}}}});
  const auto gone = Get();
  REQUIRE(gone);
  CHECK(gone->status == 404);
  CHECK(gone->body == "gone");
  REQUIRE(gone->FindHeader("x-mixed-case") != nullptr);
  CHECK(*gone->FindHeader("x-mixed-case") == "Kept As It Is");
  CHECK(gone->FindHeader("absent") == nullptr);
  CHECK(Get().value().status == 500);
  CHECK(Get().value().status == 302);
  CHECK(server.Requests().size() == 3);  // no redirect was followed
}

TEST_CASE_METHOD(Fixture, "HEAD has a length and no body") {
  server.Answer({{{"body_size", 1'000}}});
  const auto head = Send("HEAD", "");
  REQUIRE(head);
  CHECK(head->body.empty());
  CHECK(*head->FindHeader("content-length") == "1000");
  CHECK(Get());  // the connection is still good
  CHECK(server.Requests()[1]["connection"] == 1);
}

TEST_CASE_METHOD(Fixture, "Connections are kept") {
  for (int i = 0; i < 5; ++i) REQUIRE(Get());
  for (const json& request : server.Requests()) CHECK(request["connection"] == 1);
}

TEST_CASE_METHOD(Fixture, "A kept connection that the server has dropped is no error") {
  server.Answer({{{"fault", "drop"}}});
  REQUIRE(Get());
  CHECK(Get());
  CHECK(Send("POST", "body"));
}

TEST_CASE_METHOD(Fixture, "A POST is sent once, whatever becomes of the kept connection") {
  REQUIRE(Get());
  for (const std::string body : {"body", ""}) {
    CAPTURE(body);
    (void)server.Requests();
    server.Answer({{{"fault", "close"}}});
    const auto sent = Send("POST", body);
    REQUIRE(!sent);
    CHECK(sent.error().kind == ErrorKind::kCommitUnknown);
    CHECK(server.Requests().size() == 1);
    REQUIRE(Get());
  }
}

TEST_CASE_METHOD(Fixture, "Broken off after it was sent: nobody knows") {
  server.Answer({{{"fault", "close"}}});
  CHECK(KindOf("POST") == ErrorKind::kCommitUnknown);
  server.Answer({{{"fault", "cut"}, {"body", "0123456789"}}});
  CHECK(KindOf("POST") == ErrorKind::kCommitUnknown);
  server.Answer({{{"fault", "cut"}, {"body", "0123456789"}}});
  CHECK(KindOf("GET") == ErrorKind::kCommitUnknown);
  server.Answer({{{"fault", "unread"}}});
  const std::string big(32 << 20, 'b');
  const auto sent = Send("PUT", big);
  REQUIRE(!sent);
  CHECK(sent.error().kind == ErrorKind::kCommitUnknown);
  CHECK(Get());
}

TEST_CASE_METHOD(Fixture, "Time-outs after sending: nobody knows") {
  server.Answer({{{"fault", "hang"}}, {{"fault", "hang"}}});
  Request request{"POST", server.url() + "/secret-free?token=hush"};
  request.body = "body";
  request.timeout = Millis(200);
  const auto late = client->Send(request);
  REQUIRE(!late);
  CHECK(late.error().kind == ErrorKind::kCommitUnknown);
  CHECK(late.error().message.find("POST " + server.url() + "/secret-free") != std::string::npos);
  CHECK(late.error().message.find("hush") == std::string::npos);

  request.timeout = Millis(60'000);
  request.stall_timeout = Millis(1'000);
  const auto begin = std::chrono::steady_clock::now();
  const auto stalled = client->Send(request);
  REQUIRE(!stalled);
  CHECK(stalled.error().kind == ErrorKind::kCommitUnknown);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
}

TEST_CASE("Nobody there: nothing was sent") {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);  // bound, not listening: refused
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  const auto client = std::move(Client::Make({}).value());
  const auto refused =
      client->Send({"POST", "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/"});
  ::close(fd);
  REQUIRE(!refused);
  CHECK(refused.error().kind == ErrorKind::kTransient);
  const auto unknown = client->Send({"GET", "http://no-such-host.invalid/"});
  REQUIRE(!unknown);
  CHECK(unknown.error().kind == ErrorKind::kTransient);
}

TEST_CASE_METHOD(Fixture, "An address that makes no sense is configuration") {
  for (const std::string url : {"", "ftp://127.0.0.1/", "file:///etc/passwd", "http://:bad:/", "no scheme"}) {
    CAPTURE(url);
    const auto sent = client->Send({"GET", url});
    REQUIRE(!sent);
    CHECK(sent.error().kind == ErrorKind::kInvalidConfig);
    CHECK(!sent.error().hint.empty());
  }
}

TEST_CASE_METHOD(Fixture, "Bodies up to the limit, and not beyond") {
  ClientOptions options;
  options.max_body = 1'000'000;
  const auto small = std::move(Client::Make(options).value());
  server.Answer({{{"body_size", 1'000'000}}, {{"body_size", 1'000'001}}, {{"body", "fine"}}});
  CHECK(small->Send({"GET", server.url()}).value().body.size() == 1'000'000);
  const auto sent = small->Send({"GET", server.url()});
  REQUIRE(!sent);
  CHECK(sent.error().kind == ErrorKind::kUnsupported);
  CHECK(small->Send({"GET", server.url()}).value().body == "fine");
}

TEST_CASE_METHOD(Fixture, "Big bodies both ways") {
  std::string big(40 << 20, '\0');
  for (size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 31 + (i >> 16));
  server.Answer({{{"echo", true}}});
  const auto echoed = Send("PUT", big);
  REQUIRE(echoed);
  CHECK(echoed->body == big);
}

TEST_CASE_METHOD(Fixture, "Many threads share a client") {
  constexpr int kThreads = 8;
  constexpr int kEach = 50;
  server.Answer(json(std::vector<json>(kThreads * kEach, {{"echo", true}})));
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const std::string body = std::to_string(t) + ":" + std::to_string(i);
        const auto sent = Send("POST", body);
        if (sent && sent->body == body) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good == kThreads * kEach);
  std::set<int> connections;
  for (const json& request : server.Requests()) connections.insert(request["connection"].get<int>());
  CHECK(connections.size() <= kThreads);
}

}  // namespace
}  // namespace cdc::http
