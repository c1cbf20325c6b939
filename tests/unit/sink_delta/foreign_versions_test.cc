#include "jobs/sink/delta/foreign_versions.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::delta_sink {
namespace {

delta::AddFile Add(int64_t records, int64_t deleted = 0, bool data_change = true) {
  delta::AddFile add{"a", 1, 2, data_change, "{\"numRecords\":" + std::to_string(records) + "}", {}, {}};
  if (deleted > 0) add.vector = delta::DeletionVector{"u", "x", 1, 40, deleted};
  return add;
}
delta::RemoveFile Remove(bool data_change = true) { return {"b", 1, data_change, 2, {}}; }

}  // namespace

TEST_CASE("others' commits are judged by what they make of the rows") {
  const auto before = [](int64_t rows) { return [rows](const std::string&) { return rows; }; };
  CHECK(Judge({delta::Transaction{"x", 1}, delta::Metadata{}}, before(5)) == Foreign::kMetadata);
  CHECK(Judge({Remove(false), Add(5, 0, false)}, before(5)) == Foreign::kMaintained);
  CHECK(Judge({Add(1)}, before(5)) == Foreign::kMoreRows);
  CHECK(Judge({Remove(), Add(5)}, before(5)) == Foreign::kFewerRows);     // rewritten by an update
  CHECK(Judge({Remove(), Add(5, 1)}, before(5)) == Foreign::kFewerRows);  // deleted by a vector
  CHECK(Judge({Remove(), Add(5)}, before(4)) == Foreign::kMoreRows);      // a deleted row is back
  CHECK(Judge({Remove()}, before(5)) == Foreign::kFewerRows);
  CHECK(Judge({Remove(), Add(5)}, before(-1)) == Foreign::kMoreRows);  // nobody knows
  delta::AddFile silent = Add(1);
  silent.stats.clear();
  CHECK(Judge({Remove(), silent}, before(50)) == Foreign::kMoreRows);
}

}  // namespace cdc::delta_sink
