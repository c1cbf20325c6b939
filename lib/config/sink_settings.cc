/// \file lib/config/sink_settings.cc
/// [sinks.<name>], and what a table can say with each sink.

#include <algorithm>

#include <fmt/format.h>

#include "lib/config/setting_internal.h"
#include "lib/config/sink_reader_internal.h"

namespace cdc::config {
namespace {

bool IsSinkName(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace

const std::vector<Setting<Sink>>& SinkSettings() {
  static const std::vector<Setting<Sink>> settings = {
      ChoiceSetting("type", &Sink::type, {{"postgres", SinkType::kPostgres}},
                    "`postgres`: tables of a database")
          .Required("\"postgres\""),
      TextSetting("dsn", &Sink::dsn, "libpq connection string of the database")
          .Required("\"host=127.0.0.1 dbname=… user=… password=${NAME}\"")
          .Secret(),
      TextSetting("schema", &Sink::schema, "PostgreSQL schema of the tables"),
  };
  return settings;
}

void ReadSinks(const toml::table& all, const Document& document, std::map<std::string, Sink>* sinks) {
  NodeReader names(&all, "sinks", document);
  for (const auto& [key, node] : all) {
    const std::string name(key.str());
    const toml::table* section = names.Child(name);
    if (section == nullptr) continue;
    if (name == kIcebergSink) {
      names.Fail(name, "is the name of the sink that [catalog] and [storage] make: choose another");
      continue;
    }
    if (!IsSinkName(name)) {
      names.Fail(name, "is not allowed: the name of a sink is of a-z 0-9 _ -");
      continue;
    }
    NodeReader r(section, names.FullKey(name), document);
    ReadSettings(SinkSettings(), r, &(*sinks)[name]);
    r.RejectUnknown();
  }
}

void CheckSink(NodeReader& reader, const std::map<std::string, Sink>& sinks, const Table& table) {
  if (table.in_iceberg()) {
    if (table.deletes == Deletes::kSoft)
      reader.Fail("deletes", "\"soft\" is not built yet for Iceberg tables: use \"hard\"");
    return;
  }
  if (!sinks.contains(table.sink)) {
    std::vector<std::string> known = {std::string(kIcebergSink)};
    for (const auto& [name, sink] : sinks) known.push_back(name);
    reader.Fail("sink", fmt::format("\"{}\" is no sink: use {}, or add [sinks.{}]", table.sink,
                                    Alternatives(known), table.sink));
    return;
  }
  for (const Setting<Table>& setting : TableSettings()) {
    if (!setting.info.iceberg_only || !reader.Has(setting.info.name)) continue;
    reader.Fail(
        setting.info.name,
        fmt::format("is for Iceberg tables, and this one is written to [sinks.{}]: remove it", table.sink));
  }
}

}  // namespace cdc::config
