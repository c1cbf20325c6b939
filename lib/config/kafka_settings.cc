/// \file lib/config/kafka_settings.cc
/// [kafka]: where the events are, and librdkafka's properties that are the user's to set.

#include "lib/config/setting_internal.h"
#include "lib/contract/kafka_properties.h"

namespace cdc::config {
namespace {

using Properties = std::map<std::string, std::string>;

/// librdkafka's names have dots: `security.protocol = "…"` is a table in a table for TOML, and means the same
/// as `"security.protocol" = "…"`.
///
/// \param start of the names in this table, with its dot
void ReadInner(const toml::table& table, const std::string& start, const Document& document,
               Properties* properties) {
  NodeReader r(&table, "kafka.properties" + (start.empty() ? "" : "." + start.substr(0, start.size() - 1)),
               document);
  for (const auto& [key, node] : table) {
    const std::string written(key.str());
    const std::string name = start + written;
    if (const auto owned = contract::FindOwnedProperty(name)) {
      r.Fail(written, Describe(*owned));
    } else if (const toml::table* inner = node.as_table()) {
      ReadInner(*inner, name + ".", document, properties);
    } else {
      r.Scalar(written, &(*properties)[name]);
    }
  }
}

void ReadProperties(NodeReader& r, Kafka* kafka) {
  const toml::table* table = r.Child("properties");
  if (table != nullptr) ReadInner(*table, "", r.document(), &kafka->properties);
}

std::string PropertiesText(const Kafka& kafka) {
  std::string text;
  for (const auto& [name, value] : kafka.properties) text += ListText({name, value});
  return text;
}

/// A name with dots may be written as tables in tables.
constexpr const char* kPropertiesSchema = R"({"type": "object"})";

}  // namespace

const std::vector<Setting<Kafka>>& KafkaSettings() {
  static const std::vector<Setting<Kafka>> settings = {
      TextSetting("bootstrap_servers", &Kafka::bootstrap_servers, "`host:port,host:port`")
          .Required("\"127.0.0.1:9092\"")
          .When(Applies::kOrchestrator),
      TextSetting("group_id", &Kafka::group_id,
                  "group of the orchestrator; workers write offset hints to `<group_id>.<table>`")
          .When(Applies::kOrchestrator),
      OwnSetting<Kafka>(
          "properties", {.kind = ValueShape::Kind::kSection, .schema = kPropertiesSchema}, ReadProperties,
          PropertiesText,
          "librdkafka's properties: TLS, SASL, quotas. Those that the programs set themselves, or "
          "that could lose or reorder records (`auto.offset.reset`, `acks`, `group.id` …), are "
          "refused by name")
          .Secret()
          .When(Applies::kOrchestrator),
  };
  return settings;
}

}  // namespace cdc::config
