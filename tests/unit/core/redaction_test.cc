#include "lib/core/redaction.h"

#include <catch2/catch_test_macros.hpp>

#include "lib/core/result.h"

namespace cdc {
namespace {

TEST_CASE("secrets are hidden wherever a text holds them") {
  HideSecrets({"hunter22", "p@ss/wörd", "hunter22-and-more"});
  CHECK(WithoutSecrets("nothing to hide") == "nothing to hide");
  CHECK(WithoutSecrets("hunter22,hunter22") == "***,***");
  CHECK(WithoutSecrets("user:p@ss/wörd@host") == "user:***@host");

  SECTION("as a URL has them") { CHECK(WithoutSecrets("user:p%40ss%2Fw%C3%B6rd@host") == "user:***@host"); }
  SECTION("the longer one whole, though it begins with another") {
    CHECK(WithoutSecrets("is hunter22-and-more.") == "is ***.");
  }
  SECTION("in errors that are told") {
    CHECK(Describe({ErrorKind::kTransient, "refused hunter22", "not hunter22"}) == "refused *** (not ***)");
  }
  SECTION("with those that are hidden later") {
    HideSecrets({"", "another one"});
    CHECK(WithoutSecrets("hunter22, another one") == "***, ***");
  }
}

}  // namespace
}  // namespace cdc
