#include "lib/verify/server_hash.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::verify {
namespace {

// What PostgreSQL 15's hashtextextended(text COLLATE "C", seed) says. Each length takes another way through
// the tail.
TEST_CASE("A text's hash is PostgreSQL's") {
  CHECK(HashText("", 0) == -6939563903564495251);
  CHECK(HashText("", 5) == -8122693617258832648);
  CHECK(HashText("a", 0) == 3591986179850072241);
  CHECK(HashText("a", -7000000000000) == -862337430883095480);
  CHECK(HashText("abcd", 5) == -7429582825244824651);
  CHECK(HashText("abcdefgh", 0) == -8882191227074733005);
  CHECK(HashText("abcdefghijkl", 5) == -2285050236391377581);
  CHECK(HashText(R"({1,NULL,"x y"})", -7000000000000) == -2713975589422309992);
  CHECK(HashText("0123456789abcdef0123456789abcdefghi", 0) == 7305467513104277684);
  CHECK(HashText("ü李😀", 5) == 1084660034013479628);
}

}  // namespace
}  // namespace cdc::verify
