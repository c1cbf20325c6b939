#include "orchestrator/detail.h"

#include <algorithm>

#include "lib/core/printable.h"
#include "orchestrator/api.h"

namespace cdc::orchestrator {
namespace {

constexpr const char* kRun = "run";  ///< code of a failed run

void AddNumbers(JsonText* json, const std::vector<std::optional<float>>& values) {
  json->Open('[');
  for (const auto& value : values) {
    const bool whole = value && *value == static_cast<float>(static_cast<int64_t>(*value));
    if (whole) {
      json->Number(static_cast<int64_t>(*value));
    } else {
      json->Decimal(value);
    }
  }
  json->Close(']');
}

struct ErrorLine {
  int64_t at_ms = 0;
  int64_t end_ms = 0;
  std::string code, table, text, hint;
  const char* level = "degraded";
};

void AddLine(JsonText* json, const ErrorLine& line) {
  json->Open('{').Key("at_ms").Number(line.at_ms).Key("end_ms").Number(line.end_ms);
  json->Key("level").Text(line.level).Key("code").Text(line.code).Key("table").Text(line.table);
  json->Key("text").Text(line.text).Key("hint").Text(line.hint).Close('}');
}

void AddConnect(JsonText* json, const contract::ConnectFacts& connect) {
  json->Key("connect").Open('{').Key("asked").Flag(connect.asked).Key("error").Text(Printable(connect.error));
  json->Key("others").Number(connect.others).Key("connectors").Open('[');
  for (const auto& connector : connect.connectors) {
    json->Open('{').Key("name").Text(Printable(connector.name)).Key("state").Text(Printable(connector.state));
    json->Key("trace").Text(Printable(connector.trace)).Key("slot").Text(Printable(connector.slot));
    json->Key("tasks").Open('[');
    for (const auto& task : connector.tasks) {
      json->Open('{').Key("id").Number(int64_t{task.id}).Key("state").Text(Printable(task.state));
      json->Key("trace").Text(Printable(task.trace)).Close('}');
    }
    json->Close(']').Close('}');
  }
  json->Close(']').Close('}');
}

void AddDatabase(JsonText* json, const contract::DatabaseFacts& database) {
  json->Key("database")
      .Open('{')
      .Key("asked")
      .Flag(database.asked)
      .Key("error")
      .Text(Printable(database.error));
  json->Key("name").Text(Printable(database.database)).Key("held_limit_bytes").Number(database.held_limit);
  json->Key("slots").Open('[');
  for (const auto& slot : database.slots) {
    json->Open('{').Key("name").Text(Printable(slot.name)).Key("active").Flag(slot.active);
    json->Key("wal_status")
        .Text(Printable(slot.wal_status))
        .Key("held_bytes")
        .Number(slot.held_bytes)
        .Close('}');
  }
  json->Close(']').Close('}');
}

}  // namespace

JsonText BeginAnswer() {
  JsonText json;
  json.Open('{').Key("version").Number(int64_t{kApiVersion});
  return json;
}

std::string FinishAnswer(JsonText json) { return json.Close('}').Take() + "\n"; }

void AddDetail(JsonText* json, const TableDetail& d) {
  json->Open('{').Key("topic").Text(d.topic).Key("partitions").Open('[');
  for (const PartitionPlace& p : d.partitions) {
    json->Open('{').Key("partition").Number(int64_t{p.partition}).Key("next").Number(p.next);
    json->Key("low").Number(p.low).Key("end").Number(p.end).Close('}');
  }
  json->Close(']').Key("states").Open('[');
  for (const StateChange& change : d.states)
    json->Open('{').Key("at_ms").Number(change.at_ms).Key("state").Text(ToString(change.phase)).Close('}');
  json->Close(']').Key("job").Text(d.job).Key("sink").Text(d.sink).Key("target").Text(d.target);
  json->Key("dead_letters_topic").Text(d.dead_letters).Key("mode").Text(d.append ? "append" : "upsert");
  json->Key("key").Open('[');
  for (const std::string& column : d.key) json->Text(column);
  json->Close(']').Key("columns").Open('[');
  for (const auto& [name, type] : d.columns)
    json->Open('{').Key("name").Text(name).Key("type").Text(type).Close('}');
  json->Close(']').Close('}');
}

std::string RenderHistory(std::string_view table, const Series& series) {
  JsonText json = BeginAnswer();
  json.Key("table").Text(table).Key("step_ms").Number(History::kStep.count());
  json.Key("first_ms").Number(series.first_ms).Key("events_per_second");
  AddNumbers(&json, series.events_per_second);
  json.Key("lag");
  AddNumbers(&json, series.lag);
  return FinishAnswer(std::move(json));
}

std::string RenderLog(std::string_view table, const std::vector<std::string>& lines) {
  JsonText json = BeginAnswer();
  json.Key("table").Text(table).Key("lines").Open('[');
  for (const std::string& line : lines) json.Text(line);
  json.Close(']');
  return FinishAnswer(std::move(json));
}

std::string RenderLetters(std::string_view table, const Letters& letters) {
  JsonText json = BeginAnswer();
  json.Key("table").Text(table).Key("complete").Flag(letters.complete).Key("letters").Open('[');
  for (const Letter& letter : letters.letters) {
    json.Open('{').Key("topic").Text(letter.topic).Key("partition").Number(int64_t{letter.partition});
    json.Key("offset").Number(letter.offset).Key("written_ms").Number(letter.written_ms);
    json.Key("reason").Text(letter.reason).Key("key");
    letter.key ? json.Text(*letter.key) : json.Raw("null");
    json.Key("value");
    letter.value ? json.Text(*letter.value) : json.Raw("null");
    json.Key("cut").Flag(letter.cut).Close('}');
  }
  json.Close(']');
  return FinishAnswer(std::move(json));
}

std::string RenderErrors(int64_t now_ms, const std::deque<Trouble>& troubles,
                         const std::vector<contract::RunRecord>& failed, size_t limit) {
  std::vector<ErrorLine> lines;
  for (const Trouble& t : troubles) {
    lines.push_back({t.begin_ms, t.end_ms, t.reason.code, t.reason.table, t.reason.text, t.reason.hint,
                     contract::ToString(t.reason.level)});
  }
  for (const contract::RunRecord& run : failed) {
    const std::string text = run.reason.empty() ? "its worker ended with " + run.exit : Printable(run.reason);
    lines.push_back({run.end_ms, run.end_ms, kRun, run.table, text, "cdc logs " + run.table});
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const auto& a, const auto& b) { return a.at_ms > b.at_ms; });
  if (lines.size() > limit) lines.resize(limit);
  JsonText json = BeginAnswer();
  json.Key("now_ms").Number(now_ms).Key("errors").Open('[');
  for (const ErrorLine& line : lines) AddLine(&json, line);
  json.Close(']');
  return FinishAnswer(std::move(json));
}

std::string RenderSource(const SourceDetail& source) {
  JsonText json = BeginAnswer();
  json.Key("topic_prefix").Text(source.topic_prefix).Key("source").Text(contract::SourceWord(source.facts));
  AddConnect(&json, source.facts.connect);
  AddDatabase(&json, source.facts.database);
  json.Key("topics").Number(source.topics).Key("unlisted_total").Number(source.unlisted_total);
  json.Key("unlisted").Open('[');
  for (const UnlistedTopic& topic : source.unlisted)
    json.Open('{').Key("topic").Text(topic.topic).Key("line").Text(topic.line).Close('}');
  json.Close(']');
  return FinishAnswer(std::move(json));
}

std::string RenderDone(std::string_view table, std::string_view action) {
  JsonText json = BeginAnswer();
  json.Key("table").Text(table).Key("action").Text(action);
  return FinishAnswer(std::move(json));
}

}  // namespace cdc::orchestrator
