#include <algorithm>

#include <fmt/format.h>

#include "lib/config/sink_reader_internal.h"

namespace cdc::config {
namespace {

bool IsSinkName(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

/// What only Iceberg tables have.
constexpr const char* kIcebergSettings[] = {"format_version", "target_file_size", "snapshot_keep",
                                            "snapshot_age"};

}  // namespace

void ReadSinks(const toml::table& all, Problems* problems, std::map<std::string, Sink>* sinks) {
  NodeReader names(&all, "sinks", problems);
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
    NodeReader r(section, names.FullKey(name), problems);
    Sink& sink = (*sinks)[name];
    r.Require("type", "\"postgres\"");
    r.Choice<SinkType>("type", {{"postgres", SinkType::kPostgres}}, &sink.type);
    r.Require("dsn", "\"host=127.0.0.1 dbname=… user=… password=${NAME}\"");
    r.String("dsn", &sink.dsn);
    r.String("schema", &sink.schema);
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
  for (const char* key : kIcebergSettings) {
    if (reader.Has(key))
      reader.Fail(key, fmt::format("is for Iceberg tables, and this one is written to [sinks.{}]: remove it",
                                   table.sink));
  }
}

}  // namespace cdc::config
