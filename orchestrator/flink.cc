#include "orchestrator/flink.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "lib/core/hash128.h"
#include "orchestrator/json_text.h"

namespace cdc::orchestrator {
namespace {

/// Flink's states of a task, by the state of the job. A table is one task.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kTaskOf = {{
    {"CREATED", "created"},
    {"INITIALIZING", "initializing"},
    {"RUNNING", "running"},
    {"RESTARTING", "scheduled"},
    {"FAILED", "failed"},
    {"SUSPENDED", "canceled"},
    {"CANCELLING", "canceling"},
}};
constexpr std::array<std::string_view, 10> kTasks = {"created",     "scheduled",   "deploying", "running",
                                                     "finished",    "canceling",   "canceled",  "failed",
                                                     "reconciling", "initializing"};

std::string_view TaskOf(std::string_view state) {
  const auto* found =
      std::find_if(kTaskOf.begin(), kTaskOf.end(), [&](const auto& t) { return t.first == state; });
  return found == kTaskOf.end() ? "created" : found->second;
}

void AddCounts(JsonText* json, std::string_view task) {
  for (const std::string_view t : kTasks) json->Key(t).Number(int64_t{t == task ? 1 : 0});
}

/// Milliseconds. A table that never had a worker begins with the orchestrator.
struct Times {
  int64_t start = 0;
  int64_t end = -1;  ///< −1: it goes on
  int64_t duration = 0;
  int64_t changed = 0;
};

Times TimesOf(const View& view, const TableView& t) {
  Times times;
  times.start = t.last_start_ms > 0 ? t.last_start_ms : view.now_ms - view.uptime.count();
  const int64_t ended = t.last_run && t.pid == 0 ? times.start + t.last_run->count() : 0;
  if (t.phase == Phase::kHeld) times.end = std::max(times.start, ended);
  times.duration = std::max<int64_t>(0, (times.end < 0 ? view.now_ms : times.end) - times.start);
  times.changed = std::max({times.start, ended, t.last_commit_ms});
  return times;
}

void AddTimes(JsonText* json, const Times& times) {
  json->Key("start-time").Number(times.start).Key("end-time").Number(times.end);
  json->Key("duration").Number(times.duration);
}

/// What Flink does not have.
void AddOwn(JsonText* json, const TableView& t) {
  json->Key("cdc-state").Text(ToString(t.phase)).Key("cdc-reason").Text(t.reason);
}

void AddVertex(JsonText* json, const TableView& t, std::string_view state, const Times& times) {
  json->Open('{').Key("id").Text(JobIdOf(t.table)).Key("name").Text(t.table);
  json->Key("maxParallelism").Number(int64_t{1}).Key("parallelism").Number(int64_t{1});
  json->Key("status").Text(state);
  AddTimes(json, times);
  json->Key("tasks").Open('{');
  AddCounts(json, TaskOf(state));
  json->Close('}').Key("metrics").Open('{').Key("read-records").Number(t.events);
  json->Key("read-records-complete").Flag(true).Key("write-records").Number(t.rows);
  json->Key("write-records-complete").Flag(true).Close('}').Close('}');
}

}  // namespace

std::string JobIdOf(std::string_view table) {
  const Hash128 hash = HashBytes(table);
  return fmt::format("{:016x}{:016x}", hash.high, hash.low);
}

const char* FlinkState(Phase phase, bool stopping) {
  switch (phase) {
    case Phase::kIdle:
    case Phase::kRunning: return "RUNNING";
    case Phase::kPending: return "CREATED";
    case Phase::kStarting: return "INITIALIZING";
    case Phase::kStopping: return stopping ? "CANCELLING" : "RUNNING";
    case Phase::kBackoff: return "RESTARTING";
    case Phase::kHeld: return "FAILED";
    case Phase::kElsewhere:
    case Phase::kPaused: return "SUSPENDED";
  }
  return "CREATED";
}

std::string RenderJobs(const View& view) {
  JsonText json;
  json.Open('{').Key("jobs").Open('[');
  for (const TableView& t : view.tables) {
    const char* state = FlinkState(t.phase, view.stopping);
    const Times times = TimesOf(view, t);
    json.Open('{').Key("jid").Text(JobIdOf(t.table)).Key("name").Text(t.table).Key("state").Text(state);
    AddTimes(&json, times);
    json.Key("last-modification")
        .Number(times.changed)
        .Key("tasks")
        .Open('{')
        .Key("total")
        .Number(int64_t{1});
    AddCounts(&json, TaskOf(state));
    json.Close('}');
    AddOwn(&json, t);
    json.Close('}');
  }
  return json.Close(']').Close('}').Take() + "\n";
}

std::string RenderJob(const View& view, const TableView& t) {
  const char* state = FlinkState(t.phase, view.stopping);
  const Times times = TimesOf(view, t);
  JsonText json;
  json.Open('{').Key("jid").Text(JobIdOf(t.table)).Key("name").Text(t.table);
  json.Key("isStoppable").Flag(false).Key("state").Text(state);
  AddTimes(&json, times);
  json.Key("maxParallelism").Number(int64_t{1}).Key("now").Number(view.now_ms);
  json.Key("last-modification").Number(times.changed);
  json.Key("timestamps").Open('{').Key(state).Number(times.changed).Close('}').Key("vertices").Open('[');
  AddVertex(&json, t, state, times);
  json.Close(']').Key("status-counts").Open('{');
  AddCounts(&json, TaskOf(state));
  json.Close('}').Key("tasks").Open('{').Key("total").Number(int64_t{1});
  AddCounts(&json, TaskOf(state));
  json.Close('}');
  AddOwn(&json, t);
  json.Key("cdc-hint").Text(t.hint);
  return json.Close('}').Take() + "\n";
}

std::string RenderCluster(const View& view, std::string_view program_version) {
  int64_t failed = 0;
  for (const TableView& t : view.tables) failed += t.phase == Phase::kHeld ? 1 : 0;
  JsonText json;
  json.Open('{').Key("taskmanagers").Number(int64_t{1}).Key("slots-total").Number(int64_t{view.max_jobs});
  json.Key("slots-available").Number(int64_t{std::max(0, view.max_jobs - view.running)});
  json.Key("jobs-running").Number(static_cast<int64_t>(view.tables.size()) - failed);
  json.Key("jobs-finished").Number(int64_t{0}).Key("jobs-cancelled").Number(int64_t{0});
  json.Key("jobs-failed").Number(failed).Key("cdc-version").Text(program_version);
  return json.Close('}').Take() + "\n";
}

std::string RenderFlinkError(std::string_view error) {
  JsonText json;
  return json.Open('{').Key("errors").Open('[').Text(error).Close(']').Close('}').Take() + "\n";
}

const TableView* FindJob(const View& view, std::string_view id) {
  for (const TableView& t : view.tables) {
    if (JobIdOf(t.table) == id) return &t;
  }
  return nullptr;
}

}  // namespace cdc::orchestrator
