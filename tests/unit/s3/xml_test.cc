#include <catch2/catch_test_macros.hpp>

#include "lib/s3/xml.h"
#include "tests/support/result_printing.h"

namespace cdc::s3 {
namespace {

TEST_CASE("A document's elements, text and entities") {
  const auto root = ParseXml(
      "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- > -->\n"
      "<List xmlns='http://s3' a = \"x>y\" >\n"
      " <Key>a&amp;b&lt;&gt;&quot;&apos;&#65;&#x1F393;</Key><Empty/><Empty></Empty >\n"
      " <Key><![CDATA[<raw>&amp;]]>!</Key>\n <Owner><ID>1</ID></Owner></List>\n");
  REQUIRE(root);
  CHECK(root->name == "List");
  REQUIRE(root->children.size() == 5);
  CHECK(root->TextOf("Key") == "a&b<>\"'A\xF0\x9F\x8E\x93");
  CHECK(root->children[3].text == "<raw>&amp;!");
  CHECK(root->TextOf("Empty").empty());
  CHECK(root->Find("Owner")->TextOf("ID") == "1");
  CHECK(root->Find("Absent") == nullptr);
}

TEST_CASE("What is no document is refused") {
  for (const std::string_view text : {"",
                                      " ",
                                      "text",
                                      "<a>",
                                      "<a",
                                      "<a></b>",
                                      "<a/><b/>",
                                      "<a>&nbsp;</a>",
                                      "<a>&#0;</a>",
                                      "<a>&#xD800;</a>",
                                      "<a>&#x110000;</a>",
                                      "<a>&amp</a>",
                                      "<a x></a>",
                                      "<a x=1></a>",
                                      "<a x='1></a>",
                                      "<!DOCTYPE a><a/>",
                                      "<a><!-- </a>",
                                      "<a><![CDATA[</a>",
                                      "</a>",
                                      "<a>&#;</a>",
                                      "<a>&;</a>",
                                      "<a>&#99999999999;</a>"}) {
    CAPTURE(text);
    const auto parsed = ParseXml(text);
    REQUIRE(!parsed);
    CHECK(parsed.error().kind == ErrorKind::kCorrupt);
  }
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  CHECK(!ParseXml(deep));
}

TEST_CASE("No beginning of a document is one") {
  const std::string_view whole = "<a b='c'><d>&lt;</d><![CDATA[x]]><!-- y --></a>";
  REQUIRE(ParseXml(whole));
  for (size_t size = 0; size < whole.size(); ++size) CHECK(!ParseXml(whole.substr(0, size)));
}

}  // namespace
}  // namespace cdc::s3
