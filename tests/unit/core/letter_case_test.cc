#include "lib/core/letter_case.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc {

TEST_CASE("names are the same without regard to case in every script that has two") {
  CHECK(LowerCase("Ingestion_TIME") == "ingestion_time");
  CHECK(LowerCase("ÄÖÜ") == "äöü");
  CHECK(LowerCase("Ñandú") == LowerCase("ñANDÚ"));
  CHECK(LowerCase("ИМЯ") == "имя");
  CHECK(LowerCase("ΟΔΟΣ") == LowerCase("οδος"));
  CHECK(LowerCase("ΟΔΟς") == LowerCase("οδοσ"));
  CHECK(LowerCase("𐐀") == "𐐨");
}

TEST_CASE("what has no case, or is no UTF-8, stays as it is") {
  CHECK(LowerCase("") == "");
  CHECK(LowerCase("列 1 😀") == "列 1 😀");
  CHECK(LowerCase("straße") == "straße");
  CHECK(LowerCase("\xff"
                  "A\xc3") ==
        "\xff"
        "a\xc3");
  // Java tells these apart, and so do the readers built on it.
  CHECK(LowerCase("ı") != LowerCase("i"));
  CHECK(LowerCase("İ") != LowerCase("i"));
}

}  // namespace cdc
