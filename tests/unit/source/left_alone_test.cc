#include "jobs/source/left_alone.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/result_printing.h"

namespace cdc::source {

TEST_CASE(
    "a run that leaves every record alone is refused, with the tables' names and the line that takes them") {
  LeftAlone left;
  CHECK(left.Judge(0, false, "parted", "p.public.parted"));
  left.Note("public", "parted_2024", false);
  left.Note("public", "parted_2025", false);
  left.Note("public", "parted_2025", false);
  CHECK(left.count() == 3);
  for (const bool made : {false, true}) {
    const Status refused = left.Judge(0, made, "parted", "p.public.parted");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::kUnsupported);
    CHECK(refused.error().message.find("public.parted_2024, public.parted_2025") != std::string::npos);
    CHECK(refused.error().hint.find("topic = \"p.public.parted\"") != std::string::npos);
    // What earlier runs have passed comes again only from the start.
    CHECK((refused.error().hint.find("cdc reset parted") != std::string::npos) == made);
  }
}

TEST_CASE("one record of the table's own is enough") {
  LeftAlone left;
  left.Note("public", "other", false);
  CHECK(left.Judge(1, false, "t", "p.public.t"));
}

TEST_CASE(
    "two tables whose names share a topic are told apart for ever, once the table has rows of its own") {
  LeftAlone left;
  left.Note("public", "a b", true);
  CHECK(left.Judge(0, true, "a_b", "p.public.a_b"));
  CHECK_FALSE(left.Judge(0, false, "a_b", "p.public.a_b"));
  left.Note("public", "routed", false);
  CHECK_FALSE(left.Judge(0, true, "a_b", "p.public.a_b"));
}

}  // namespace cdc::source
