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
      ChoiceSetting("type", &Sink::type, {{"postgres", SinkType::kPostgres}, {"delta", SinkType::kDelta}},
                    "`postgres`: tables of a database; `delta`: Delta Lake tables in a folder")
          .Required("\"postgres\""),
      TextSetting("dsn", &Sink::dsn, "postgres: libpq connection string of the database; required").Secret(),
      TextSetting("schema", &Sink::schema, "postgres: schema of the tables"),
      OwnSetting<Sink>(
          "path", &Sink::path, [](NodeReader& r, Sink* s) { ReadTablesFolder(r, "path", &s->path); },
          "delta: local folder or `s3://bucket/path`; each table is a folder in it; required"),
  };
  return settings;
}

namespace {

/// What a sink of this type needs, and what it has no use for.
void CheckKeys(NodeReader& r, const Sink& sink) {
  const bool delta = sink.type == SinkType::kDelta;
  if (delta)
    r.Require("path", "\"data/delta\"");
  else
    r.Require("dsn", "\"host=127.0.0.1 dbname=… user=… password=${NAME}\"");
  for (const char* key : delta ? std::vector{"dsn", "schema"} : std::vector{"path"}) {
    if (r.Has(key)) r.Fail(key, fmt::format("is not for a sink of type \"{}\": remove it", delta ? "delta" : "postgres"));
  }
}

}  // namespace

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
    Sink& sink = (*sinks)[name];
    ReadSettings(SinkSettings(), r, &sink);
    if (r.Has("type")) CheckKeys(r, sink);
    r.RejectUnknown();
  }
}

void CheckSink(NodeReader& reader, const std::map<std::string, Sink>& sinks, const Table& table) {
  if (!table.in_iceberg() && !sinks.contains(table.sink)) {
    std::vector<std::string> known = {std::string(kIcebergSink)};
    for (const auto& [name, sink] : sinks) known.push_back(name);
    reader.Fail("sink", fmt::format("\"{}\" is no sink: use {}, or add [sinks.{}]", table.sink,
                                    Alternatives(known), table.sink));
    return;
  }
  TableKind kind = TableKind::kIceberg;
  if (!table.in_iceberg())
    kind = sinks.at(table.sink).type == SinkType::kDelta ? TableKind::kDelta : TableKind::kPostgres;
  if (table.deletes == Deletes::kSoft && kind != TableKind::kPostgres)
    reader.Fail("deletes", fmt::format("\"soft\" is not built yet for {} tables: use \"hard\"", KindsText({kind})));
  for (const Setting<Table>& setting : TableSettings()) {
    const std::vector<TableKind>& kinds = setting.info.kinds;
    const bool has = kinds.empty() || std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
    if (has || !reader.Has(setting.info.name)) continue;
    const std::string place = table.in_iceberg() ? "an Iceberg table" : fmt::format("written to [sinks.{}]", table.sink);
    reader.Fail(setting.info.name,
                fmt::format("is for {} tables, and this one is {}: remove it", KindsText(kinds), place));
  }
}

}  // namespace cdc::config
