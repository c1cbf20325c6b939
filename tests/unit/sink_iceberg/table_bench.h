#pragma once

/// \file tests/unit/sink_iceberg/table_bench.h
/// An IcebergTable in a scratch folder, with a catalog whose answers can be scripted.

#include <deque>

#include "jobs/sink/iceberg/iceberg_table.h"
#include "tests/support/result_printing.h"
#include "tests/unit/iceberg/new_table.h"

namespace cdc::iceberg_sink {

using iceberg::LoadedTable;

inline constexpr auto kUnknown = ErrorKind::kCommitUnknown;
inline constexpr auto kConflict = ErrorKind::kConflict;
inline constexpr auto kTransient = ErrorKind::kTransient;

/// What the catalog answers to the next commit, and whether the commit takes place.
struct Answer {
  bool takes_place = true;
  std::optional<ErrorKind> error = {};
};

/// A catalog whose answers to commits are scripted; with an empty script it tells the truth.
class ScriptedCatalog final : public iceberg::Catalog {
 public:
  explicit ScriptedCatalog(iceberg::Catalog& real) : real_(real) {}

  Status EnsureNamespace(const std::string& name) override { return real_.EnsureNamespace(name); }
  Result<LoadedTable> LoadTable(const iceberg::TableIdent& ident) override { return real_.LoadTable(ident); }
  Result<LoadedTable> CreateTable(const iceberg::TableIdent& ident, const rows::Schema& schema,
                                  const std::string& location,
                                  const std::map<std::string, std::string>& properties) override {
    return real_.CreateTable(ident, schema, location, properties);
  }
  Result<LoadedTable> CommitTable(const LoadedTable& base, const iceberg::TableCommit& commit) override {
    ++commits;
    if (script.empty()) return real_.CommitTable(base, commit);
    const Answer answer = script.front();
    script.pop_front();
    if (answer.takes_place) {
      auto done = real_.CommitTable(base, commit);
      if (!done || !answer.error) return done;
    }
    return Error{*answer.error, "scripted"};
  }
  Status DropTable(const iceberg::TableIdent& ident) override { return real_.DropTable(ident); }

  std::deque<Answer> script;
  int commits = 0;

 private:
  iceberg::Catalog& real_;
};

struct TableBench {
  TableBench() { REQUIRE(table.Adopt(*table.Load())); }
  iceberg::DataFile Data(int64_t rows) {
    iceberg::DataFile file;
    file.file_path = table.NewPath("data");
    file.record_count = rows;
    file.file_size_in_bytes = 10 * rows;
    return file;
  }
  /// Commits one more data file through `to`.
  Status Commit(IcebergTable& to) {
    iceberg::SnapshotChanges changes;
    changes.added_data = {Data(5)};
    auto staged = to.Stage(to.loaded(), changes, {1'700'000'000'000, iceberg::NewSnapshotId(to.metadata())});
    REQUIRE(staged);
    REQUIRE(to.CloseFiles());
    return to.Send(*staged);
  }

  iceberg::NewTable made;
  ScriptedCatalog catalog{*made.catalog};
  SystemClock clock;
  int slept = 0;
  Ports ports{catalog, *made.files, clock, [this](Millis) { ++slept; }, log::Logger()};
  IcebergTable table{made.ident, "t", ports};
};

}  // namespace cdc::iceberg_sink
