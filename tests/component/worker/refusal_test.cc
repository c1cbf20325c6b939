// What a worker does where it cannot go on: the exit code, what it says, and that the way out it names works.

#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "lib/contract/lock_file.h"
#include "lib/contract/state_layout.h"
#include "tests/component/worker/captured.h"
#include "tests/component/worker/change.h"
#include "tests/component/worker/judge.h"
#include "tests/support/python_script.h"

namespace cdc::worker {
namespace {

using nlohmann::json;

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// {id: n} of the rows; an id that is there twice fails the test.
std::map<int64_t, int64_t> Numbers(const json& table) {
  std::map<int64_t, int64_t> numbers;
  for (const json& row : table["rows"]) CHECK(numbers.emplace(row["id"], row["n"]).second);
  return numbers;
}

/// One table with the rows 1…`rows`, made by a run that is over.
struct Filled {
  explicit Filled(int rows, const std::string& name = "filled") : changes(name) {
    pipeline.Configure("[tables." + name + "]\n");
    pipeline.MakeTopic(changes.topic());
    std::vector<Event> events;
    for (int id = 1; id <= rows; ++id) events.push_back(changes.Create({{"id", id}, {"n", id}}));
    pipeline.Send(changes.topic(), events);
    const Ended ended = pipeline.Drain(name);
    INFO(ended.report.reason << ended.log);
    REQUIRE(ended.exit == 0);
  }

  /// The folder of keys.idx.
  std::filesystem::path IndexFolder() const {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(pipeline.state())) {
      if (entry.path().filename() == "keys.idx") return entry.path().parent_path();
    }
    FAIL("no keys.idx below " << pipeline.state());
    return {};
  }

  Changes changes;
  Pipeline pipeline;
};

TEST_CASE("a table that must share its name with a new one is not silently begun anew under another") {
  Changes changes("twin");
  Pipeline pipeline;
  pipeline.Configure("[tables.\"public.twin\"]\n");
  pipeline.MakeTopic(changes.topic());
  pipeline.Send(changes.topic(), {changes.Create({{"id", 1}, {"n", 1}})});
  REQUIRE(pipeline.Drain("public.twin").exit == 0);
  REQUIRE(Numbers(Dump(pipeline, {"twin"})["twin"]) == std::map<int64_t, int64_t>{{1, 1}});

  pipeline.Configure("[tables.\"public.twin\"]\n[tables.\"hr.twin\"]\n");
  pipeline.Trim(changes.topic(), 1);  // what its topic held is only in the table
  pipeline.Send(changes.topic(), {changes.Create({{"id", 2}, {"n", 2}})});
  const Ended held = pipeline.Drain("public.twin");
  INFO(held.report.reason << held.log);
  CHECK(held.exit == 78);
  for (const char* part : {"university.public.twin", "university.twin", "RENAME"})
    CHECK(Contains(held.report.reason, part));

  const auto renamed = RunPython("tests/component/worker/write_rows.py",
                                 {pipeline.catalog().string(), "university.twin", "name", "public.twin"});
  INFO(renamed.output);
  REQUIRE(renamed.exit == 0);
  const Ended ended = pipeline.Drain("public.twin");
  INFO(ended.report.reason << ended.log);
  CHECK(ended.exit == 0);
  const json tables = Dump(pipeline, {"public.twin"});
  CHECK(Numbers(tables["public.twin"]) == std::map<int64_t, int64_t>{{1, 1}, {2, 2}});
}

TEST_CASE("a table without a key whose events leave out the old row is held until it is append-only") {
  Pipeline pipeline;
  pipeline.Configure("[tables.attendance]\n");
  const std::string topic = "university-server.public.attendance";
  auto captured = ReadCaptured("schema_precise.jsonl").at(topic);
  for (Event& event : captured.events) {
    json value = event.value ? json::parse(*event.value) : json();
    if (!value.is_object()) continue;
    value["payload"]["before"] = nullptr;
    event.value = value.dump();
  }
  pipeline.MakeTopic(topic);
  pipeline.Send(topic, captured.events);
  const Ended held = pipeline.Drain("attendance");
  INFO(held.report.reason);
  CHECK(held.exit == 78);
  CHECK(Contains(held.report.reason, "no key"));
  CHECK(Contains(held.report.reason, "mode = \"append\""));
  CHECK(held.report.from == held.report.to);

  pipeline.Configure("[tables.attendance]\nmode = \"append\"\n");
  CHECK(pipeline.Drain("attendance").exit == 0);
  std::map<std::string, int> operations;
  const json table = Dump(pipeline, {"attendance"})["attendance"];
  for (const json& row : table["rows"]) ++operations[row["_cdc_operation"]];
  CHECK(operations == std::map<std::string, int>{{"r", 3}, {"c", 1}, {"u", 3}, {"d", 2}});
}

TEST_CASE("columns that no type holds exactly are all named, with the lines that solve it") {
  Pipeline pipeline;
  pipeline.Configure("[tables.all_types]\n");
  const std::string topic = "university-server.public.all_types";
  const auto captured = ReadCaptured("schema_precise.jsonl").at(topic);
  pipeline.MakeTopic(topic);
  pipeline.Send(topic, captured.events);
  const Ended held = pipeline.Drain("all_types");
  INFO(held.report.reason);
  CHECK(held.exit == 78);
  const size_t section = held.report.reason.find("[tables.\"all_types\".columns]");
  REQUIRE(section != std::string::npos);
  std::string lines = held.report.reason.substr(section);
  lines.resize(lines.rfind(')'));  // the hint stands in parentheses
  for (const char* column : {"c_numeric", "c_numeric_neg", "c_interval", "c_point"}) {
    CHECK(Contains(lines, std::string("\"") + column + "\" = "));
  }
  // Taken at its word, the hint is enough.
  pipeline.Configure(lines + "\n");
  const Ended solved = pipeline.Drain("all_types");
  INFO(solved.report.reason);
  CHECK(solved.exit == 0);
}

TEST_CASE("a warehouse that cannot be written is named") {
  Changes changes("nowhere");
  Pipeline pipeline;
  pipeline.Configure("[tables.nowhere]\n");
  std::filesystem::create_directories(pipeline.folder() / "data");
  std::ofstream(pipeline.folder() / "data" / "warehouse") << "a file where a folder should be";
  pipeline.MakeTopic(changes.topic());
  pipeline.Send(changes.topic(), {changes.Create({{"id", 1}, {"n", 1}})});
  const Ended failed = pipeline.Drain("nowhere");
  INFO(failed.exit << " " << failed.report.reason);
  CHECK((failed.exit == 75 || failed.exit == 78));
  CHECK(Contains(failed.report.reason, "data/warehouse"));
  std::filesystem::remove(pipeline.folder() / "data" / "warehouse");
  CHECK(pipeline.Drain("nowhere").exit == 0);
  CHECK(Numbers(Dump(pipeline, {"nowhere"})["nowhere"]) == std::map<int64_t, int64_t>{{1, 1}});
}

TEST_CASE("a table whose files somebody deleted says how it is built anew") {
  Filled filled(1);
  filled.pipeline.Send(filled.changes.topic(),
                       {filled.changes.Update({{"id", 1}, {"n", 2}, {"doc", "long"}})});
  REQUIRE(filled.pipeline.Drain("filled").exit == 0);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(filled.pipeline.folder() / "data")) {
    if (entry.path().extension() == ".parquet") std::filesystem::remove(entry.path());
  }
  // The unchanged value is read from the row that is gone.
  filled.pipeline.Send(filled.changes.topic(),
                       {filled.changes.Update({{"id", 1}, {"n", 3}, {"doc", kUnchangedToast}})});
  const Ended held = filled.pipeline.Drain("filled");
  INFO(held.report.reason << held.log);
  CHECK(held.exit == 78);
  CHECK(Contains(held.report.reason, "cdc reset filled --yes"));
  CHECK(held.report.from == held.report.to);
}

TEST_CASE("a key index that is lost, overwritten or cut short is rebuilt from the table") {
  Filled filled(2000);
  const auto folder = filled.IndexFolder();
  std::map<int64_t, int64_t> expected;
  for (int id = 1; id <= 2000; ++id) expected[id] = id;
  const auto change_some = [&](int64_t value) {
    std::vector<Event> events;
    for (int id = 1; id <= 2000; id += 7) {
      events.push_back(filled.changes.Update({{"id", id}, {"n", value}}));
      expected[id] = value;
    }
    events.push_back(filled.changes.Delete(value));
    expected.erase(value);
    filled.pipeline.Send(filled.changes.topic(), events);
    const Ended ended = filled.pipeline.Drain("filled");
    INFO(ended.report.reason << ended.log);
    CHECK(ended.exit == 0);
    CHECK(Contains(ended.log, "index"));
  };
  const auto size = std::filesystem::file_size(folder / "keys.idx");
  std::ofstream(folder / "keys.idx", std::ios::binary) << std::string(size, '\x5a');
  change_some(1001);
  std::filesystem::resize_file(folder / "keys.idx", size / 2);
  change_some(1002);
  std::filesystem::resize_file(folder / "keys.idx", 0);
  change_some(1003);
  std::filesystem::remove_all(folder);
  change_some(1004);
  std::filesystem::remove_all(filled.pipeline.state());
  change_some(1006);
  CHECK(Numbers(Dump(filled.pipeline, {"filled"})["filled"]) == expected);
}

TEST_CASE("an older copy of the key index catches up with what the table became meanwhile") {
  Filled filled(100);
  std::map<int64_t, int64_t> expected;
  for (int id = 1; id <= 100; ++id) expected[id] = id;
  const auto saved = filled.pipeline.folder() / "saved";
  std::filesystem::copy(filled.pipeline.state(), saved, std::filesystem::copy_options::recursive);
  for (int round = 0; round < 4; ++round) {
    std::vector<Event> events;
    for (int id = 1 + round; id <= 100; id += 5) {
      events.push_back(filled.changes.Update({{"id", id}, {"n", 1000 + round}}));
      expected[id] = 1000 + round;
    }
    events.push_back(filled.changes.Delete(90 + round));
    expected.erase(90 + round);
    events.push_back(filled.changes.Create({{"id", 500 + round}, {"n", round}}));
    expected[500 + round] = round;
    if (round == 2) {  // comes back after its delete of round 0, which the copy does not know
      events.push_back(filled.changes.Create({{"id", 90}, {"n", 77}}));
      expected[90] = 77;
    }
    if (round == 3) {
      std::filesystem::remove_all(filled.pipeline.state());
      std::filesystem::rename(saved, filled.pipeline.state());
    }
    filled.pipeline.Send(filled.changes.topic(), events);
    const Ended ended = filled.pipeline.Drain("filled");
    INFO(ended.report.reason << ended.log);
    CHECK(ended.exit == 0);
  }
  CHECK(Numbers(Dump(filled.pipeline, {"filled"})["filled"]) == expected);
}

TEST_CASE("of two workers on one table the second leaves at once and says try again") {
  Filled filled(1);
  auto first = filled.pipeline.Start("filled", false);
  filled.pipeline.Send(filled.changes.topic(), {filled.changes.Create({{"id", 2}, {"n", 2}})});
  // The lock names its holder: only then is the first certainly at work.
  const auto lock = contract::StateLayout(filled.pipeline.state()).table_lock("filled");
  while (first->running() && contract::LockFile::Holder(lock) == 0) std::this_thread::yield();
  const Ended second = filled.pipeline.Drain("filled");
  INFO(second.report.reason);
  CHECK(second.exit == 75);
  CHECK(first->running());
  first->Signal(SIGTERM);
  CHECK(first->Wait().exit == 0);
  CHECK(filled.pipeline.Drain("filled").exit == 0);
  CHECK(Numbers(Dump(filled.pipeline, {"filled"})["filled"]) == std::map<int64_t, int64_t>{{1, 1}, {2, 2}});
}

TEST_CASE("an offset beyond the topic's end is a held table, not a silent gap") {
  Filled filled(10);
  filled.pipeline.ReplaceBroker();
  filled.pipeline.MakeTopic(filled.changes.topic());
  filled.pipeline.Send(filled.changes.topic(), {filled.changes.Create({{"id", 99}, {"n", 99}})});
  const Ended held = filled.pipeline.Drain("filled");
  INFO(held.report.reason);
  CHECK(held.exit == 78);
  CHECK(Contains(held.report.reason, "cdc reset filled --yes"));
  CHECK(Dump(filled.pipeline, {"filled"})["filled"]["rows"].size() == 10);
}

TEST_CASE("TRUNCATE in a topic of several partitions has no order, so the table is held") {
  Changes changes("spread");
  Pipeline pipeline;
  pipeline.Configure("[tables.spread]\n");
  pipeline.MakeTopic(changes.topic(), 2);
  pipeline.Send(changes.topic(), {changes.Create({{"id", 1}, {"n", 1}})}, 0);
  pipeline.Send(changes.topic(), {changes.Create({{"id", 2}, {"n", 2}})}, 1);
  const Ended fine = pipeline.Drain("spread");
  INFO(fine.report.reason << fine.log);
  CHECK(fine.exit == 0);
  pipeline.Send(changes.topic(), {changes.Truncate()}, 1);
  const Ended held = pipeline.Drain("spread");
  INFO(held.report.reason);
  CHECK(held.exit == 78);
  CHECK(Contains(held.report.reason, "TRUNCATE"));
  CHECK(Contains(held.report.reason, "cdc adopt spread --yes"));
  CHECK(Numbers(Dump(pipeline, {"spread"})["spread"]) == std::map<int64_t, int64_t>{{1, 1}, {2, 2}});
}

TEST_CASE("arguments and configuration that make no sense") {
  Pipeline pipeline;
  pipeline.Configure("[tables.known]\n");
  const Ended unknown = pipeline.Drain("unknown");
  CHECK(unknown.exit == 78);
  CHECK(Contains(unknown.report.reason, "unknown"));
  pipeline.Configure("[tables.known]\nkeey = [\"id\"]\n");
  const Ended misspelt = pipeline.Drain("known");
  CHECK(misspelt.exit == 78);
  CHECK(Contains(misspelt.report.reason, "keey"));
  CHECK(Contains(misspelt.report.reason, "tables.toml:"));
}

}  // namespace
}  // namespace cdc::worker
