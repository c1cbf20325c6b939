#include "cli/verify_rows.h"

#include <cstdio>
#include <thread>

#include <fmt/core.h>

#include "cli/command.h"
#include "cli/kafka_reading.h"
#include "cli/row_moments.h"
#include "cli/row_progress.h"
#include "lib/contract/exit_code.h"

namespace cdc::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// Looks beyond the first that a difference gets however long they take, unless no time is given at all.
constexpr int kLeastLooks = 2;

/// Why a table's rows are not those of its source; empty: they are.
std::pair<Verdict, std::string> OtherRows(const config::Table& table) {
  if (table.mode == config::Mode::kAppend)
    return {Verdict::kAppend, "the table holds all changes, not the rows: they are not compared"};
  if (table.counts)
    return {Verdict::kComputed, "the table holds counts, not the rows: they are not compared"};
  if (!table.where.empty()) return {Verdict::kComputed, "`where` leaves rows out: they are not compared"};
  if (table.select) return {Verdict::kComputed, "`select` makes its columns: they are not compared"};
  return {Verdict::kUnknown, ""};
}

class RowsVerifier {
 public:
  RowsVerifier(std::shared_ptr<const config::Config> config, std::unique_ptr<kafka::Consumer> consumer,
               const RowsOptions& options)
      : config_(std::move(config)), consumer_(std::move(consumer)), options_(options) {}

  RowsCheck Check(const std::string& table) {
    RowsCheck check{.table = table};
    const Status done = Compare(&check);
    if (!done) {
      check.error = done.error();
      check.verdict = Verdict::kUnknown;
      if (check.error->kind == ErrorKind::kTransient && check.error->hint.empty())
        check.error->hint = "--count-timeout SECONDS gives a long statement more time";
    }
    return check;
  }

 private:
  Status Compare(RowsCheck* check) {
    CDC_ASSIGN(auto reading, TableReading::Open(config_, check->table, PatiencePerCall(options_.timeout)));
    std::tie(check->verdict, check->why) = OtherRows(reading.settings());
    if (!check->why.empty()) return {};
    std::optional<SteadyClock::time_point> begun;  // of looking again
    int looks = 0;
    const auto is_late = [&](SteadyClock::time_point since) {
      return SteadyClock::now() - since >= options_.timeout;
    };
    RowMoments moments(*config_, options_.count_timeout,
                       {.reading = &reading,
                        .consumer = consumer_.get(),
                        .slot = options_.slot,
                        .is_late = is_late,
                        .sleep = [](Millis pause) { std::this_thread::sleep_for(pause); }});
    CDC_ASSIGN(auto first, moments.Open(false));
    if (!first && moments.source_there() && moments.lag().value_or(0) > 0) {
      CDC_ASSIGN(first, moments.Open(true));  // a worker is about to make the table
    }
    if (!first) return Missing(moments, check);
    verify::ProofPorts ports;
    ports.open = [&](bool wait) -> Result<verify::Pair> {
      if (first) return *std::exchange(first, std::nullopt);
      if (++looks > kLeastLooks) std::this_thread::sleep_for(kPause);
      CDC_ASSIGN(auto pair, moments.Open(wait));
      if (!pair)
        return Error{ErrorKind::kTransient, "Comparing rows: one of the tables has just been dropped"};
      return std::move(*pair);
    };
    ports.both = [&](const std::string& what, verify::Progress* source, verify::Progress* target,
                     const std::function<void()>& of_source, const std::function<void()>& of_target) {
      progress_.Both(check->table, what, source, target, of_source, of_target);
    };
    ports.is_time_up = [&] {
      if (!begun) begun = SteadyClock::now();
      return is_late(*begun) && (looks >= kLeastLooks || options_.timeout == Millis(0));
    };
    CDC_ASSIGN(check->proof, verify::Prove(ports, moments.plan(), {.rows = options_.limit}));
    check->plan = moments.plan();
    check->lsn = moments.lsn();
    check->target_at = moments.target_at();
    check->lag = moments.lag();
    check->verdict = VerdictOf(check->proof);
    return {};
  }

  /// A table without rows need not have a copy yet.
  Status Missing(RowMoments& moments, RowsCheck* check) {
    check->verdict = Verdict::kMissing;
    check->lag = moments.lag();
    if (!moments.source_there()) {
      check->why = "there is no such table at the source";
      return {};
    }
    CDC_ASSIGN(const bool has_rows, moments.SourceHasRows());
    if (!has_rows) check->verdict = Verdict::kEqual;
    if (has_rows && check->lag.value_or(0) > 0) check->verdict = Verdict::kBehind;
    check->why =
        has_rows ? "no worker has made the table, and the source has rows" : "no rows, and no table yet";
    return {};
  }

  static constexpr Millis kPause{500};
  std::shared_ptr<const config::Config> config_;
  std::unique_ptr<kafka::Consumer> consumer_;
  RowsOptions options_;
  RowProgress progress_;
};

bool IsWell(Verdict verdict) {
  return verdict == Verdict::kEqual || verdict == Verdict::kAppend || verdict == Verdict::kComputed;
}

}  // namespace

Verdict VerdictOf(const verify::Proof& proof) {
  if (proof.differences > 0) return Verdict::kDiffers;
  return proof.equal() ? Verdict::kEqual : Verdict::kBehind;
}

Result<int> VerifyRows(const std::shared_ptr<const config::Config>& config,
                       const std::vector<std::string>& tables, const RowsOptions& options) {
  CDC_ASSIGN(auto consumer, OpenConsumer(*config));
  RowsVerifier verifier(config, std::move(consumer), options);
  int exit = kOk;
  std::string json;
  for (const std::string& table : tables) {
    const RowsCheck check = verifier.Check(table);
    if (options.json)
      json += (json.empty() ? "" : ",") + RowsJson(check);
    else
      fmt::print("{}", RowsText(check));
    std::fflush(stdout);
    if (IsWell(check.verdict)) continue;
    if (check.verdict != Verdict::kUnknown)
      exit = kAttention;
    else if (exit == kOk)
      exit = static_cast<int>(contract::ExitCodeFor(check.error->kind));
  }
  if (options.json) fmt::print("[{}]\n", json);
  return exit;
}

}  // namespace cdc::cli
