/// Which Host a client may send.

#include <catch2/catch_test_macros.hpp>

#include "orchestrator/http_hosts.h"

namespace cdc::orchestrator {
namespace {

using Verdict = HttpHosts::Verdict;

}  // namespace

TEST_CASE("host: loopback, the address of listen and listed names are known, others are foreign") {
  const HttpHosts hosts("192.0.2.7:8081", {"CDC.example.org"});
  for (const char* known :
       {"localhost", "LOCALHOST:8081", "localhost.", "127.0.0.1:1", "127.9.9.9", "[::1]:8081", "192.0.2.7",
        "192.0.2.7:8081", "cdc.example.org", "cdc.Example.org.:443"}) {
    INFO(known);
    CHECK(hosts.Judge(known) == Verdict::kKnown);
  }
  for (const char* foreign : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.0.2.8",
                              "example.org", "x.cdc.example.org", "[2001:db8::1]", "0.0.0.0"}) {
    INFO(foreign);
    CHECK(hosts.Judge(foreign) == Verdict::kForeign);
  }
  for (const char* nothing : {"", ":8081", "[::1", "."}) {
    INFO(nothing);
    CHECK(hosts.Judge(nothing) == Verdict::kMissing);
  }
  CHECK(hosts.Judge(std::nullopt) == Verdict::kMissing);
}

TEST_CASE("host: who listens at every address is known by every address, not by every name") {
  for (const char* listen : {"0.0.0.0:8081", "[::]:8081"}) {
    const HttpHosts hosts(listen, {});
    CHECK(hosts.Judge("203.0.113.9:8081") == Verdict::kKnown);
    CHECK(hosts.Judge("[2001:db8::1]:8081") == Verdict::kKnown);
    CHECK(hosts.Judge("localhost") == Verdict::kKnown);
    CHECK(hosts.Judge("evil.example") == Verdict::kForeign);
  }
}

}  // namespace cdc::orchestrator
