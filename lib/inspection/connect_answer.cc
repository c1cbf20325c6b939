#include "lib/inspection/connect_answer.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace cdc::inspection {
namespace {

using nlohmann::json;

constexpr size_t kLongestLine = 300;
/// Debezium's default of `slot.name`.
constexpr const char* kDefaultSlot = "debezium";

std::string Text(const json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>()
                                                                           : std::string();
}

contract::ConnectorFacts ReadStatus(const std::string& name, const json& status) {
  contract::ConnectorFacts connector{.name = name};
  const json own = status.value("connector", json::object());
  connector.state = Text(own, "state");
  connector.trace = FirstLine(Text(own, "trace"));
  for (const json& task : status.value("tasks", json::array())) {
    connector.tasks.push_back({task.value("id", 0), Text(task, "state"), FirstLine(Text(task, "trace"))});
  }
  return connector;
}

}  // namespace

std::string FirstLine(std::string_view text) {
  text = text.substr(0, text.find_first_of("\r\n"));
  return std::string(text.substr(0, kLongestLine));
}

Result<contract::ConnectFacts> ReadConnectors(std::string_view body, std::string_view topic_prefix) {
  const Error bad{ErrorKind::kCorrupt, fmt::format("not the answer of Kafka Connect: {}",
                                                   FirstLine(body.substr(0, kLongestLine)))};
  const json all = json::parse(body, nullptr, false);
  if (all.is_discarded() || !all.is_object()) return bad;
  contract::ConnectFacts facts{.asked = true};
  try {
    for (const auto& [name, connector] : all.items()) {
      if (!connector.is_object() || !connector.contains("status")) return bad;
      const json config = connector.value("info", json::object()).value("config", json::object());
      std::string prefix = Text(config, "topic.prefix");
      if (prefix.empty()) prefix = Text(config, "database.server.name");
      if (prefix != topic_prefix) {
        ++facts.others;
        continue;
      }
      facts.connectors.push_back(ReadStatus(name, connector.at("status")));
      const std::string slot = Text(config, "slot.name");
      facts.connectors.back().slot = slot.empty() ? kDefaultSlot : slot;
    }
  } catch (const json::exception&) {
    return bad;
  }
  return facts;
}

}  // namespace cdc::inspection
