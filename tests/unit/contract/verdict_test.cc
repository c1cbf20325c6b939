/// Facts in, verdict out.

#include "lib/contract/verdict.h"

#include <algorithm>
#include <functional>

#include <catch2/catch_test_macros.hpp>

#include "lib/contract/ledger.h"
#include "lib/contract/overview.h"

namespace cdc::contract {
namespace {

constexpr int64_t kNow = 1'800'000'000'000;
constexpr int64_t kHour = 3'600'000;

/// Everything is asked, and everything is well.
Facts Well() {
  Facts facts{.now_ms = kNow};
  facts.kafka.connected = true;
  facts.source.connect = {
      .asked = true,
      .connectors = {{.name = "c", .state = "RUNNING", .slot = "s", .tasks = {{0, "RUNNING", ""}}}}};
  facts.source.database = {
      .asked = true,
      .database = "d",
      .slots = {{.name = "s", .active = true, .wal_status = "reserved", .held_bytes = 5}},
      .held_limit = 1 << 30};
  facts.tables = {{.table = "t", .state = "Idle"}};
  return facts;
}

struct Case {
  const char* name;
  std::function<void(Facts&)> change;
  Level level;
  std::string code;   ///< of the only reason; empty: none
  std::string words;  ///< in its text
};

ConnectorFacts& Connector(Facts& f) { return f.source.connect.connectors[0]; }
SlotFacts& Slot(Facts& f) { return f.source.database.slots[0]; }

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = {
      {"well", [](Facts&) {}, Level::kOk, "", ""},
      {"nobody asked", [](Facts& f) { f.source = {}; }, Level::kOk, "", ""},
      {"Kafka not asked yet", [](Facts& f) { f.kafka = {.silence = Millis(9'999)}; }, Level::kOk, "", ""},
      {"Kafka silent from the start", [](Facts& f) { f.kafka = {.silence = Millis(10'000)}; },
       Level::kAttention, "kafka_away", "does not answer"},
      {"Kafka away",
       [](Facts& f) {
         f.kafka = {false, Millis(3'000), kNow - 3'000, "no broker"};
       },
       Level::kAttention, "kafka_away", "does not answer: no broker"},
      {"Kafka away for long",
       [](Facts& f) {
         f.kafka = {false, Millis(60'001), kNow - 60'001, "x"};
       },
       Level::kDown, "kafka_away", "for 60 s"},
      {"Kafka away, stopping",
       [](Facts& f) {
         f.kafka = {false, Millis(99'000), 1, "x"}, f.stopping = true;
       },
       Level::kOk, "", ""},
      {"ledger", [](Facts& f) { f.ledger_writable = false; }, Level::kDown, "ledger", "cannot be written"},
      {"Connect away", [](Facts& f) { f.source.connect.error = "refused"; }, Level::kAttention,
       "connect_away", "refused"},
      {"connector failed", [](Facts& f) { Connector(f).state = "FAILED", Connector(f).trace = "boom"; },
       Level::kAttention, "connector", "connector c is FAILED: boom"},
      {"connector paused, its task with it",
       [](Facts& f) { Connector(f).state = "PAUSED", Connector(f).tasks[0].state = "PAUSED"; },
       Level::kAttention, "connector", "c is PAUSED"},
      {"task failed",
       [](Facts& f) {
         Connector(f).tasks[0] = {0, "FAILED", "slot is gone"};
       },
       Level::kAttention, "connector", "task 0 of connector c is FAILED: slot is gone"},
      {"no task", [](Facts& f) { Connector(f).tasks.clear(); }, Level::kAttention, "connector", "no task"},
      {"no connector", [](Facts& f) { f.source.connect = {.asked = true, .others = 2}; }, Level::kAttention,
       "connector", "and 2 for others"},
      {"database away", [](Facts& f) { f.source.database.error = "no route"; }, Level::kAttention,
       "database_away", "no route"},
      {"slot inactive", [](Facts& f) { Slot(f).active = false; }, Level::kAttention, "slot", "s is inactive"},
      {"slot of another name", [](Facts& f) { Slot(f).name = "other"; }, Level::kAttention, "slot",
       "no replication slot s"},
      {"slot of somebody else is inactive",
       [](Facts& f) { f.source.database.slots.push_back({.name = "z"}); }, Level::kOk, "", ""},
      {"unnamed slots, one active",
       [](Facts& f) { f.source.connect = {}, f.source.database.slots.push_back({.name = "z"}); }, Level::kOk,
       "", ""},
      {"unnamed slot, inactive", [](Facts& f) { f.source.connect = {}, Slot(f).active = false; },
       Level::kAttention, "slot", "inactive"},
      {"no slot at all", [](Facts& f) { f.source.connect = {}, f.source.database.slots.clear(); },
       Level::kAttention, "slot", "d has no logical replication slot"},
      {"WAL at the limit", [](Facts& f) { Slot(f).held_bytes = 1 << 30; }, Level::kOk, "", ""},
      {"WAL beyond the limit", [](Facts& f) { Slot(f).held_bytes = (1 << 30) + 1; }, Level::kAttention,
       "wal_held", "holds back 1024 MB"},
      {"slot nearly lost", [](Facts& f) { Slot(f).wal_status = "unreserved"; }, Level::kAttention, "wal_held",
       "soon"},
      {"slot lost", [](Facts& f) { Slot(f).wal_status = "lost"; }, Level::kAttention, "slot", "is lost"},
      {"Held", [](Facts& f) { f.tables[0].state = "Held", f.tables[0].reason = "no key"; }, Level::kAttention,
       "held", "no key"},
      {"Paused is what somebody wanted", [](Facts& f) { f.tables[0].state = "Paused"; }, Level::kOk, "", ""},
      {"waiting, whatever the state",
       [](Facts& f) { f.tables[0].state = "Running", f.tables[0].waiting_for = "s3 answers 503"; },
       Level::kAttention, "waiting", "s3 answers 503"},
      {"fresh dead letters",
       [](Facts& f) { f.tables[0].dead_letters = 4, f.tables[0].dead_letter_ms = kNow - kHour + 1; },
       Level::kAttention, "dead_letters", "4 in all"},
      {"old dead letters",
       [](Facts& f) { f.tables[0].dead_letters = 4, f.tables[0].dead_letter_ms = kNow - kHour; }, Level::kOk,
       "", ""},
      {"nothing but dead letters, however old",
       [](Facts& f) { f.tables[0].letters_in_a_row = kAllDeadLetters, f.tables[0].dead_letter_ms = 1; },
       Level::kAttention, "all_dead_letters", "last 3 changes"},
      {"one short of that", [](Facts& f) { f.tables[0].letters_in_a_row = kAllDeadLetters - 1; }, Level::kOk,
       "", ""},
      {"left alone", [](Facts& f) { f.tables[0].left_alone = 7, f.tables[0].left_alone_ms = kNow - 1; },
       Level::kAttention, "left_alone", "7 in all"},
      {"foreign text moves no cursor",
       [](Facts& f) {
         Connector(f).tasks[0] = {0, "FAILED", "\x1b[2J"};
       },
       Level::kAttention, "connector", "\\x1b[2J"},
      {"without an orchestrator only tables count",
       [](Facts& f) { f.running = false, f.kafka = {}, f.source.connect.error = "x"; }, Level::kOk, "", ""},
  };
  return cases;
}

}  // namespace

TEST_CASE("each fact has its verdict") {
  for (const Case& c : Cases()) {
    INFO(c.name);
    Facts facts = Well();
    c.change(facts);
    const Verdict verdict = Judge(facts);
    CHECK(verdict.level == c.level);
    REQUIRE(verdict.reasons.size() == (c.code.empty() ? 0 : 1));
    if (c.code.empty()) continue;
    CHECK(verdict.reasons[0].code == c.code);
    CHECK(verdict.reasons[0].level == c.level);
    INFO(verdict.reasons[0].text);
    CHECK(verdict.reasons[0].text.find(c.words) != std::string::npos);
    const bool of_table = c.code == "held" || c.code == "waiting" || c.code == "left_alone" ||
                          c.code.find("dead_letters") != std::string::npos;
    CHECK(verdict.reasons[0].table == (of_table ? "t" : ""));
  }
}

TEST_CASE("the worst reason is the verdict's level; words for a header") {
  Facts facts = Well();
  CHECK(std::string(KafkaWord(facts.kafka)) == "ok");
  CHECK(std::string(SourceWord(facts.source)) == "ok");
  CHECK(std::string(SourceWord({})) == "unknown");
  facts.tables.push_back({.table = "u", .state = "Held"});
  facts.kafka = {false, Millis(61'000), kNow, "x"};
  Slot(facts).active = false;
  facts.source.unwell_since_ms = 42;
  const Verdict verdict = Judge(facts);
  CHECK(verdict.level == Level::kDown);
  REQUIRE(verdict.reasons.size() == 3);
  CHECK(verdict.reasons[1].since_ms == 42);
  CHECK(verdict.reasons[2].table == "u");
  CHECK(std::string(KafkaWord(facts.kafka)) == "away");
  CHECK(std::string(KafkaWord({})) == "starting");
  CHECK(std::string(SourceWord(facts.source)) == "silent");
}

TEST_CASE("an overview is read as it was written") {
  Overview all{.pid = 7, .uptime_ms = 9, .workers = 1, .max_jobs = 3, .kafka = "ok", .source = "silent"};
  all.verdict = {Level::kAttention, {{Level::kAttention, "slot", "", "text", "hint", 5}}};
  all.tables = {{.table = "a", .lag = 3}};
  all.tables[0].live_rows = 12;
  all.tables[0].changes = 20;
  all.tables[0].current_ms = 1'000;
  all.tables[0].paused = true;
  all.tables[0].waiting_for = "w";
  const std::string text = EncodeOverview(all, 9'000);
  CHECK(text.find("\"lag_seconds\":8") != std::string::npos);
  const auto read = DecodeOverview(text);
  REQUIRE(read.has_value());
  CHECK(EncodeOverview(*read, 9'000) == text);
  CHECK(DecodeOverview("[]").error().kind == ErrorKind::kCorrupt);
  CHECK(DecodeOverview("{\"pid\":1}").error().kind == ErrorKind::kCorrupt);
}

TEST_CASE("seconds behind are known where the lag is") {
  CHECK_FALSE(LagSeconds(std::nullopt, 5, 9'000).has_value());
  CHECK(LagSeconds(0, 0, 9'000) == 0);
  CHECK_FALSE(LagSeconds(2, 0, 9'000).has_value());
  CHECK(LagSeconds(2, 5'000, 9'000) == 4);
  CHECK(LagSeconds(2, 10'000, 9'000) == 0);  // the clock was set back
}

}  // namespace cdc::contract
