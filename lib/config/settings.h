#pragma once

/// \file lib/config/settings.h
/// The settings of tables.toml as they are declared: for people, for editors, and for what a change requires.

#include <cstdint>
#include <string>
#include <vector>

#include "lib/config/config.h"

namespace cdc::config {

/// Kinds of tables, by their sinks.
enum class TableKind { kIceberg, kPostgres, kDelta };
/// "Iceberg", "Iceberg and Delta"
std::string KindsText(const std::vector<TableKind>& kinds);

/// What a change of a setting requires.
enum class Applies {
  kAtOnce,       ///< nothing: the orchestrator uses it from now on
  kWorkers,      ///< the workers concerned are restarted, by themselves
  kOrchestrator  ///< `cdc restart`; what workers use of it restarts them as well
};

/// How a value is written.
struct ValueShape {
  enum class Kind {
    kText,
    kUrl,
    kPath,
    kFlag,
    kWhole,
    kDuration,
    kSize,
    kList,
    kChoice,
    kSection,  ///< a table of its own in the file
    kOther
  };
  Kind kind = Kind::kText;
  int64_t low = 0;  ///< kWhole; kDuration: milliseconds; kSize: bytes; kText: length
  int64_t high = 0;
  std::vector<std::string> choices = {};
  std::string schema = {};  ///< kSection, kOther: its JSON schema
};

/// One setting's declaration without the code that reads it.
struct SettingInfo {
  std::string name;
  ValueShape shape;
  std::string help;                 ///< one sentence or two, Markdown
  std::string default_text = {};    ///< a text without its quotes; empty: none
  std::string default_phrase = {};  ///< Markdown, where the default is no value
  std::string example = {};         ///< of a required one, as tables.toml has it
  Applies applies = Applies::kWorkers;
  bool for_workers = true;  ///< they use it: a part of Fingerprint()
  bool required = false;
  bool secret = false;        ///< never log or show its value
  bool one_table = false;     ///< in [tables.<name>] only, not in [defaults]
  std::vector<TableKind> kinds = {};  ///< refused where a table of another kind says it; empty: all have it
};

struct SectionInfo {
  std::string name;  ///< "kafka", "sinks.<name>", "tables.<name>"
  std::string help;
  std::vector<SettingInfo> settings;
};

/// All sections, in the order in which people read them. What [defaults] and [tables.<name>] share is listed
/// with the latter.
std::vector<SectionInfo> DescribeSettings();

// The same as text.
std::string SettingsText();      ///< for a terminal
std::string SettingsMarkdown();  ///< the part of docs/configuration.md
std::string SettingsJson();      ///< a list of settings; its fields are those of SettingInfo
std::string SettingsSchema();    ///< JSON schema of tables.toml, draft 2020-12: docs/tables.schema.json

/// Stable text of everything of the configuration that this table's worker uses, hashed: another one means
/// that its worker must be restarted. Tells no secret.
std::string Fingerprint(const Config& config, const Table& table);

/// Settings that only `cdc restart` applies and that differ, like "[kafka] bootstrap_servers".
std::vector<std::string> NeedRestart(const Config& before, const Config& after);

}  // namespace cdc::config
