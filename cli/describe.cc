/// cdc describe: one table, from its topic to its files.

#include <fmt/core.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/kafka_reading.h"
#include "cli/overview_reading.h"
#include "cli/table_reading.h"
#include "lib/contract/state_layout.h"
#include "lib/core/printable.h"

namespace cdc::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr Millis kPatience(5'000);

/// Each part by itself: what does not answer leaves the others.
struct Description {
  config::Table settings;
  std::optional<contract::TableRecord> state;  ///< nothing: no orchestrator has known it
  Result<std::optional<TargetFacts>> target;
  Result<std::optional<std::vector<kafka::Watermark>>> ends;
  std::vector<contract::RunRecord> runs;
};

Result<Description> Find(const std::shared_ptr<const config::Config>& config, const std::string& name) {
  CDC_ASSIGN(TableReading reading, TableReading::Open(config, name, kPatience));
  CDC_ASSIGN(const auto consumer, OpenConsumer(*config));
  Description found{
      reading.settings(), {}, reading.store().Facts(kPatience), reading.Ends(*consumer, kPatience), {}};
  const contract::StateLayout layout(config->orchestrator.state_dir);
  if (const auto ledger = contract::Ledger::OpenReadOnly(layout.ledger())) {
    if (auto runs = ledger->Runs(name, 5)) found.runs = std::move(*runs);
    if (auto record = ledger->FindTable(name)) found.state = std::move(*record);
  }
  // The running orchestrator knows better than what it last wrote.
  if (const auto overview = AskOverview(*config)) {
    for (const contract::TableRecord& table : overview->tables)
      if (table.table == name) found.state = table;
  }
  return found;
}

/// Partition → next offset of the table, and the ends of the topic.
struct Place {
  int32_t partition;
  std::optional<int64_t> next;
  int64_t low, end;
};

std::vector<Place> PlacesOf(const Description& d) {
  std::vector<Place> places;
  if (!d.ends || !*d.ends) return places;
  for (const kafka::Watermark& mark : **d.ends) {
    Place place{mark.partition, {}, mark.low, mark.end};
    if (d.target && *d.target) {
      const auto topic = (*d.target)->offsets.find(mark.topic);
      if (topic != (*d.target)->offsets.end()) {
        const auto next = topic->second.find(mark.partition);
        if (next != topic->second.end()) place.next = next->second;
      }
    }
    places.push_back(place);
  }
  return places;
}

std::string TopicOf(const Description& d) {
  if (d.ends && *d.ends && !(*d.ends)->empty()) return (*d.ends)->front().topic;
  return d.settings.topics.empty() ? "" : d.settings.topics.front();
}

Json ToJson(const Description& d) {
  Json o = {{"version", 1},
            {"entry", d.settings.name},
            {"sink", d.settings.sink},
            {"topic", TopicOf(d)},
            {"dead_letter_topic", d.settings.dead_letter_topic(TopicOf(d))}};
  o["partitions"] = Json::array();
  for (const Place& place : PlacesOf(d)) {
    Json next = place.next ? Json(*place.next) : Json();
    o["partitions"].push_back(
        {{"partition", place.partition}, {"next", next}, {"low", place.low}, {"end", place.end}});
  }
  if (!d.ends) o["topic_error"] = cdc::Describe(d.ends.error());
  o["state"] = d.state ? Json::parse(contract::EncodeStatus({*d.state}, NowMs())).front() : Json();
  o["columns"] = Json::array();
  o["target"] = Json::object();
  if (!d.target) o["target_error"] = cdc::Describe(d.target.error());
  if (d.target && *d.target) {
    for (const auto& column : (*d.target)->columns)
      o["columns"].push_back({{"name", column.name},
                              {"type", column.type},
                              {"nullable", column.nullable},
                              {"key", column.in_key}});
    for (const auto& [name, value] : (*d.target)->facts) o["target"][name] = value;
  }
  return o;
}

void PrintColumns(const TargetFacts& target) {
  size_t width = 6;
  for (const auto& column : target.columns) width = std::max(width, column.name.size());
  fmt::print("\n{:<{}}  {:<24}  {}\n", "COLUMN", width, "TYPE", "");
  for (const auto& column : target.columns) {
    fmt::print("{:<{}}  {:<24}  {}\n", Printable(column.name), width, column.type,
               column.in_key     ? "key"
               : column.nullable ? ""
                                 : "not null");
  }
}

void Print(const Description& d) {
  const auto line = [](std::string name, const std::string& value) {
    std::replace(name.begin(), name.end(), '_', ' ');
    fmt::print("{:<16} {}\n", name, Printable(value));
  };
  line("entry", d.settings.name);
  line("topic", TopicOf(d));
  line("dead letters", d.settings.dead_letter_topic(TopicOf(d)));
  if (!d.ends) line("", cdc::Describe(d.ends.error()));
  if (d.ends && !*d.ends) line("", "the topic does not exist yet");
  for (const Place& place : PlacesOf(d)) {
    line(fmt::format("partition {}", place.partition),
         fmt::format("next {}, in Kafka {} to {}", place.next ? std::to_string(*place.next) : "-", place.low,
                     place.end));
  }
  line("sink", d.settings.sink);
  if (!d.target) line("", cdc::Describe(d.target.error()));
  if (d.target && !*d.target) line("", "the table does not exist yet: its first worker makes it");
  if (d.target && *d.target) {
    for (const auto& [name, value] : (*d.target)->facts) line(name, value);
  }
  if (d.state) {
    line("state", d.state->state);
    if (!d.state->reason.empty()) line("reason", d.state->reason);
    if (!d.state->hint.empty()) line("", d.state->hint);
    line("last commit", TimeText(d.state->last_commit_ms));
  }
  if (d.target && *d.target) PrintColumns(**d.target);
  if (!d.runs.empty()) fmt::print("\nlast runs (`cdc runs {}`)\n", Printable(d.settings.name));
  for (const contract::RunRecord& run : d.runs)
    fmt::print("  {}  exit {}  {}\n", TimeText(run.start_ms), run.exit.empty() ? "-" : run.exit,
               Printable(run.reason));
}

Result<int> Run(const Command& command, const std::string& table, bool json) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  CDC_ASSIGN(const Description found, Find(config, table));
  if (json) {
    fmt::print("{}\n", ToJson(found).dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    Print(found);
  }
  return found.target && found.ends ? kOk : kAttention;
}

}  // namespace

void AddDescribe(CLI::App& app, Command* command) {
  auto table = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  CLI::App* sub =
      AddSubcommand(app, "describe",
                    "Show one table: topic and offsets, columns and key, snapshots, files, size, last runs. "
                    "Exit 1: Kafka or the table's store did not answer");
  sub->add_option("TABLE", *table, "the table's entry in the configuration")->required();
  sub->add_flag("--json", *json, "as a JSON object (docs/api.md)");
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *table, *json); }); });
}

}  // namespace cdc::cli
