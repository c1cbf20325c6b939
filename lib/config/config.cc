#include "lib/config/config.h"

#include <algorithm>

#include <fmt/format.h>

#include "lib/contract/names.h"

namespace cdc::config {
namespace {

/// Debezium's own table for signals is no data.
constexpr std::string_view kSignalTable = "debezium_signal";

/// The table that `discover` makes of a topic that no entry owns.
std::optional<std::string> Discovered(const Config& config, std::string_view topic) {
  const Source& source = config.source;
  if (!config.discover) return std::nullopt;
  auto parsed = contract::ParseTopic(source.topic_prefix, source.schemas, topic);
  if (!parsed || parsed->table == kSignalTable) return std::nullopt;
  std::string name = source.schemas.size() == 1 ? parsed->table : parsed->schema + "." + parsed->table;
  if (config.FindListed(name)) return std::nullopt;  // with a topic of another name
  return name;
}

}  // namespace

std::vector<std::string> TopicCandidates(const Config& config, std::string_view name) {
  const Source& source = config.source;
  for (const std::string& schema : source.schemas) {
    std::string start = schema + ".";
    if (name.starts_with(start) && name.size() > start.size()) {
      return {contract::TopicName(source.topic_prefix, schema, name.substr(start.size()))};
    }
  }
  std::vector<std::string> topics;
  for (const std::string& schema : source.schemas) {
    topics.push_back(contract::TopicName(source.topic_prefix, schema, name));
  }
  return topics;
}

std::string Table::dead_letter_topic(std::string_view topic) const {
  return dead_letters.empty() ? contract::DlqTopic(topic) : dead_letters;
}

const Table* Config::FindListed(std::string_view name) const {
  const auto found = table_numbers.find(name);
  return found == table_numbers.end() ? nullptr : &tables[found->second];
}

Result<Table> Config::FindTable(std::string_view name) const {
  if (const Table* table = FindListed(name)) return *table;
  if (!discover) {
    return Error{ErrorKind::kNotFound, fmt::format("table {} is not in {}", name, file.string()),
                 fmt::format("add [tables.{}]", name.find('.') == std::string_view::npos
                                                    ? std::string(name)
                                                    : fmt::format("\"{}\"", name))};
  }
  Table table = defaults;
  table.name = name;
  table.topics = TopicCandidates(*this, name);
  return table;
}

bool Config::Covers(std::string_view topic) const {
  return !IsDeadLetters(topic) &&
         contract::ParseTopic(source.topic_prefix, source.schemas, topic).has_value();
}

bool Config::IsDeadLetters(std::string_view topic) const {
  return contract::IsDlqTopic(topic) || dead_letter_topics.contains(topic);
}

bool Config::UsesIceberg() const {
  // Without any entry a table is whatever [defaults] makes of it.
  return ((discover || tables.empty()) && defaults.in_iceberg()) ||
         std::any_of(tables.begin(), tables.end(), [](const Table& table) { return table.in_iceberg(); });
}

bool Config::IsIn(const Table& table, SinkType type) const {
  const auto sink = sinks.find(table.sink);
  return sink != sinks.end() && sink->second.type == type;
}

std::vector<std::string> Config::TablesOfTopic(std::string_view topic) const {
  std::vector<std::string> names;
  if (IsDeadLetters(topic)) return names;
  auto listed = table_of_topic.find(topic);
  if (listed != table_of_topic.end()) {
    names.push_back(listed->second);
  } else if (auto discovered = Discovered(*this, topic)) {
    names.push_back(std::move(*discovered));
  }
  if (auto copies = copies_of_topic.find(topic); copies != copies_of_topic.end()) {
    names.insert(names.end(), copies->second.begin(), copies->second.end());
  }
  return names;
}

}  // namespace cdc::config
