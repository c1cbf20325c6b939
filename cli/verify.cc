/// cdc verify: row counts of source and target, table by table.

#include <algorithm>
#include <map>
#include <thread>

#include <fmt/core.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/kafka_reading.h"
#include "cli/row_verdict.h"
#include "cli/table_reading.h"
#include "cli/verify_rows.h"
#include "lib/contract/exit_code.h"
#include "lib/contract/ledger.h"
#include "lib/contract/state_layout.h"
#include "lib/postgres/row_counter.h"

namespace cdc::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Millis kKafkaPatience(5'000);
constexpr Millis kFirstPause(500);
constexpr Millis kLongestPause(2'000);

struct Options {
  std::vector<std::string> tables;
  bool json = false;
  int timeout_s = 10;
  int count_timeout_s = 300;
  bool rows = false;
  int limit = 20;
  std::string slot = {};
};

/// One table and what was found out about it.
struct Check {
  std::string table;
  std::optional<TableReading> reading = {};
  RowCounts counts = {};
  std::optional<RowCounts> before = {};
  Verdict verdict = Verdict::kUnknown;
  std::optional<Error> error = {};

  /// Looking again may change it.
  bool open() const {
    if (verdict == Verdict::kUnknown) return error && error->kind == ErrorKind::kTransient;
    return verdict == Verdict::kDiffers || verdict == Verdict::kBehind || verdict == Verdict::kMissing;
  }
};

class Verifier {
 public:
  Verifier(std::unique_ptr<kafka::Consumer> consumer, postgres::RowCounter counter, Millis count_timeout)
      : consumer_(std::move(consumer)), counter_(std::move(counter)), count_timeout_(count_timeout) {}

  /// Nothing may be gained from the table's store now: it did not answer when it was asked last.
  bool is_silent(const Check& check) const { return silences_.contains(check.reading->settings().sink); }

  /// In place of Look(), for a table that was not looked at yet. Only while its store is silent.
  void PassOver(Check& check) const {
    const Error& silence = silences_.at(check.reading->settings().sink);
    check.error = Error{ErrorKind::kTransient, "Not looked at: " + silence.message, silence.hint};
  }

  void Look(Check& check) {
    check.error.reset();
    if (check.reading->settings().mode == config::Mode::kAppend) {
      check.verdict = Verdict::kAppend;
      return;
    }
    if (check.reading->settings().has_other_rows()) {
      check.verdict = Verdict::kComputed;
      return;
    }
    check.before = std::exchange(check.counts, {});
    if (check.verdict == Verdict::kUnknown) check.before.reset();
    auto counts = Count(*check.reading);
    if (!counts) {
      check.error = counts.error();
      check.verdict = Verdict::kUnknown;
      return;
    }
    check.counts = *counts;
    check.verdict = Judge(check.counts, check.before);
  }

 private:
  Result<RowCounts> Count(TableReading& reading) {
    RowCounts counts;
    // The source first: the target then has what was counted, or lag says that it does not.
    for (const SourcePlace& place : reading.places()) {
      auto rows = counter_.Count(place.schema, place.table, count_timeout_);
      if (!rows && rows.error().kind == ErrorKind::kNotFound) continue;
      if (!rows) return rows.error();
      counts.source = *rows;
      break;
    }
    const auto target_rows = reading.store().Count(count_timeout_);
    silences_.erase(reading.settings().sink);
    if (!target_rows) return NoteSilence(reading, target_rows.error());
    const auto& target = *target_rows;
    if (target) counts.target = target->rows;
    counts.lag = Lag(reading, target ? target->offsets : contract::TopicOffsets());
    return counts;
  }

  Error NoteSilence(TableReading& reading, Error error) {
    if (!reading.store().IsSilent(error)) return error;
    if (error.hint.empty()) error.hint = "--timeout SECONDS waits longer for the catalog and the store";
    silences_.insert_or_assign(reading.settings().sink, error);
    return error;
  }

  std::optional<int64_t> Lag(TableReading& reading, const contract::TopicOffsets& offsets) {
    if (kafka_silent_) return std::nullopt;
    auto lag = reading.Lag(*consumer_, offsets, kKafkaPatience);
    if (lag) return *lag;
    kafka_silent_ = true;  // once is enough: every further table would wait as long
    fmt::print(stderr, "lag is unknown: {}\n", Describe(lag.error()));
    return std::nullopt;
  }

  std::unique_ptr<kafka::Consumer> consumer_;
  postgres::RowCounter counter_;
  Millis count_timeout_;
  bool kafka_silent_ = false;
  std::map<std::string, Error> silences_;  // by sink
};

/// The tables asked for, else all tables of tables.toml, and with `discover` those that the ledger knows.
std::vector<std::string> TablesOf(const config::Config& config, const std::vector<std::string>& asked) {
  if (!asked.empty()) return asked;
  std::vector<std::string> names;
  for (const auto& table : config.tables) names.push_back(table.name);
  if (!config.discover) return names;
  const contract::StateLayout layout(config.orchestrator.state_dir);
  auto ledger = contract::Ledger::OpenReadOnly(layout.ledger());
  if (!ledger) return names;
  auto known = ledger->Tables();
  if (!known) return names;
  for (const auto& record : *known) {
    if (std::find(names.begin(), names.end(), record.table) == names.end()) names.push_back(record.table);
  }
  return names;
}

Result<std::vector<Check>> OpenAll(const std::shared_ptr<const config::Config>& config,
                                   const std::vector<std::string>& names, Millis timeout) {
  std::vector<Check> checks;
  for (const std::string& name : names) {
    CDC_ASSIGN(auto reading, TableReading::Open(config, name, PatiencePerCall(timeout)));
    checks.push_back({.table = name, .reading = std::move(reading)});
  }
  return checks;
}

Result<Verifier> MakeVerifier(const config::Config& config, Millis count_timeout) {
  CDC_ASSIGN(auto counter, postgres::RowCounter::Connect(config.source.dsn));
  CDC_ASSIGN(auto consumer, OpenConsumer(config));
  return Verifier(std::move(consumer), std::move(counter), count_timeout);
}

/// A pipeline is about a second behind: what differs is looked at again until it does not, or time is up.
/// Each table is looked at once however long that takes, unless its store keeps silent.
void LookAtAll(Verifier& verifier, std::vector<Check>& checks, std::chrono::seconds patience) {
  const auto deadline = SteadyClock::now() + patience;
  Millis pause = kFirstPause;
  for (bool again = false;; again = true) {
    for (Check& check : checks) {
      if (again && !check.open()) continue;
      const bool late = SteadyClock::now() >= deadline;
      if (!late || !verifier.is_silent(check))
        verifier.Look(check);
      else if (!again)
        verifier.PassOver(check);
    }
    const auto left = std::chrono::duration_cast<Millis>(deadline - SteadyClock::now());
    const bool settled = std::none_of(checks.begin(), checks.end(), [](const Check& c) { return c.open(); });
    if (settled || left <= Millis(0)) return;
    std::this_thread::sleep_for(std::min(pause, left));
    pause = std::min(pause * 2, kLongestPause);
  }
}

std::string Text(const std::optional<int64_t>& number, const char* none) {
  return number ? std::to_string(*number) : none;
}

void PrintTable(const std::vector<Check>& checks) {
  size_t width = 5;
  for (const Check& c : checks) width = std::max(width, c.table.size());
  constexpr const char* kLine = "{:<{}}  {:>12}  {:>12}  {:>10}  {:>8}  {}\n";
  fmt::print(kLine, "TABLE", width, "SOURCE", "TARGET", "DIFFERENCE", "LAG", "RESULT");
  for (const Check& c : checks) {
    const auto difference = Difference(c.counts);
    fmt::print(kLine, c.table, width, Text(c.counts.source, "-"), Text(c.counts.target, "-"),
               difference ? fmt::format("{:+}", *difference) : "-", Text(c.counts.lag, "?"),
               ToString(c.verdict));
  }
  for (const Check& c : checks) {
    if (c.error) fmt::print("\n{}: {}\n", c.table, Describe(*c.error));
  }
}

void PrintJson(const std::vector<Check>& checks) {
  using Json = nlohmann::ordered_json;
  auto number = [](const std::optional<int64_t>& n) { return n ? Json(*n) : Json(nullptr); };
  auto list = Json::array();
  for (const Check& c : checks) {
    list.push_back({{"table", c.table},
                    {"source", number(c.counts.source)},
                    {"target", number(c.counts.target)},
                    {"difference", number(Difference(c.counts))},
                    {"lag", number(c.counts.lag)},
                    {"result", ToString(c.verdict)},
                    {"error", c.error ? Describe(*c.error) : ""}});
  }
  fmt::print("{}\n", list.dump(-1, ' ', false, Json::error_handler_t::replace));
}

/// A difference counts more than a table that could not be looked at.
int ExitOf(const std::vector<Check>& checks) {
  int exit = kOk;
  for (const Check& c : checks) {
    if (c.verdict == Verdict::kEqual || c.verdict == Verdict::kAppend || c.verdict == Verdict::kComputed)
      continue;
    if (c.verdict != Verdict::kUnknown) return kAttention;
    if (exit == kOk) exit = static_cast<int>(contract::ExitCodeFor(c.error->kind));
  }
  return exit;
}

Result<int> Run(const Command& command, const Options& options) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  if (config->source.dsn.empty()) {
    return Error{ErrorKind::kInvalidConfig, "Verifying: no way to the source is known",
                 "[source] dsn = \"host=… dbname=… user=… password=${NAME}\""};
  }
  if (options.rows) {
    return VerifyRows(config, TablesOf(*config, options.tables),
                      {.json = options.json,
                       .timeout = std::chrono::seconds(options.timeout_s),
                       .count_timeout = std::chrono::seconds(options.count_timeout_s),
                       .slot = options.slot,
                       .limit = static_cast<size_t>(options.limit)});
  }
  CDC_ASSIGN(auto verifier, MakeVerifier(*config, std::chrono::seconds(options.count_timeout_s)));
  CDC_ASSIGN(auto checks,
             OpenAll(config, TablesOf(*config, options.tables), std::chrono::seconds(options.timeout_s)));
  LookAtAll(verifier, checks, std::chrono::seconds(options.timeout_s));
  for (Check& check : checks) {
    if (check.error && check.error->kind == ErrorKind::kTransient && check.error->hint.empty())
      check.error->hint = "--count-timeout SECONDS gives a long count more time";
  }
  if (options.json) {
    PrintJson(checks);
  } else {
    PrintTable(checks);
  }
  return ExitOf(checks);
}

}  // namespace

void AddVerify(CLI::App& app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = AddSubcommand(
      app, "verify",
      "Compare row counts of the source ([source] dsn) and the tables made of it, or with --rows each "
      "row. Exit 1: a table differs, is behind or is missing");
  sub->add_option("TABLE", options->tables, "entries in the configuration; none: all");
  sub->add_flag("--json", options->json, "as a JSON list");
  sub->add_flag("--rows", options->rows,
                "compare every row by checksums, and show the rows that differ: key, columns, both values");
  sub->add_option("--limit", options->limit, "with --rows: rows shown of each table")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  sub->add_option("--slot", options->slot,
                  "with --rows: Debezium's replication slot (slot.name), where others are in use beside it");
  sub->add_option("--timeout", options->timeout_s, "seconds to look again at tables or rows that differ")
      ->check(CLI::Range(0, 86'400))
      ->capture_default_str();
  sub->add_option("--count-timeout", options->count_timeout_s,
                  "seconds that one count, or with --rows one statement, may take in PostgreSQL")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *options); }); });
}

}  // namespace cdc::cli
