/// cdc wait: until tables have everything that Kafka has.

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/kafka_reading.h"
#include "cli/overview_reading.h"
#include "lib/config/units.h"
#include "lib/core/printable.h"

namespace cdc::cli {
namespace {

using contract::TableRecord;

constexpr std::chrono::milliseconds kLook(200);
constexpr Millis kPatience(5'000);
constexpr std::string_view kElsewhere = "Elsewhere";  // as the orchestrator names the phase

struct Options {
  std::vector<std::string> tables;
  bool caught_up = false;
  std::string timeout = "5m";
};

/// What a table has to reach: where its topic ended when it was asked first. What comes later is not waited
/// for, so that a source that never rests does not matter.
struct Goal {
  std::string topic;
  std::vector<kafka::Watermark> ends;
};

/// Nothing: none of the table's topics exists, or not all partitions answer.
std::optional<Goal> FindGoal(kafka::Consumer& consumer, const std::vector<std::string>& topics) {
  for (const std::string& topic : topics) {
    const auto info = consumer.DescribeTopic(topic, kPatience);
    if (!info) continue;
    std::vector<kafka::TopicPartition> partitions;
    for (int32_t p = 0; p < info->partitions; ++p) partitions.push_back({topic, p});
    auto ends = consumer.Watermarks(partitions, kPatience);
    if (ends && ends->size() == partitions.size()) return Goal{topic, std::move(*ends)};
  }
  return std::nullopt;
}

/// Records of the goal that the table does not have.
int64_t Behind(const TableRecord& table, const Goal& goal) {
  int64_t records = 0;
  for (const kafka::Watermark& mark : goal.ends) {
    const auto next = table.next_offsets.find(mark.partition);
    const int64_t from = next == table.next_offsets.end() ? mark.low : std::max(mark.low, next->second);
    records += std::max<int64_t>(0, mark.end - from);
  }
  return records;
}

class Waiting {
 public:
  Waiting(std::shared_ptr<const config::Config> config, std::unique_ptr<kafka::Consumer> consumer,
          std::vector<std::string> names)
      : config_(std::move(config)), consumer_(std::move(consumer)), names_(std::move(names)) {}

  /// \return why not yet; empty: everything is there. kConflict: no worker will come without a person.
  Result<std::string> Look() {
    CDC_ASSIGN(const contract::Overview all, AskOverview(*config_));
    size_t known = 0;
    elsewhere_ = 0;
    for (const TableRecord& table : all.tables) {
      const bool named = std::find(names_.begin(), names_.end(), table.table) != names_.end();
      // Without names: all that have a topic, since the others have nothing to wait for.
      if (names_.empty() ? table.topic.empty() : !named) continue;
      if (names_.empty() && table.state == kElsewhere) {
        ++elsewhere_;
        continue;
      }
      ++known;
      CDC_ASSIGN(const std::string why, LookAt(table));
      if (!why.empty()) return why;
    }
    if (known < names_.size()) return std::string("the orchestrator does not know all of the tables yet");
    if (known == 0 && elsewhere_ > 0) return std::string("no table is at this orchestrator");
    return std::string();
  }

  /// Tables that the last look passed over: another orchestrator has them.
  size_t elsewhere() const { return elsewhere_; }

 private:
  Result<std::string> LookAt(const TableRecord& table) {
    std::optional<Goal>& goal = goals_[table.table];
    if (!goal) {
      CDC_ASSIGN(const config::Table settings, config_->FindTable(table.table));
      goal = FindGoal(*consumer_, table.topic.empty() ? settings.topics : std::vector{table.topic});
    }
    const std::string name = Printable(table.table);
    // How far it is, only the orchestrator knows that has it.
    if (table.state == kElsewhere) return fmt::format("{} is Elsewhere: {}", name, Printable(table.reason));
    if (!goal) return fmt::format("{} has no topic yet, or Kafka does not answer ({})", name, table.state);
    const int64_t records = Behind(table, *goal);
    if (records == 0) return std::string();
    if (table.state == "Held" || table.state == "Paused") {
      return Error{
          ErrorKind::kConflict,
          fmt::format("{} is {}, {} records behind: {}", name, table.state, records, Printable(table.reason)),
          table.hint};
    }
    return fmt::format("{} is {} records behind ({})", name, records, table.state);
  }

  const std::shared_ptr<const config::Config> config_;
  const std::unique_ptr<kafka::Consumer> consumer_;
  const std::vector<std::string> names_;
  std::map<std::string, std::optional<Goal>> goals_;
  size_t elsewhere_ = 0;
};

Result<int> Run(const Command& command, const Options& options) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  for (const std::string& table : options.tables) CDC_TRY(config->FindTable(table));
  const auto timeout = config::ParseDuration(options.timeout);
  if (!timeout) {
    return Error{ErrorKind::kInvalidArgument, fmt::format("--timeout {}: no duration", options.timeout),
                 "write for example 30s, 5m or 1h"};
  }
  CDC_ASSIGN(auto consumer, OpenConsumer(*config));
  Waiting waiting(config, std::move(consumer), options.tables);
  const auto deadline = std::chrono::steady_clock::now() + *timeout;
  for (;;) {
    const auto why = waiting.Look();
    if (!why && why.error().kind != ErrorKind::kConflict) return why.error();
    if (!why) {
      fmt::print(stderr, "cdc: {}\n", Describe(why.error()));
      return kAttention;
    }
    if (why->empty()) {
      if (waiting.elsewhere() > 0) {
        fmt::print(stderr, "cdc: {} tables are at other orchestrators: ask those for them\n",
                   waiting.elsewhere());
      }
      return kOk;
    }
    if (std::chrono::steady_clock::now() > deadline) {
      fmt::print(stderr, "cdc: not caught up within {}: {}\n", options.timeout, *why);
      return kAttention;
    }
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace

void AddWait(CLI::App& app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = AddSubcommand(
      app, "wait",
      "Wait until tables have all that is in Kafka now. Exit 0: they have; 1: not in time, or one "
      "that is behind is Held or Paused");
  sub->add_option("TABLE", options->tables, "the tables' entries; none: all that have a topic");
  sub->add_flag("--caught-up", options->caught_up, "what is waited for; there is nothing else yet");
  sub->add_option("--timeout", options->timeout, "how long at most")
      ->type_name("DURATION")
      ->capture_default_str();
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *options); }); });
}

}  // namespace cdc::cli
