// Every table of both captures, judged by pyiceberg and DuckDB just before the scenario's TRUNCATEs and at
// its end.

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/component/worker/captured.h"
#include "tests/component/worker/judge.h"

namespace cdc::worker {
namespace {

struct CapturedTable {
  std::string entry;  ///< in tables.toml
  std::string topic;  ///< after the prefix
  std::string csv;    ///< name in tests/data/expected; empty: not judged there
};

/// The entry is the table's name at the source where that differs from the topic's.
const std::vector<CapturedTable>& Tables() {
  static const std::vector<CapturedTable> tables = {
      {"faculty", "public.faculty", "faculty"},
      {"program", "public.program", "program"},
      {"students", "public.students", "students"},
      {"payment", "public.payment", "payment"},
      {"course", "public.course", "course"},
      {"lecturer", "public.lecturer", "lecturer"},
      {"registration", "public.registration", "registration"},
      {"room", "public.room", "room"},
      {"notice", "public.notice", "notice"},
      {"typed_defaults", "public.typed_defaults", "typed_defaults"},
      {"all_types", "public.all_types", "all_types"},
      {"audit_log", "public.audit_log", "audit_log"},
      {"attendance", "public.attendance", "attendance"},
      {"exam_result_2025", "public.exam_result_2025", "exam_result_2025"},
      {"exam_result_2026", "public.exam_result_2026", "exam_result_2026"},
      {"grants", "public.grants", "grants"},
      {"Weird_Table-Name", "public.Weird_Table-Name", "Weird_Table-Name"},
      {"grade$book", "public.grade_book", "grade_book"},
      {"with.dot", "public.with.dot", "with.dot"},
      {"öğrenci", "public.__renci", "öğrenci"},
      {"hr.employee", "hr.employee", "employee"},
  };
  return tables;
}

std::string TextOf(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void RunScenario(const std::string& events, const std::string& tables) {
  const std::string prefix = "university-server.";
  auto captured = ReadCaptured(events);
  Pipeline pipeline;
  pipeline.Configure(TextOf(std::string(CDC_TEST_DATA) + "/tables/" + tables));
  std::vector<std::string> judged;
  for (const CapturedTable& table : Tables()) judged.push_back(table.csv);

  const auto drain_all = [&](bool before) {
    std::map<std::string, std::vector<Event>> part;
    for (const CapturedTable& table : Tables()) {
      const CapturedTopic& topic = captured.at(prefix + table.topic);
      const auto cut = topic.events.begin() + static_cast<std::ptrdiff_t>(topic.before_truncate);
      if (before) pipeline.MakeTopic(prefix + table.topic);
      if (before)
        part[prefix + table.topic].assign(topic.events.begin(), cut);
      else
        part[prefix + table.topic].assign(cut, topic.events.end());
    }
    pipeline.Send(part);
    for (const CapturedTable& table : Tables()) {
      const CapturedTopic& topic = captured.at(prefix + table.topic);
      const Ended ended = pipeline.Drain(table.entry);
      INFO(table.entry << ": " << ended.report.reason << "\n" << ended.log);
      CHECK(ended.exit == 0);
      CHECK(ended.report.to.at(0) ==
            static_cast<int64_t>(before ? topic.before_truncate : topic.events.size()));
    }
  };
  drain_all(true);
  CHECK(Differences(pipeline, "before_truncate", judged) == "");
  drain_all(false);
  CHECK(Differences(pipeline, "final", judged) == "");
}

TEST_CASE("captured events with schemas become the source's tables") {
  RunScenario("schema_precise.jsonl", "with_schema.toml");
}

TEST_CASE("captured events without schemas become the source's tables, with their types declared") {
  RunScenario("noschema_precise.jsonl", "without_schema.toml");
}

}  // namespace
TEST_CASE("the memory that a run reports is not that of the process that started it") {
  Pipeline pipeline;
  pipeline.Configure("[tables.nothing]\n");
  const std::vector<char> ballast(512 << 20, 'x');
  const Ended ended = pipeline.Drain("nothing");
  CHECK(ended.exit == 0);
  CHECK(ended.report.peak_rss_bytes > 1 << 20);
  CHECK(ended.report.peak_rss_bytes < static_cast<int64_t>(ballast.size()) / 2);
}

}  // namespace cdc::worker
