/// Thousands of tables: nothing is searched for among them.

#include <algorithm>
#include <ctime>

#include <fmt/format.h>
#include <catch2/catch_test_macros.hpp>

#include "lib/config/table_names.h"
#include "tests/unit/config/config_text.h"

namespace cdc::config {
namespace {

std::string TextOf(int tables) {
  std::string text = kHead;
  for (int i = 0; i < tables; ++i) text += fmt::format("[tables.t{}]\n", i);
  return text;
}

/// CPU seconds to read the configuration and to ask for each table once, as a reload does.
double CostOf(const std::string& text) {
  const std::clock_t begun = std::clock();
  const auto config = Good(text);
  for (const Table& table : config->tables) {
    REQUIRE(config->FindTable(table.name)->name == table.name);
    REQUIRE(IcebergName(*config, table.name, table.name) == table.name);
  }
  return static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC;
}

double LeastCostOf(const std::string& text) { return std::min({CostOf(text), CostOf(text), CostOf(text)}); }

}  // namespace

TEST_CASE("eight times as many tables cost about eight times as much to read and look up") {
  const double few = LeastCostOf(TextOf(1'000)), many = LeastCostOf(TextOf(8'000));
  INFO(few << " s and " << many << " s");
  CHECK(many < 20 * few);  // a search in a loop would cost 64 times as much
}

}  // namespace cdc::config
