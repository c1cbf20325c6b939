#include "orchestrator/api.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "lib/contract/overview.h"
#include "lib/contract/verdict.h"
#include "orchestrator/detail.h"
#include "orchestrator/json_text.h"

namespace cdc::orchestrator {
namespace {

constexpr size_t kReasonsShown = 100;

void Add(JsonText* json, const TableView& t, int64_t now_ms) {
  json->Open('{').Key("table").Text(t.table).Key("state").Text(ToString(t.phase));
  json->Key("reason").Text(t.reason).Key("hint").Text(t.hint);
  json->Key("lag").Number(t.lag);
  json->Key("lag_seconds").Number(contract::LagSeconds(t.lag, t.current_ms, now_ms));
  json->Key("events").Number(t.events).Key("changes").Number(t.changes).Key("rows").Number(t.rows);
  json->Key("live_rows").Number(t.live_rows).Key("deletes").Number(t.deletes);
  json->Key("dead_letters").Number(t.dead_letters).Key("dead_letter_ms").Number(t.dead_letter_ms);
  json->Key("letters_in_a_row").Number(t.letters_in_a_row).Key("left_alone").Number(t.left_alone);
  json->Key("waiting_for").Text(t.waiting_for).Key("waiting_since_ms").Number(t.waiting_since_ms);
  json->Key("last_commit_ms").Number(t.last_commit_ms).Key("last_start_ms").Number(t.last_start_ms);
  json->Key("last_exit").Text(t.last_exit).Key("starts").Number(t.starts).Key("crashes").Number(t.crashes);
  json->Key("retries").Number(t.retries).Key("pid").Number(int64_t{t.pid});
  json->Key("state_since_ms").Number(t.state_since_ms).Key("due_ms").Number(t.due_ms);
  json->Key("memory_bytes").Number(t.memory_bytes).Key("events_per_second").Decimal(t.events_per_second);
  json->Key("progress").Decimal(t.progress).Key("eta_seconds").Number(t.eta_seconds).Close('}');
}

/// Small: needs somebody more.
int Rank(const TableView& t) {
  if (t.phase == Phase::kHeld) return 0;
  if (!t.waiting_for.empty() || t.phase == Phase::kBackoff) return 1;
  if (t.letters_in_a_row > 0) return 2;
  if (t.phase == Phase::kPaused) return 3;
  if (t.lag.value_or(0) > 0) return 4;
  return 5;
}

bool ByNeed(const TableView* a, const TableView* b) {
  const int first = Rank(*a), second = Rank(*b);
  if (first != second) return first < second;
  if (a->lag.value_or(0) != b->lag.value_or(0)) return a->lag.value_or(0) > b->lag.value_or(0);
  return a->table < b->table;
}

char Small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool Holds(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return Small(a) == Small(b); }) != text.end();
}

std::vector<const TableView*> Select(const View& view, const Selection& selection) {
  std::vector<const TableView*> found;
  for (const TableView& t : view.tables) {
    if (!selection.state.empty() && selection.state != ToString(t.phase)) continue;
    if (Holds(t.table, selection.filter)) found.push_back(&t);
  }
  return found;
}

/// `matched`, `offset`, `limit` of an answer, and the part of the list that it shows.
std::vector<const TableView*> Page(JsonText* json, const std::vector<const TableView*>& found,
                                   const Selection& selection) {
  const auto size = static_cast<int64_t>(found.size());
  json->Key("matched").Number(size).Key("offset").Number(selection.offset);
  json->Key("limit").Number(selection.limit);
  const int64_t begin = std::min(size, selection.offset);
  return {found.begin() + begin, found.begin() + std::min(size, begin + selection.limit)};
}

void AddRun(JsonText* json, const contract::RunRecord& r) {
  json->Open('{').Key("id").Number(r.id).Key("pid").Number(int64_t{r.pid});
  json->Key("start_ms").Number(r.start_ms).Key("end_ms").Number(r.end_ms);
  json->Key("exit").Text(r.exit).Key("reason").Text(r.reason);
  const auto report = nlohmann::json::parse(r.report, nullptr, false);
  const bool told = report.is_object();
  json->Key("report").Raw(told ? std::string_view(r.report) : "null");
  // Numbers of JavaScript have 53 bits, ids of snapshots 63.
  const auto snapshot = told ? report.find("snapshot_id") : report.end();
  const bool known = told && snapshot != report.end() && snapshot->is_number_integer();
  json->Key("snapshot").Text(known ? snapshot->dump() : "").Close('}');
}

void AddTotals(JsonText* json, const View& view) {
  int64_t lag = 0, lag_unknown = 0, events = 0, changes = 0, rows = 0, dead_letters = 0, last_commit_ms = 0;
  std::array<int64_t, std::size(kAllPhases)> states{};
  for (const TableView& t : view.tables) {
    ++states[static_cast<size_t>(t.phase)];
    lag += t.lag.value_or(0);
    lag_unknown += t.lag ? 0 : 1;
    events += t.events;
    changes += t.changes;
    rows += t.rows;
    dead_letters += t.dead_letters;
    last_commit_ms = std::max(last_commit_ms, t.last_commit_ms);
  }
  json->Key("totals").Open('{').Key("tables").Number(static_cast<int64_t>(view.tables.size()));
  json->Key("lag").Number(lag).Key("lag_unknown").Number(lag_unknown).Key("events").Number(events);
  json->Key("changes").Number(changes).Key("rows").Number(rows).Key("dead_letters").Number(dead_letters);
  json->Key("last_commit_ms").Number(last_commit_ms).Key("states").Open('{');
  for (const Phase phase : kAllPhases) json->Key(ToString(phase)).Number(states[static_cast<size_t>(phase)]);
  json->Close('}').Close('}');
}

}  // namespace

std::string RenderTables(const View& view, const Selection& selection) {
  JsonText json = BeginAnswer();
  json.Key("now_ms").Number(view.now_ms).Key("total").Number(static_cast<int64_t>(view.tables.size()));
  auto found = Select(view, selection);
  if (selection.by_need) std::sort(found.begin(), found.end(), ByNeed);
  const auto shown = Page(&json, found, selection);
  json.Key("tables").Open('[');
  for (const TableView* t : shown) Add(&json, *t, view.now_ms);
  json.Close(']');
  return FinishAnswer(std::move(json));
}

std::string RenderTable(const View& view, const TableView& table, const TableDetail* detail) {
  JsonText json = BeginAnswer();
  json.Key("now_ms").Number(view.now_ms).Key("table");
  Add(&json, table, view.now_ms);
  json.Key("detail");
  if (detail == nullptr) {
    json.Raw("null");
  } else {
    AddDetail(&json, *detail);
  }
  return FinishAnswer(std::move(json));
}

std::string RenderRuns(std::string_view table, const std::vector<contract::RunRecord>& runs) {
  JsonText json = BeginAnswer();
  json.Key("table").Text(table).Key("runs").Open('[');
  for (const contract::RunRecord& r : runs) AddRun(&json, r);
  json.Close(']');
  return FinishAnswer(std::move(json));
}

std::string RenderDeadLetters(const View& view, const Selection& selection) {
  auto found = Select(view, selection);
  std::erase_if(found, [](const TableView* t) { return t->dead_letters == 0; });
  std::stable_sort(found.begin(), found.end(), [](const TableView* a, const TableView* b) {
    return a->dead_letter_ms > b->dead_letter_ms;
  });
  int64_t total = 0;
  for (const TableView& t : view.tables) total += t.dead_letters;
  JsonText json = BeginAnswer();
  json.Key("now_ms").Number(view.now_ms).Key("total").Number(total);
  const auto shown = Page(&json, found, selection);
  json.Key("tables").Open('[');
  for (const TableView* t : shown) {
    json.Open('{').Key("table").Text(t->table).Key("dead_letters").Number(t->dead_letters);
    json.Key("letters_in_a_row").Number(t->letters_in_a_row);
    json.Key("dead_letter_ms").Number(t->dead_letter_ms).Close('}');
  }
  json.Close(']');
  return FinishAnswer(std::move(json));
}

std::string RenderStatus(const View& view, std::string_view program_version) {
  const contract::Facts facts = FactsOf(view);
  const contract::Verdict verdict = contract::Judge(facts);
  JsonText json = BeginAnswer();
  json.Key("now_ms").Number(view.now_ms).Key("status").Text(contract::ToString(verdict.level));
  json.Key("stopping").Flag(view.stopping).Key("reasons_total");
  json.Number(static_cast<int64_t>(verdict.reasons.size()));
  json.Key("reasons").Raw(contract::EncodeReasons(verdict.reasons, kReasonsShown));
  json.Key("kafka")
      .Text(contract::KafkaWord(facts.kafka))
      .Key("source")
      .Text(contract::SourceWord(view.source));
  json.Key("ledger_writable").Flag(view.ledger_writable).Key("workers").Number(int64_t{view.running});
  json.Key("waiting").Number(int64_t{view.waiting}).Key("max_jobs").Number(int64_t{view.max_jobs});
  json.Key("uptime_ms").Number(view.uptime.count()).Key("program_version").Text(program_version);
  json.Key("actions").Flag(view.actions);
  AddTotals(&json, view);
  return FinishAnswer(std::move(json));
}

std::string RenderChanges(const View& view, const std::vector<const TableView*>& changed, int64_t left) {
  JsonText json = BeginAnswer();
  json.Key("now_ms").Number(view.now_ms).Key("left").Number(left).Key("tables").Open('[');
  for (const TableView* t : changed) Add(&json, *t, view.now_ms);
  json.Close(']');
  return FinishAnswer(std::move(json));
}

std::string RenderRemoved(const std::vector<std::string>& tables) {
  JsonText json = BeginAnswer();
  json.Key("tables").Open('[');
  for (const std::string& table : tables) json.Text(table);
  json.Close(']');
  return FinishAnswer(std::move(json));
}

std::string RenderSample(const Sample& sample) {
  JsonText json = BeginAnswer();
  json.Key("at_ms").Number(sample.at_ms).Key("events_per_second").Decimal(sample.events_per_second);
  json.Key("lag").Number(sample.lag);
  return FinishAnswer(std::move(json));
}

std::string RenderError(std::string_view error, std::string_view hint) {
  JsonText json = BeginAnswer();
  json.Key("error").Text(error).Key("hint").Text(hint);
  return FinishAnswer(std::move(json));
}

const TableView* FindTable(const View& view, std::string_view name) {
  const auto at = std::lower_bound(view.tables.begin(), view.tables.end(), name,
                                   [](const TableView& t, std::string_view n) { return t.table < n; });
  return at != view.tables.end() && at->table == name ? &*at : nullptr;
}

}  // namespace cdc::orchestrator
