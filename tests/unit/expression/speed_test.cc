/// What one row costs in processor time, which neighbours on the machine do not change: `expression_test
/// "[!benchmark]"`.

#include <cstdio>
#include <ctime>
#include <string>

#include "tests/unit/expression/expression_fixture.h"

namespace cdc::expression {
namespace {

constexpr int kRows = 10'000;

TEST_CASE("Nanoseconds per row", "[!benchmark]") {
  rows::Batch batch(TestSchema());
  for (int i = 0; i < kRows; ++i) {
    const std::string n = std::to_string(i);
    AppendRow({n, std::to_string(i % 3), "1" + n + ".50", "First.Last" + n + "@Example.com", "Last" + n,
               i % 2 ? "true" : "false", n, "x", "Name"},
              &batch);
  }
  for (const char* expression :
       {"a", "lower(t)", "t || u", "case when b = 0 then t when b = 1 then u else 'other' end", "m * 1.19",
        "a + b * 2", "(m / 3)::numeric(18,6)", "concat_ws(' ', t, u)", "a::text", "md5(t)",
        "f and a > 100 and t <> ''"}) {
    auto program = Compile(expression, batch.schema(), {});
    REQUIRE(program.has_value());
    rows::Column out(program->type());
    std::vector<RowError> errors;
    constexpr int kRuns = 50;
    const std::clock_t start = std::clock();
    for (int run = 0; run < kRuns; ++run) {
      out.Clear();
      program->Run(batch, 0, batch.rows(), {}, &out, &errors);
    }
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    std::printf("%7.1f ns  %s\n", seconds * 1e9 / kRuns / kRows, expression);
    CHECK(out.size() == batch.rows());
  }
}

}  // namespace
}  // namespace cdc::expression
