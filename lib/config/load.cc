#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "lib/config/config.h"
#include "lib/config/document_limits.h"
#include "lib/config/secrets.h"
#include "lib/config/setting_internal.h"
#include "lib/config/sink_reader_internal.h"
#include "lib/config/table_list_reader_internal.h"
#include "lib/core/read_file.h"
#include "lib/core/redaction.h"

namespace cdc::config {
namespace {

namespace fs = std::filesystem;

/// An embedded catalog vends no keys, as a REST catalog may.
void CheckStorage(NodeReader& top, const Config& config) {
  if (!config.storage.access_key_id.empty()) return;
  const bool warehouse = config.catalog.type == CatalogType::kSqlite && config.catalog.warehouse.starts_with("s3");
  const bool sink = std::any_of(config.sinks.begin(), config.sinks.end(),
                                [](const auto& each) { return each.second.path.starts_with("s3"); });
  if (!warehouse && !sink) return;
  top.Fail("storage", std::string("is needed for an s3:// ") + (warehouse ? "warehouse" : "path of a sink") +
           ": write endpoint, region, access_key_id and "
           "secret_access_key, for example access_key_id = \"${AWS_ACCESS_KEY_ID}\"");
}

void CheckKeys(NodeReader& r, const Storage& s) {
  if (s.access_key_id.empty() == s.secret_access_key.empty()) return;
  r.Fail(s.access_key_id.empty() ? "access_key_id" : "secret_access_key",
         "access_key_id and secret_access_key belong together: give both or none");
}

std::shared_ptr<const Config> ReadDocument(const toml::table& root, std::string_view text,
                                           const fs::path& file, Problems* problems) {
  auto config = std::make_shared<Config>();
  config->file = file;
  config->text = text;
  const Document document{file.parent_path(), problems};
  NodeReader top(&root, "", document);
  auto read = [&](const char* name, const auto& settings, auto* section, auto check) {
    NodeReader r(top.Child(name), name, document);
    ReadSettings(settings, r, section);
    check(r, *section);
    r.RejectUnknown();
  };
  const auto no_check = [](NodeReader&, const auto&) {};
  read("kafka", KafkaSettings(), &config->kafka, no_check);
  read("source", SourceSettings(), &config->source, no_check);
  if (const toml::table* sinks = top.Child("sinks")) ReadSinks(*sinks, document, &config->sinks);
  read("orchestrator", OrchestratorSettings(), &config->orchestrator, no_check);
  ReadDefaults(NodeReader(top.Child("defaults"), "defaults", document), config.get());
  const toml::table none;
  const toml::table *tables = top.Child("tables"), *counts = top.Child("counts");
  ReadTables(tables != nullptr ? *tables : none, counts, document, config.get());
  if (top.Has("catalog") || config->UsesIceberg())
    read("catalog", CatalogSettings(), &config->catalog, no_check);
  read("storage", StorageSettings(), &config->storage, CheckKeys);
  CheckStorage(top, *config);
  top.RejectUnknown();
  return config;
}

}  // namespace

Result<std::shared_ptr<const Config>> Parse(std::string_view text, const fs::path& path, Problems* problems) {
  Problems local;
  Problems& found = problems ? *problems : local;
  found.clear();
  fs::path file = fs::absolute(path).lexically_normal();
  if (const auto excess = FindExcess(text)) {
    found.push_back(*excess);
    return Error{ErrorKind::kInvalidConfig, FormatProblems(path.string(), found)};
  }
  toml::parse_result parsed = toml::parse(text, file.string());
  std::shared_ptr<const Config> config;
  if (parsed) {
    config = ReadDocument(parsed.table(), text, file, &found);
  } else {
    const toml::parse_error& error = parsed.error();
    found.push_back(
        {static_cast<int>(error.source().begin.line), "", "not TOML: " + std::string(error.description())});
  }
  if (found.empty()) {
    HideSecrets(SecretsOf(*config, [](const std::string& name) { return std::getenv(name.c_str()); }));
    return config;
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Problem& a, const Problem& b) { return a.line < b.line; });
  return Error{ErrorKind::kInvalidConfig, FormatProblems(path.string(), found)};
}

Result<std::shared_ptr<const Config>> Load(const fs::path& path, Problems* problems) {
  std::error_code ec;
  if (!fs::exists(path, ec)) {
    return Error{ErrorKind::kNotFound,
                 fmt::format("read configuration {}: {}", path.string(), ec ? ec.message() : "no such file"),
                 "name the file with --config"};
  }
  if (fs::is_directory(path, ec)) {
    return Error{ErrorKind::kInvalidConfig,
                 fmt::format("read configuration {}: it is a folder", path.string()),
                 fmt::format("name the file in it: --config {}", (path / "tables.toml").string())};
  }
  auto text = ReadWholeFile(path);
  if (!text) return Error{ErrorKind::kTransient, "read configuration: " + text.error().message, text.error().hint};
  return Parse(text->value_or(""), path, problems);
}

}  // namespace cdc::config
