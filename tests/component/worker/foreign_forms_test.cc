// Other engines leave tables in forms that we never write: compressed otherwise, with columns of other types,
// at a location with a slash at its end.

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/component/worker/judge.h"
#include "tests/component/worker/typed_event.h"
#include "tests/support/python_script.h"

namespace cdc::worker {
namespace {

const std::string kTopic = "university-server.public.shape";
const Typed kFirst{"shape", {{"id", "int32"}, {"n", "int32"}}};

/// Three rows, committed one by one.
struct ForeignTable {
  ForeignTable() {
    pipeline.Configure("[tables.shape]\n");
    pipeline.MakeTopic(kTopic);
    for (int id = 1; id <= 3; ++id) Take(kFirst.Of("c", {{"id", id}, {"n", id}}));
  }
  void Take(const Event& event) {
    pipeline.Send(kTopic, {event});
    const Ended ended = pipeline.Drain("shape");
    INFO(ended.report.reason << ended.log);
    REQUIRE(ended.exit == 0);
  }
  void Elsewhere(const std::string& action, const std::string& what) const {
    const auto done = RunPython("tests/component/worker/write_rows.py",
                                {pipeline.catalog().string(), "university.shape", action, what});
    INFO(done.output);
    REQUIRE(done.exit == 0);
  }

  Pipeline pipeline;
};

TEST_CASE("manifests of another engine are read, however they are compressed") {
  ForeignTable table;
  table.Elsewhere("codec", GENERATE("zstd", "snappy", "gzip", "null"));
  table.Elsewhere("delete", "2");
  table.Take(kFirst.Of("u", {{"id", 3}, {"n", 30}}));
  CHECK(RowsById(Dump(table.pipeline, {"shape"})["shape"]) ==
        std::map<int64_t, json>{{1, {{"id", 1}, {"n", 1}}}, {3, {{"id", 3}, {"n", 30}}}});
}

TEST_CASE("table metadata may be gzipped") {
  ForeignTable table;
  table.Elsewhere("gzip", "metadata");
  table.Take(kFirst.Of("u", {{"id", 3}, {"n", 30}}));
  CHECK(RowsById(Dump(table.pipeline, {"shape"})["shape"]).at(3) == json{{"id", 3}, {"n", 30}});
}

TEST_CASE("a location may end with a slash") {
  ForeignTable table;
  table.Elsewhere("location", "/");
  table.Take(kFirst.Of("u", {{"id", 3}, {"n", 30}}));
  CHECK(RowsById(Dump(table.pipeline, {"shape"})["shape"]).at(3) == json{{"id", 3}, {"n", 30}});
  for (const auto& entry : std::filesystem::recursive_directory_iterator(table.pipeline.folder()))
    CHECK(entry.path().string().find("//") == std::string::npos);
}

TEST_CASE(
    "columns that another engine adds stay, whatever their type, through our schema changes and merges") {
  ForeignTable table;
  table.Elsewhere("column", GENERATE("map", "struct", "list of struct", "fixed", "nested list"));
  table.Take(kFirst.Of("u", {{"id", 1}, {"n", 10}}));

  const Typed wider{"shape", {{"id", "int32"}, {"n", "int64"}, {"added", "string"}}};
  table.Take(wider.Of("u", {{"id", 2}, {"n", 5'000'000'000}, {"added", "later"}}));
  const json rows = Dump(table.pipeline, {"shape"})["shape"];
  CHECK(rows["columns"].contains("theirs"));
  CHECK(rows["columns"]["n"] == "long");
  CHECK(RowsById(rows) == std::map<int64_t, json>{
                          {1, {{"id", 1}, {"n", 10}, {"added", nullptr}, {"theirs", nullptr}}},
                          {2, {{"id", 2}, {"n", 5'000'000'000}, {"added", "later"}, {"theirs", nullptr}}},
                          {3, {{"id", 3}, {"n", 3}, {"added", nullptr}, {"theirs", nullptr}}},
                      });
}

TEST_CASE("a column that another engine made of a type of its own keeps its name to itself") {
  ForeignTable table;
  table.Elsewhere("column", "map");
  const Typed same{"shape", {{"id", "int32"}, {"n", "int32"}, {"theirs", "string"}}};
  table.pipeline.Send(kTopic, {same.Of("u", {{"id", 2}, {"n", 2}, {"theirs", "ours"}})});
  const Ended ended = table.pipeline.Drain("shape");
  CHECK(ended.exit == 78);
  CHECK(ended.report.reason.find("another engine has added a column of that name") != std::string::npos);

  // The way out that the reason names.
  table.pipeline.Configure("[tables.shape.columns]\n\"theirs\" = { name = \"other_name\" }\n");
  const Ended solved = table.pipeline.Drain("shape");
  INFO(solved.report.reason << solved.log);
  CHECK(solved.exit == 0);
  CHECK(RowsById(Dump(table.pipeline, {"shape"})["shape"]).at(2)["other_name"] == "ours");
}

TEST_CASE("a view of the table's name holds the table") {
  Pipeline pipeline;
  pipeline.Configure("[tables.shape]\n[tables.other]\n");
  pipeline.MakeTopic(kTopic);
  pipeline.MakeTopic("university-server.public.other");
  pipeline.Send("university-server.public.other",
                {Typed{"other", kFirst.columns}.Of("c", {{"id", 1}, {"n", 1}})});
  REQUIRE(pipeline.Drain("other").exit == 0);  // makes catalog and namespace
  const auto made = RunPython("tests/component/worker/write_rows.py",
                              {pipeline.catalog().string(), "university.other", "view", "shape"});
  INFO(made.output);
  REQUIRE(made.exit == 0);
  pipeline.Send(kTopic, {kFirst.Of("c", {{"id", 1}, {"n", 1}})});
  const Ended ended = pipeline.Drain("shape");
  INFO(ended.log);
  CHECK(ended.exit == 78);
  CHECK(ended.report.reason.find("a view of that name") != std::string::npos);
}

}  // namespace
}  // namespace cdc::worker
