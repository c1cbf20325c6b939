#include "orchestrator/metrics.h"

#include <array>
#include <charconv>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "lib/contract/ledger.h"
#include "lib/contract/verdict.h"

namespace cdc::orchestrator {
namespace {

constexpr size_t kBytesPerTable = 1'600;

std::optional<double> Seconds(int64_t ms) {
  if (ms == 0) return std::nullopt;
  return static_cast<double>(ms) / 1000.0;
}

class Writer {
 public:
  Writer(const View& view, const Vitals& vitals) : view_(view), vitals_(vitals) {
    text_.reserve(8'192 + view.tables.size() * kBytesPerTable);
    labels_.reserve(view.tables.size());
    for (const TableView& t : view.tables)
      labels_.push_back(fmt::format("table=\"{}\"", EscapeLabel(t.table)));
  }

  void Process(std::string_view version) {
    Head("cdc_build_info", "gauge", "The running program; always 1.");
    Add("cdc_build_info{{version=\"{}\"}} 1\n", EscapeLabel(version));
    Single("cdc_uptime_seconds", "gauge", "Since the orchestrator started.",
           static_cast<double>(view_.uptime.count()) / 1000.0);
    Optional("process_cpu_seconds_total", "counter", "User and system CPU time of the orchestrator.",
             vitals_.cpu_seconds);
    Optional("process_resident_memory_bytes", "gauge", "Resident memory of the orchestrator.",
             vitals_.resident_bytes);
    Optional("process_open_fds", "gauge", "Open file descriptors of the orchestrator.", vitals_.open_fds);
    Optional("process_start_time_seconds", "gauge", "Start of the orchestrator, Unix time.",
             vitals_.start_seconds);
  }

  void Orchestrator() {
    Single("cdc_jobs_running", "gauge", "Worker processes alive.", view_.running);
    Single("cdc_jobs_max", "gauge", "Limit of worker processes ([orchestrator] max_jobs).", view_.max_jobs);
    Single("cdc_jobs_waiting", "gauge", "Tables that are due and wait for a slot.", view_.waiting);
    Single("cdc_kafka_connected", "gauge", "1: Kafka answered the last question.",
           view_.kafka_connected ? 1 : 0);
    Single("cdc_ledger_writable", "gauge", "1: the last write to the ledger went well.",
           view_.ledger_writable ? 1 : 0);
    Verdict();
    Head("cdc_tables", "gauge", "Tables by state.");
    std::array<int, std::size(kAllPhases)> count{};
    for (const TableView& t : view_.tables) ++count[static_cast<size_t>(t.phase)];
    for (Phase phase : kAllPhases)
      Add("cdc_tables{{state=\"{}\"}} {}\n", ToString(phase), count[static_cast<size_t>(phase)]);
  }

  void Tables() {
    if (view_.tables.empty()) return;
    Head("cdc_table_state", "gauge", "1 for the state the table is in.");
    for (size_t i = 0; i < labels_.size(); ++i)
      Add("cdc_table_state{{{},state=\"{}\"}} 1\n", labels_[i], ToString(view_.tables[i].phase));
    Each("cdc_table_lag_records", "gauge", "Records behind the topic's end; no sample: unknown.",
         [](const TableView& t) { return t.lag; });
    Each("cdc_table_events_total", "counter", "Change events read.", [](const auto& t) { return t.events; });
    Each("cdc_table_rows_total", "counter", "Rows written.", [](const auto& t) { return t.rows; });
    Each("cdc_table_live_rows", "gauge", "Rows in the table now; no sample: its sink does not tell.",
         [](const auto& t) { return t.live_rows; });
    Each("cdc_table_changes_total", "counter", "Changes applied.", [](const auto& t) { return t.changes; });
    Each("cdc_table_lag_seconds", "gauge",
         "At most so old is the oldest record that the table does not have; no sample: unknown.",
         [this](const TableView& t) { return contract::LagSeconds(t.lag, t.current_ms, view_.now_ms); });
    Each("cdc_table_waiting_since_timestamp_seconds", "gauge",
         "When the first of the runs that failed in a row ended, Unix time; no sample: the last one did not "
         "fail.",
         [](const auto& t) { return Seconds(t.waiting_since_ms); });
    Each("cdc_table_deletes_total", "counter", "Rows deleted or superseded.",
         [](const auto& t) { return t.deletes; });
    Each("cdc_table_dead_letters_total", "counter", "Messages sent to the dead-letter topic.",
         [](const auto& t) { return t.dead_letters; });
    Each("cdc_table_left_alone_total", "counter", "Records of other tables in the table's topic.",
         [](const auto& t) { return t.left_alone; });
    Each("cdc_table_last_commit_timestamp_seconds", "gauge", "Newest commit, Unix time; no sample: never.",
         [](const auto& t) { return Seconds(t.last_commit_ms); });
    Workers();
  }

 private:
  /// As `cdc status` and /health have it: the same function judges.
  void Verdict() {
    const contract::Facts facts = FactsOf(view_);
    const contract::Verdict verdict = contract::Judge(facts);
    Single("cdc_health", "gauge", "0: well; 1: somebody should look; 2: the orchestrator cannot work.",
           static_cast<int>(verdict.level));
    if (std::string_view(contract::SourceWord(view_.source)) != "unknown") {
      Single("cdc_source_ok", "gauge", "1: connector and replication slot are well.",
             contract::JudgeSource(view_.source).empty() ? 1 : 0);
    }
    if (!view_.source.database.slots.empty()) {
      Head("cdc_source_wal_held_bytes", "gauge", "WAL that PostgreSQL keeps for a replication slot.");
      for (const contract::SlotFacts& slot : view_.source.database.slots)
        Add("cdc_source_wal_held_bytes{{slot=\"{}\"}} {}\n", EscapeLabel(slot.name), slot.held_bytes);
    }
    std::map<std::string, int> reasons;
    for (const contract::Reason& reason : verdict.reasons) ++reasons[reason.code];
    if (reasons.empty()) return;
    Head("cdc_problems", "gauge", "Reasons of cdc_health by kind.");
    for (const auto& [code, count] : reasons) Add("cdc_problems{{kind=\"{}\"}} {}\n", code, count);
  }

  void Workers() {
    Each("cdc_table_starts_total", "counter", "Workers started.", [](const auto& t) { return t.starts; });
    Each("cdc_table_crashes_total", "counter", "Workers that ended by a signal or an unknown exit code.",
         [](const auto& t) { return t.crashes; });
    Each("cdc_table_retries_total", "counter", "Workers that ended with exit code 75 (outage, fenced).",
         [](const auto& t) { return t.retries; });
    Each("cdc_table_last_start_timestamp_seconds", "gauge",
         "Newest start of a worker, Unix time; no sample: never.",
         [](const auto& t) { return Seconds(t.last_start_ms); });
    Each("cdc_table_last_exit_code", "gauge", "Of the last ended worker; a signal is 128 and its number.",
         [](const auto& t) { return ExitNumber(t.last_exit); });
    Each("cdc_table_last_run_duration_seconds", "gauge", "Of the last ended worker.", [](const auto& t) {
      return t.last_run ? std::optional(static_cast<double>(t.last_run->count()) / 1000.0) : std::nullopt;
    });
    Each("cdc_table_worker_resident_memory_bytes", "gauge", "Resident memory of the running worker.",
         [this](const TableView& t) {
           auto found = vitals_.resident_by_pid.find(t.pid);
           return found == vitals_.resident_by_pid.end() ? std::nullopt : std::optional(found->second);
         });
  }

  template <typename... Values>
  void Add(fmt::format_string<const Values&...> format, const Values&... values) {
    fmt::format_to(std::back_inserter(text_), format, values...);
  }
  void Head(std::string_view name, std::string_view type, std::string_view help) {
    Add("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  template <typename Value>
  void Single(std::string_view name, std::string_view type, std::string_view help, Value value) {
    Head(name, type, help);
    Add("{} {}\n", name, value);
  }
  template <typename Value>
  void Optional(std::string_view name, std::string_view type, std::string_view help,
                const std::optional<Value>& value) {
    if (value) Single(name, type, help, *value);
  }

  template <typename Value>
  void Sample(std::string_view name, const std::string& label, Value value) {
    text_.append(name).append("{").append(label).append("} ");
    if constexpr (std::is_integral_v<Value>) {
      const fmt::format_int digits(value);
      text_.append(digits.data(), digits.size());
    } else {
      Add("{}", value);
    }
    text_ += '\n';
  }
  template <typename Value>
  void Sample(std::string_view name, const std::string& label, const std::optional<Value>& value) {
    if (value) Sample(name, label, *value);
  }
  /// One sample per table of what `value` gives, a number or perhaps one.
  template <typename Function>
  void Each(std::string_view name, std::string_view type, std::string_view help, Function value) {
    Head(name, type, help);
    for (size_t i = 0; i < labels_.size(); ++i) Sample(name, labels_[i], value(view_.tables[i]));
  }

  const View& view_;
  const Vitals& vitals_;
  std::vector<std::string> labels_;  ///< by table
  std::string text_;

 public:
  std::string Take() { return std::move(text_); }
};

}  // namespace

std::string EscapeLabel(std::string_view value) {
  std::string escaped;
  escaped.reserve(value.size());
  for (char c : value) {
    if (c == '\n') {
      escaped += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::optional<int> ExitNumber(std::string_view last_exit) {
  constexpr std::string_view kSignal = "signal ";
  const bool signal = last_exit.starts_with(kSignal);
  if (signal) last_exit.remove_prefix(kSignal.size());
  int number = 0;
  auto parsed = std::from_chars(last_exit.data(), last_exit.data() + last_exit.size(), number);
  if (last_exit.empty() || parsed.ec != std::errc() || parsed.ptr != last_exit.data() + last_exit.size())
    return std::nullopt;
  return signal ? 128 + number : number;
}

std::string RenderMetrics(const View& view, const Vitals& vitals, std::string_view version) {
  Writer writer(view, vitals);
  writer.Process(version);
  writer.Orchestrator();
  writer.Tables();
  return writer.Take();
}

}  // namespace cdc::orchestrator
