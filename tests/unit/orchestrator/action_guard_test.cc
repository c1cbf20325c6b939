/// Who may act over HTTP, and the private file with the token.

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include <catch2/catch_test_macros.hpp>

#include "orchestrator/action_guard.h"
#include "orchestrator/log_tail.h"
#include "orchestrator/private_file.h"

namespace cdc::orchestrator {
namespace {

namespace fs = std::filesystem;
constexpr const char* kToken = "0123456789abcdef0123456789abcdef";

ActionHeaders Own() {
  return {.host = "localhost:8081",
          .origin = "http://localhost:8081",
          .fetch_site = "same-origin",
          .authorization = std::string("Bearer ") + kToken};
}

/// Nothing: it is allowed. A result that is fine has an error of a kind, too.
std::optional<ErrorKind> RefusalOf(const ActionHeaders& headers, std::string_view token) {
  const Status may = MayAct(headers, token);
  return may ? std::nullopt : std::optional<ErrorKind>(may.error().kind);
}

struct Folder {
  Folder() : path(::mkdtemp(name)) {}
  ~Folder() { fs::remove_all(path); }
  char name[32] = "/tmp/cdc-guard-XXXXXX";
  fs::path path;
};

}  // namespace

TEST_CASE("an action needs the token, and no page of another origin may use it") {
  CHECK(MayAct(Own(), kToken).has_value());
  ActionHeaders program{.host = "localhost:8081", .authorization = std::string("Bearer ") + kToken};
  CHECK(MayAct(program, kToken).has_value());
  ActionHeaders behind_proxy = Own();
  behind_proxy.host = "cdc.example.org";
  behind_proxy.origin = "https://cdc.example.org";
  CHECK(MayAct(behind_proxy, kToken).has_value());

  for (const char* given :
       {"", "Bearer ", "Bearer 0123456789abcdef0123456789abcdee", "Bearer 0123456789abcdef",
        "Basic 0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"}) {
    INFO(given);
    ActionHeaders headers = Own();
    headers.authorization = given;
    CHECK(RefusalOf(headers, kToken) == ErrorKind::kInvalidArgument);
  }
  for (const char* origin : {"http://evil.example", "http://localhost:8082", "null",
                             "http://localhost:8081.evil.example", "http://evil.example/localhost:8081"}) {
    INFO(origin);
    ActionHeaders headers = Own();
    headers.origin = origin;
    CHECK(RefusalOf(headers, kToken) == ErrorKind::kInvalidConfig);
  }
  for (const char* site : {"cross-site", "same-site", "none"}) {
    INFO(site);
    ActionHeaders headers = Own();
    headers.fetch_site = site;
    CHECK(RefusalOf(headers, kToken) == ErrorKind::kInvalidConfig);
  }
}

TEST_CASE("without a token nobody may act, whatever they send") {
  CHECK(RefusalOf(Own(), "") == ErrorKind::kUnsupported);
  ActionHeaders headers = Own();
  headers.authorization = "Bearer ";
  CHECK(RefusalOf(headers, "") == ErrorKind::kUnsupported);
}

TEST_CASE("the token is made once, for its owner's eyes alone") {
  const Folder folder;
  const fs::path file = folder.path / "api-token";
  const auto first = ApiToken(file);
  REQUIRE(first.has_value());
  CHECK(first->size() == 32);
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(*ApiToken(file) == *first);
  std::ofstream(file) << "short\n";
  const auto anew = ApiToken(file);
  REQUIRE(anew.has_value());
  CHECK(*anew != *first);
  CHECK(ApiToken(folder.path / "none" / "api-token").error().kind == ErrorKind::kTransient);
}

TEST_CASE("a log's tail is its last lines, whatever is in them") {
  const Folder folder;
  const fs::path file = folder.path / "log";
  CHECK(TailOf(file, 5).error().kind == ErrorKind::kNotFound);
  std::ofstream(file) << "one\ntwo\x1b[31m\nthree";
  CHECK(*TailOf(file, 2) == std::vector<std::string>{"two\\x1b[31m", "three"});
  CHECK(TailOf(file, 0)->empty());
  std::ofstream long_one(file);
  for (int i = 0; i < 20'000; ++i) long_one << "line " << i << " of a log that is longer than what is read\n";
  long_one.close();
  const auto tail = TailOf(file, 100'000);
  REQUIRE(tail.has_value());
  CHECK(tail->size() < 20'000);
  CHECK(tail->front().starts_with("line "));
  CHECK(tail->back().starts_with("line 19999 "));
}

}  // namespace cdc::orchestrator
