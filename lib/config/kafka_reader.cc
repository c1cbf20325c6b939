#include "lib/config/kafka_reader_internal.h"

#include "lib/contract/kafka_properties.h"

namespace cdc::config {
namespace {

/// librdkafka's names have dots: `security.protocol = "…"` is a table in a table for TOML, and means the same
/// as
/// `"security.protocol" = "…"`.
///
/// \param start of the names in this table, with its dot
void ReadProperties(const toml::table& table, const std::string& start, Problems* problems,
                    std::map<std::string, std::string>* properties) {
  NodeReader r(&table, "kafka.properties" + (start.empty() ? "" : "." + start.substr(0, start.size() - 1)),
               problems);
  for (const auto& [key, node] : table) {
    const std::string written(key.str());
    const std::string name = start + written;
    if (const auto owned = contract::FindOwnedProperty(name)) {
      r.Fail(written, Describe(*owned));
    } else if (const toml::table* inner = node.as_table()) {
      ReadProperties(*inner, name + ".", problems, properties);
    } else {
      r.Scalar(written, &(*properties)[name]);
    }
  }
}

}  // namespace

void ReadKafka(NodeReader r, Kafka* kafka) {
  r.Require("bootstrap_servers", "\"127.0.0.1:9092\"");
  r.String("bootstrap_servers", &kafka->bootstrap_servers);
  r.String("group_id", &kafka->group_id);
  if (const toml::table* table = r.Child("properties")) {
    ReadProperties(*table, "", r.problems(), &kafka->properties);
  }
  r.RejectUnknown();
}

}  // namespace cdc::config
