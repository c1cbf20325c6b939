#include "lib/contract/verdict.h"

#include <algorithm>

#include <fmt/format.h>

#include "lib/core/printable.h"

namespace cdc::contract {
namespace {

Reason General(Level level, std::string code, std::string text, std::string hint = {}, int64_t since_ms = 0) {
  return {level, std::move(code), {}, std::move(text), std::move(hint), since_ms};
}

/// Answers come within seconds; before the first one there is nothing to say.
bool KafkaIsAway(const KafkaFacts& facts) {
  return !facts.connected && (!facts.error.empty() || facts.silence >= kKafkaFirstAnswer);
}

void JudgeKafka(const Facts& facts, std::vector<Reason>* out) {
  const KafkaFacts& kafka = facts.kafka;
  if (facts.stopping) return;  // it asks no more
  const bool silent = kafka.silence > kKafkaPatience;
  if (!silent && !KafkaIsAway(kafka)) return;
  std::string text = silent ? fmt::format("Kafka has not answered for {} s", kafka.silence.count() / 1000)
                            : std::string("Kafka does not answer");
  if (!kafka.error.empty()) text += ": " + Printable(kafka.error);
  out->push_back(General(silent ? Level::kDown : Level::kAttention, "kafka_away", std::move(text),
                         "[kafka] bootstrap_servers, [kafka.properties]", kafka.away_since_ms));
}

void JudgeConnector(const ConnectorFacts& connector, std::vector<Reason>* out) {
  const std::string name = Printable(connector.name);
  const auto say = [&](const std::string& what, const std::string& state, const std::string& trace) {
    const bool paused = state == "PAUSED" || state == "STOPPED";
    out->push_back(General(
        Level::kAttention, "connector",
        fmt::format("{} is {}{}{}", what, Printable(state), trace.empty() ? "" : ": ", Printable(trace)),
        paused ? fmt::format("PUT <connect_url>/connectors/{}/resume", name)
               : fmt::format("remove the cause, then POST "
                             "<connect_url>/connectors/{}/restart?includeTasks=true&onlyFailed=true",
                             name)));
  };
  if (connector.state != "RUNNING") {
    // Its tasks are what they are because of that, but for one that has failed by itself.
    say("connector " + name, connector.state, connector.trace);
  } else if (connector.tasks.empty()) {
    out->push_back(General(Level::kAttention, "connector", fmt::format("connector {} has no task", name),
                           "the log of Kafka Connect"));
  }
  for (const ConnectorFacts::Task& task : connector.tasks) {
    const bool told = connector.state != "RUNNING" && task.state != "FAILED";
    if (task.state != "RUNNING" && !told)
      say(fmt::format("task {} of connector {}", task.id, name), task.state, task.trace);
  }
}

void JudgeConnect(const ConnectFacts& connect, std::vector<Reason>* out) {
  if (!connect.asked) return;
  if (!connect.error.empty()) {
    out->push_back(General(Level::kAttention, "connect_away",
                           "Kafka Connect does not answer: " + Printable(connect.error),
                           "[source] connect_url"));
    return;
  }
  if (connect.connectors.empty()) {
    out->push_back(General(
        Level::kAttention, "connector",
        fmt::format("Kafka Connect has no connector for topic_prefix{}",
                    connect.others > 0 ? fmt::format(", and {} for others", connect.others) : std::string()),
        "register it; [source] topic_prefix, connect_url"));
  }
  for (const ConnectorFacts& connector : connect.connectors) JudgeConnector(connector, out);
}

/// The slots that our connectors use; where nobody tells their names, all.
std::vector<SlotFacts> SlotsOfOurs(const SourceFacts& facts, std::vector<std::string>* missing) {
  std::vector<SlotFacts> ours;
  bool named = false;
  for (const ConnectorFacts& connector : facts.connect.connectors) {
    if (connector.slot.empty()) continue;
    named = true;
    const auto found = std::find_if(facts.database.slots.begin(), facts.database.slots.end(),
                                    [&](const SlotFacts& slot) { return slot.name == connector.slot; });
    if (found == facts.database.slots.end())
      missing->push_back(connector.slot);
    else
      ours.push_back(*found);
  }
  return named ? ours : facts.database.slots;
}

std::string Megabytes(int64_t bytes) { return fmt::format("{} MB", bytes >> 20); }

void JudgeWal(const SlotFacts& slot, int64_t limit, std::vector<Reason>* out) {
  const std::string name = Printable(slot.name);
  if (slot.wal_status == "lost") {
    out->push_back(
        General(Level::kAttention, "slot",
                fmt::format("replication slot {} is lost: PostgreSQL has removed WAL that it needs", name),
                "drop it, and register the connector again with a new snapshot"));
  } else if (slot.wal_status == "unreserved" || (limit > 0 && slot.held_bytes > limit)) {
    out->push_back(
        General(Level::kAttention, "wal_held",
                fmt::format("replication slot {} holds back {} of WAL, more than {}{}", name,
                            Megabytes(slot.held_bytes), Megabytes(limit),
                            slot.wal_status == "unreserved" ? "; PostgreSQL will remove it soon" : ""),
                "see that the connector runs and keeps up; heartbeat.interval.ms for a quiet database"));
  }
}

void JudgeDatabase(const SourceFacts& facts, std::vector<Reason>* out) {
  const DatabaseFacts& database = facts.database;
  if (!database.asked) return;
  if (!database.error.empty()) {
    out->push_back(General(Level::kAttention, "database_away", Printable(database.error), "[source] dsn"));
    return;
  }
  std::vector<std::string> missing;
  const std::vector<SlotFacts> slots = SlotsOfOurs(facts, &missing);
  for (const std::string& name : missing) {
    out->push_back(General(Level::kAttention, "slot",
                           fmt::format("there is no replication slot {}", Printable(name)),
                           "register the connector again with a new snapshot"));
  }
  if (slots.empty() && missing.empty()) {
    out->push_back(
        General(Level::kAttention, "slot",
                fmt::format("database {} has no logical replication slot: nothing captures its changes",
                            Printable(database.database)),
                "start the connector; [source] dsn names the database that it reads"));
  }
  // Of several slots that nobody has named, one at work is enough.
  const bool named = !facts.connect.connectors.empty();
  const bool any = std::any_of(slots.begin(), slots.end(), [](const SlotFacts& slot) { return slot.active; });
  for (const SlotFacts& slot : slots) {
    if (!slot.active && (named || !any)) {
      out->push_back(General(
          Level::kAttention, "slot",
          fmt::format("replication slot {} is inactive: nobody reads the changes", Printable(slot.name)),
          "start the connector"));
    }
    JudgeWal(slot, database.held_limit, out);
  }
}

void JudgeTable(const TableFacts& table, int64_t now_ms, std::vector<Reason>* out) {
  const auto say = [&](const char* code, std::string text, std::string hint, int64_t since_ms) {
    out->push_back(
        {Level::kAttention, code, std::string(table.table), std::move(text), std::move(hint), since_ms});
  };
  const auto fresh = [now_ms](int64_t then_ms) {
    return then_ms > 0 && now_ms - then_ms < kFreshTrouble.count();
  };
  if (table.state == "Held") {
    say("held", Printable(table.reason), Printable(table.hint), 0);
  } else if (!table.waiting_for.empty()) {
    say("waiting", "is tried again and again: " + Printable(table.waiting_for), "", table.waiting_since_ms);
  }
  const std::string list = fmt::format("cdc dlq list {}", table.table);
  if (table.letters_in_a_row >= kAllDeadLetters) {
    say("all_dead_letters",
        fmt::format("its last {} changes were all dead letters: nothing reaches the table",
                    table.letters_in_a_row),
        list, table.dead_letter_ms);
  } else if (fresh(table.dead_letter_ms)) {
    say("dead_letters", fmt::format("dead letters, {} in all", table.dead_letters), list,
        table.dead_letter_ms);
  }
  if (fresh(table.left_alone_ms)) {
    say("left_alone",
        fmt::format("records of other tables in its topic are left alone, {} in all", table.left_alone),
        fmt::format("topic = \"…\" in [tables.{}], if they belong to it", table.table), table.left_alone_ms);
  }
}

}  // namespace

const char* ToString(Level level) {
  switch (level) {
    case Level::kOk: return "ok";
    case Level::kAttention: return "degraded";
    case Level::kDown: return "down";
  }
  return "?";
}

std::vector<Reason> JudgeSource(const SourceFacts& facts) {
  std::vector<Reason> reasons;
  JudgeConnect(facts.connect, &reasons);
  JudgeDatabase(facts, &reasons);
  for (Reason& reason : reasons) reason.since_ms = facts.unwell_since_ms;
  return reasons;
}

Verdict Judge(const Facts& facts) {
  Verdict verdict;
  if (facts.running) {
    if (!facts.ledger_writable) {
      verdict.reasons.push_back(General(
          Level::kDown, "ledger", "the ledger in state_dir cannot be written: see the log", "cdc logs"));
    }
    JudgeKafka(facts, &verdict.reasons);
    for (Reason& reason : JudgeSource(facts.source)) verdict.reasons.push_back(std::move(reason));
  }
  for (const TableFacts& table : facts.tables) JudgeTable(table, facts.now_ms, &verdict.reasons);
  for (const Reason& reason : verdict.reasons) verdict.level = std::max(verdict.level, reason.level);
  return verdict;
}

const char* KafkaWord(const KafkaFacts& facts) {
  return facts.connected ? "ok" : KafkaIsAway(facts) ? "away" : "starting";
}

const char* SourceWord(const SourceFacts& facts) {
  if (!facts.connect.asked && !facts.database.asked) return "unknown";
  return JudgeSource(facts).empty() ? "ok" : "silent";
}

}  // namespace cdc::contract
