/// cdc rewind: let a table go on from given offsets.

#include <charconv>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/table_target.h"

namespace cdc::cli {
namespace {

struct Options {
  std::string table;
  std::vector<std::string> to;
  bool yes = false;
};

template <typename T>
bool ParseNumber(std::string_view text, T* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && *number >= 0 && !text.empty();
}

/// "topic:partition=offset" or "partition=offset" over the offsets there are.
Result<contract::PartitionOffsets> Apply(const SourceTopic& topic, const std::vector<std::string>& wishes,
                                         contract::PartitionOffsets next) {
  // Of a topic that was made anew with fewer.
  std::erase_if(next, [&](const auto& entry) { return !topic.places.contains(entry.first); });
  for (const std::string& wish : wishes) {
    auto bad = [&](const std::string& why) {
      return Error{ErrorKind::kInvalidArgument, fmt::format("--to {}: {}", wish, why),
                   fmt::format("--to {}:0=1234", topic.name)};
    };
    const size_t equals = wish.rfind('=');
    const size_t colon = wish.rfind(':', equals);
    const std::string name = colon == std::string::npos ? topic.name : wish.substr(0, colon);
    const size_t start = colon == std::string::npos ? 0 : colon + 1;
    int32_t partition = 0;
    int64_t offset = 0;
    if (equals == std::string::npos || equals < start ||
        !ParseNumber(std::string_view(wish).substr(start, equals - start), &partition) ||
        !ParseNumber(std::string_view(wish).substr(equals + 1), &offset)) {
      return bad("is not topic:partition=offset");
    }
    if (name != topic.name) return bad(fmt::format("the table's topic is {}", topic.name));
    const auto place = topic.places.find(partition);
    if (place == topic.places.end())
      return bad(fmt::format("the topic has {} partitions", topic.places.size()));
    if (offset < place->second.low || offset > place->second.end) {
      return bad(fmt::format("the partition holds offsets {} to {}", place->second.low, place->second.end));
    }
    next[partition] = offset;
  }
  for (const auto& [partition, place] : topic.places) {
    if (next.contains(partition)) continue;
    return Error{ErrorKind::kInvalidArgument,
                 fmt::format("Nothing says where to go on in partition {}", partition),
                 fmt::format("--to {}:{}={}", topic.name, partition, place.low)};
  }
  return next;
}

Result<int> Run(const Command& command, const Options& options) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  CDC_ASSIGN(TableTarget target, TableTarget::Open(config, options.table, "cdc rewind", options.yes));
  CDC_ASSIGN(auto written, target.WrittenOffsets("Rewinding", "its worker makes it, from the topic's start"));
  CDC_ASSIGN(const SourceTopic topic, target.FindTopic());
  const contract::PartitionOffsets before = written[topic.name];
  CDC_ASSIGN(const auto next, Apply(topic, options.to, before));
  fmt::print("rewind {}:\n", options.table);
  fmt::print("  written in {}: {} {}\n", target.store().name(), topic.name, OffsetsText(before));
  fmt::print("  go on from:    {} {}\n", topic.name, OffsetsText(next));
  fmt::print("  rows stay; changes from there on are applied {}\n",
             target.table().mode == config::Mode::kAppend ? "again: rows of an append table come twice"
             : target.table().counts                      ? "again: they are counted twice"
                                                          : "again, key by key");
  if (!options.yes) return NotConfirmed();
  CDC_TRY(target.GoOnFrom(topic, next));
  fmt::print("{} is rewound\n", options.table);
  return kOk;
}

}  // namespace

void AddRewind(CLI::App& app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = AddSubcommand(app, "rewind", "Let a table go on from given offsets of its topic");
  sub->add_option("TABLE", options->table, "the table's entry in the configuration")->required();
  sub->add_option("--to", options->to, "topic:partition=offset,…; partitions not named stay where they are")
      ->required()
      ->delimiter(',');
  sub->add_flag("--yes", options->yes, "do it; without this it is only told");
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *options); }); });
}

}  // namespace cdc::cli
