#include "lib/contract/job_channel.h"

#include <catch2/catch_test_macros.hpp>

#include <sys/socket.h>
#include <unistd.h>

namespace cdc::contract {
namespace {

struct Pair {
  Pair() {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    worker = JobChannel(fds[0]);
    peer = fds[1];
  }
  ~Pair() { Hang(); }
  void Hang() {
    if (peer >= 0) ::close(peer);
    peer = -1;
  }
  void Say(std::string_view text) {
    REQUIRE(::write(peer, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  std::string Hear() {
    std::string out(1 << 22, '\0');
    ssize_t size = ::recv(peer, out.data(), out.size(), MSG_DONTWAIT);
    out.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return out;
  }
  JobChannel worker{-1};
  int peer = -1;
};

}  // namespace

TEST_CASE("without an orchestrator everything is silence") {
  JobChannel none(-1);
  CHECK_FALSE(none.connected());
  none.SendReady();
  none.SendProgress({});
  CHECK(none.Poll() == std::nullopt);
  CHECK(none.AwaitAnswer(Millis(60'000)) == Command::kGo);
}

TEST_CASE("commands arrive in order, also in pieces") {
  Pair pair;
  CHECK(pair.worker.Poll() == std::nullopt);
  pair.Say(EncodeCommand(Command::kStay) + "{\"type\":\"newer\"}\n{\"type\":\"yie");
  CHECK(pair.worker.Poll() == Command::kStay);
  CHECK(pair.worker.Poll() == std::nullopt);
  pair.Say("ld\"}\n");
  CHECK(pair.worker.Poll() == Command::kYield);
}

TEST_CASE("commands sent before the end are still heard, then it is an orphan") {
  Pair pair;
  pair.Say(EncodeCommand(Command::kGo));
  pair.Hang();
  CHECK(pair.worker.Poll() == Command::kGo);
  CHECK(pair.worker.Poll() == Command::kOrphaned);
  pair.worker.SendReady();  // no SIGPIPE
  CHECK(pair.worker.AwaitAnswer(Millis(60'000)) == Command::kOrphaned);
}

TEST_CASE("no answer means go") {
  Pair pair;
  CHECK(pair.worker.AwaitAnswer(Millis(0)) == Command::kGo);
}

TEST_CASE("progress never waits for a reader who does not read, and the newest wins") {
  Pair pair;
  for (int64_t i = 0; i < 100'000; ++i) pair.worker.SendProgress({.next = {{0, i}}});
  std::string heard;
  for (std::string part = pair.Hear(); !part.empty(); part = pair.Hear()) {
    heard += part;
    pair.worker.Poll();
  }
  CHECK(heard.size() < 2 << 20);
  REQUIRE(heard.ends_with("\n"));
  size_t start = heard.rfind('\n', heard.size() - 2) + 1;
  auto last = DecodeMessage(heard.substr(start));
  REQUIRE(last.has_value());
  CHECK(std::get<Progress>(*last).next.at(0) == 99'999);
}

}  // namespace cdc::contract
