#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "lib/config/settings.h"
#include "tests/unit/config/config_text.h"

namespace cdc::config {
namespace {

using Kind = ValueShape::Kind;

std::string ReadFile(const std::string& name) {
  std::ifstream in(std::string(CDC_SOURCE_DIR "/") + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Section → setting → a value other than in Whole(), as the file has it.
using Values = std::map<std::string, std::map<std::string, std::string>>;

/// A file in which every required setting is given. One table is in Iceberg, the other in a sink.
Values Whole() {
  return {{"kafka", {{"bootstrap_servers", "\"b:1\""}}},
          {"source", {{"topic_prefix", "\"p\""}}},
          {"catalog", {{"uri", "\"http://c\""}, {"namespace", "\"n\""}, {"type", "\"rest\""}}},
          {"storage", {{"access_key_id", "\"k\""}, {"secret_access_key", "\"s\""}}},
          {"sinks.<name>", {{"type", "\"postgres\""}, {"dsn", "\"d\""}}},
          {"orchestrator", {}},
          {"defaults", {}},
          {"counts.<name>", {{"from", "\"t\""}, {"window", "\"1m\""}}},
          {"tables.<name>", {{"event_time", "\"ts\""}}}};
}

/// Another value for every setting; for the only choice there is, the same.
const Values kOther = {
    {"kafka",
     {{"bootstrap_servers", "\"b:2\""}, {"group_id", "\"g\""}, {"properties", "{ \"client.id\" = \"x\" }"}}},
    {"source",
     {{"topic_prefix", "\"q\""},
      {"schemas", "[\"public\", \"hr\"]"},
      {"dsn", "\"d\""},
      {"connect_url", "\"http://c\""},
      {"decimal_handling", "\"double\""},
      {"time_precision", "\"connect\""},
      {"binary_handling", "\"hex\""},
      {"unavailable_placeholder", "\"u\""}}},
    {"catalog",
     {{"type", "\"sqlite\""},
      {"uri", "\"http://d\""},
      {"name", "\"m\""},
      {"warehouse", "\"w\""},
      {"namespace", "\"o\""},
      {"credential", "\"c\""},
      {"token", "\"t\""},
      {"scope", "\"s\""},
      {"oauth2_server_uri", "\"http://o\""},
      {"ca_file", "\"c.pem\""}}},
    {"storage",
     {{"endpoint", "\"http://s\""},
      {"region", "\"r\""},
      {"access_key_id", "\"l\""},
      {"secret_access_key", "\"t\""},
      {"session_token", "\"t\""},
      {"path_style", "false"},
      {"ca_file", "\"s.pem\""}}},
    {"sinks.<name>", {{"type", "\"postgres\""}, {"dsn", "\"e\""}, {"schema", "\"s\""}, {"path", "\"p\""}}},
    {"orchestrator",
     {{"state_dir", "\"other\""},
      {"rate_limit", "\"31s\""},
      {"idle_timeout", "\"61s\""},
      {"max_jobs", "17"},
      {"listen", "\"127.0.0.1:9\""},
      {"host_names", "[\"h\"]"},
      {"actions", "true"},
      {"share", "true"},
      {"name", "\"n\""}}},
    {"defaults", {{"discover", "true"}}},
    {"counts.<name>",
     {{"from", "\"u\""},
      {"sink", "\"other\""},
      {"target", "\"x\""},
      {"window", "\"2m\""},
      {"by", "[\"op()\"]"}}},
    {"tables.<name>",
     {{"topic", "\"t\""},
      {"from", "\"f\""},
      {"sink", "\"other\""},
      {"target", "\"t\""},
      {"key", "[\"id\"]"},
      {"job", "\"j\""},
      {"mode", "\"append\""},
      {"deletes", "\"hard\""},
      {"change_data_feed", "true"},
      {"commit_interval", "\"2s\""},
      {"metadata_columns", "[{ name = \"at\", value = \"lsn()\" }]"},
      {"columns", "{ a = { type = \"text\", name = \"b\" } }"},
      {"envelope", "\"plain\""},
      {"event_time", "\"at\""},
      {"lateness", "\"5s\""},
      {"order_by", "\"offset\""},
      {"select", "{ id = \"id\" }"},
      {"where", "\"a = 1\""},
      {"on_error", "\"stop\""},
      {"dead_letters", "\"d\""},
      {"on_type_change", "\"rewrite\""},
      {"memory", "\"64MB\""},
      {"format_version", "2"},
      {"target_file_size", "\"2MB\""},
      {"snapshot_keep", "11"},
      {"snapshot_age", "\"2h\""}}}};

/// Settings of which another value is not built yet, or is for neither of the two tables (sinks_test.cc has them).
const std::set<std::string> kOnlyOneValue = {"sinks.<name>.type", "tables.<name>.format_version",
                                             "tables.<name>.deletes", "tables.<name>.order_by",
                                             "tables.<name>.change_data_feed", "sinks.<name>.path"};

/// The table `t` and its counts `c` are in Iceberg, or in the sink `s`; another table and a second sink stand by.
std::shared_ptr<const Config> Written(Values values, bool in_sink = false) {
  if (values["catalog"]["type"] == "\"sqlite\"") {
    values["catalog"]["uri"] = "\"c.db\"";
    values["catalog"]["warehouse"] = "\"w\"";
  }
  for (const char* section : {"tables.<name>", "counts.<name>"}) {
    if (in_sink) values[section].emplace("sink", "\"s\"");
  }
  std::string text = "[sinks.other]\ntype = \"postgres\"\ndsn = \"o\"\n[tables.u]\nevent_time = \"e\"\n";
  for (const auto& [section, settings] : values) {
    text += section == "tables.<name>"  ? "[tables.t]\n"
            : section == "sinks.<name>" ? "[sinks.s]\n"
            : section == "counts.<name>" ? "[counts.c]\n"
                                        : "[" + section + "]\n";
    for (const auto& [name, value] : settings) text += name + " = " + value + "\n";
  }
  return Good(text);
}

std::string PrintOf(const Config& config) {
  return Fingerprint(config, *config.FindTable("t")) + Fingerprint(config, *config.FindTable("c"));
}

}  // namespace

TEST_CASE("every declared setting is read, and restarts the workers that use it and no others") {
  const std::string iceberg = PrintOf(*Written(Whole()));
  const std::string postgres = PrintOf(*Written(Whole(), true));
  size_t known = 0;
  for (const SectionInfo& section : DescribeSettings()) {
    for (const SettingInfo& setting : section.settings) {
      INFO(section.name << " " << setting.name);
      const auto& others = kOther.at(section.name);
      REQUIRE(others.contains(setting.name));
      ++known;
      if (kOnlyOneValue.contains(section.name + "." + setting.name)) continue;
      Values values = Whole();
      values[section.name][setting.name] = others.at(setting.name);
      const bool lake = section.name == "catalog" || section.name == "storage";
      const bool of_sink = section.name == "sinks.<name>";
      CHECK((PrintOf(*Written(values)) != iceberg) == (setting.for_workers && !of_sink));
      if (!setting.kinds.empty() || setting.name == "sink") continue;
      CHECK((PrintOf(*Written(values, true)) != postgres) == (setting.for_workers && !lake));
    }
  }
  size_t listed = 0;
  for (const auto& [section, settings] : kOther) listed += settings.size();
  CHECK(known == listed);
}

TEST_CASE("a fingerprint tells no secret and does not confuse neighbours") {
  Values values = Whole();
  values["storage"]["secret_access_key"] = "\"hidden\"";
  CHECK(PrintOf(*Written(values)).find("hidden") == std::string::npos);
  Values a = Whole(), b = Whole();
  a["catalog"]["credential"] = "\"x\\ntoken=1:y\"";
  b["catalog"]["credential"] = "\"x\"";
  b["catalog"]["token"] = "\"y\"";
  CHECK(PrintOf(*Written(a)) != PrintOf(*Written(b)));
  a = Whole(), b = Whole();
  a["tables.<name>"]["columns"] = "{ a = \"b\" }";
  b["tables.<name>"]["columns"] = "{ a = { name = \"b\" } }";
  CHECK(PrintOf(*Written(a)) != PrintOf(*Written(b)));
}

TEST_CASE("what only a restart of the orchestrator applies is told by name") {
  const auto before = Written(Whole());
  CHECK(NeedRestart(*before, *before).empty());
  Names expected;
  Values values = Whole();
  for (const SectionInfo& section : DescribeSettings()) {
    for (const SettingInfo& setting : section.settings) {
      if (section.name.find('<') != std::string::npos || section.name == "catalog") continue;
      values[section.name][setting.name] = kOther.at(section.name).at(setting.name);
      if (setting.applies == Applies::kOrchestrator)
        expected.push_back("[" + section.name + "] " + setting.name);
    }
  }
  CHECK(expected.size() == 11);
  CHECK(NeedRestart(*before, *Written(values)) == expected);
}

TEST_CASE("a declaration says what people need") {
  for (const SectionInfo& section : DescribeSettings()) {
    std::set<std::string> names;
    for (const SettingInfo& setting : section.settings) {
      INFO(section.name << " " << setting.name);
      CHECK(names.insert(setting.name).second);
      CHECK(setting.help.size() > 5);
      for (const std::string& word : setting.shape.choices) CHECK(Contains(setting.help, "`" + word + "`"));
      if (!setting.required && setting.shape.kind == Kind::kChoice) CHECK_FALSE(setting.default_text.empty());
    }
  }
}

TEST_CASE("secrets are declared so") {
  Names secrets;
  for (const SectionInfo& section : DescribeSettings()) {
    for (const SettingInfo& setting : section.settings) {
      if (setting.secret) secrets.push_back(section.name + "." + setting.name);
    }
  }
  CHECK(secrets == Names{"kafka.properties", "source.dsn", "catalog.credential", "catalog.token",
                         "storage.secret_access_key", "storage.session_token", "sinks.<name>.dsn"});
}

TEST_CASE("docs/configuration.md has the settings as they are declared") {
  const std::string begin = "<!-- settings: `cdc config --markdown` -->\n";
  const std::string document = ReadFile("docs/configuration.md");
  const size_t at = document.find(begin);
  REQUIRE(at != std::string::npos);
  const size_t end = document.find("<!-- end of settings -->", at);
  REQUIRE(end != std::string::npos);
  INFO("put there what `cdc config --markdown` prints");
  CHECK((document.substr(at + begin.size(), end - at - begin.size()) == SettingsMarkdown()));
}

TEST_CASE("docs/tables.schema.json is what `cdc config --schema` prints") {
  INFO("cdc config --schema > docs/tables.schema.json");
  CHECK((ReadFile("docs/tables.schema.json") == SettingsSchema()));
}

TEST_CASE("the schema names every setting in its section, with its default") {
  const auto schema = nlohmann::json::parse(SettingsSchema());
  for (const SectionInfo& section : DescribeSettings()) {
    const auto& object = section.name == "tables.<name>"  ? schema["$defs"]["table"]
                         : section.name == "sinks.<name>" ? schema["$defs"]["sink"]
                         : section.name == "counts.<name>" ? schema["$defs"]["counts"]
                                                          : schema["properties"][section.name];
    for (const SettingInfo& setting : section.settings) {
      INFO(section.name << " " << setting.name);
      REQUIRE(object["properties"].contains(setting.name));
      CHECK(object["properties"][setting.name]["description"] == setting.help);
    }
    CHECK(object["additionalProperties"] == false);
  }
  const auto& table = schema["$defs"]["table"]["properties"];
  CHECK(table["snapshot_keep"] == nlohmann::json({{"type", "integer"},
                                                  {"minimum", 1},
                                                  {"maximum", 100'000},
                                                  {"default", 10},
                                                  {"description", table["snapshot_keep"]["description"]}}));
  CHECK(table["metadata_columns"]["default"] == nlohmann::json({"ingestion_time"}));
  CHECK(schema["properties"]["defaults"]["properties"].contains("memory"));
  CHECK_FALSE(schema["properties"]["defaults"]["properties"].contains("topic"));
  CHECK(schema["properties"]["source"]["properties"]["schemas"]["default"] == nlohmann::json({"public"}));
}

TEST_CASE("the settings as text and JSON have them all") {
  const std::string text = SettingsText();
  const auto list = nlohmann::json::parse(SettingsJson());
  size_t count = 0;
  for (const SectionInfo& section : DescribeSettings()) {
    CHECK(Contains(text, "[" + section.name + "]"));
    for (const SettingInfo& setting : section.settings) {
      CHECK(Contains(text, "\n  " + setting.name + ": "));
      CHECK(list.at(count).at("name") == setting.name);
      ++count;
    }
  }
  CHECK(list.size() == count);
  CHECK(Contains(text, "duration, 1ms to 1h; default `1s`; a change restarts the workers concerned"));
}

}  // namespace cdc::config
