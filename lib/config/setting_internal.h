#pragma once

/// \file lib/config/setting_internal.h
/// Declares settings. A setting is declared once: its name, the member that holds it, how it is written, what
/// it is for. Parser, fingerprint, table of docs and JSON schema come from the list of a section's
/// declarations.
///
///     DurationSetting("rate_limit", &Orchestrator::rate_limit, Millis(0), hours(24), "between two worker
///     starts")
///         .When(Applies::kAtOnce)
///
/// The default is what the member holds in a new `Section{}`.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "lib/config/node_reader_internal.h"
#include "lib/config/settings.h"

namespace cdc::config {

/// [counts.<name>] as it is written; CountsTable() makes a table of it.
struct CountsEntry {
  std::string from;
  std::string sink{kIcebergSink};
  std::string target;
  Millis window{0};
  std::vector<SelectedColumn> by;
};

/// One declaration of a section, e.g. `Setting<Kafka>`.
template <typename Section>
struct Setting {
  SettingInfo info;
  /// Sets the member, or leaves it and notes a problem.
  std::function<void(NodeReader&, Section*)> read;
  /// The value as text: equal for equal values only. It is shown as the default.
  std::function<std::string(const Section&)> text;

  /// \param example what the message about its absence says; empty: `read` asks for it
  Setting Required(std::string example) && {
    info.required = true;
    info.example = std::move(example);
    return std::move(*this);
  }
  /// What people read in place of the member's default.
  Setting Shown(std::string default_phrase) && {
    info.default_phrase = std::move(default_phrase);
    return std::move(*this);
  }
  Setting Secret() && {
    info.secret = true;
    return std::move(*this);
  }
  Setting When(Applies applies) && {
    info.applies = applies;
    if (applies == Applies::kAtOnce) info.for_workers = false;
    return std::move(*this);
  }
  Setting NotForWorkers() && {
    info.for_workers = false;
    return std::move(*this);
  }
  Setting OneTable() && {
    info.one_table = true;
    return std::move(*this);
  }
  Setting IcebergOnly() && { return std::move(*this).For({TableKind::kIceberg}); }
  Setting For(std::vector<TableKind> kinds) && {
    info.kinds = std::move(kinds);
    return std::move(*this);
  }
};

// Declarations of each section, in the order in which they are read and shown.
const std::vector<Setting<Kafka>>& KafkaSettings();
const std::vector<Setting<Source>>& SourceSettings();
const std::vector<Setting<Catalog>>& CatalogSettings();
const std::vector<Setting<Storage>>& StorageSettings();
const std::vector<Setting<Sink>>& SinkSettings();
const std::vector<Setting<Orchestrator>>& OrchestratorSettings();
const std::vector<Setting<Config>>& DefaultsSettings();  ///< those that a table does not have
const std::vector<Setting<Table>>& TableSettings();
const std::vector<Setting<Table>>& RowSettings();  ///< a part of TableSettings(): what rows become
const std::vector<Setting<CountsEntry>>& CountsSettings();

/// Reads all of them; what is required and absent becomes a problem.
template <typename Section>
void ReadSettings(const std::vector<Setting<Section>>& settings, NodeReader& r, Section* section) {
  for (const Setting<Section>& setting : settings) {
    if (!setting.info.example.empty()) r.Require(setting.info.name, setting.info.example);
    setting.read(r, section);
  }
}

// Readers and writers of values.
void ReadUrl(NodeReader& r, std::string_view key, std::string* out);   ///< http(s)://…, no slash at the end
void ReadFile(NodeReader& r, std::string_view key, std::string* out);  ///< made absolute
/// A folder of tables: local, made absolute, or s3://bucket/path; no slash at its end.
void ReadTablesFolder(NodeReader& r, std::string_view key, std::string* out);
std::string WithoutLastSlash(std::string path);
std::string QuotedText(const std::string& text);
std::string ListText(const std::vector<std::string>& words);  ///< ["a", "b"]
inline const char* FlagText(bool flag) { return flag ? "true" : "false"; }
std::string DurationText(Millis duration);
std::string SizeText(int64_t bytes);

/// A setting with a reader and a text of its own.
template <typename Section>
Setting<Section> OwnSetting(std::string name, ValueShape shape,
                            std::function<void(NodeReader&, Section*)> read,
                            std::function<std::string(const Section&)> text, std::string help) {
  return {{.name = std::move(name), .shape = std::move(shape), .help = std::move(help)},
          std::move(read),
          std::move(text)};
}

/// A text in `member` with a reader of its own.
template <typename Section>
Setting<Section> OwnSetting(std::string name, std::string Section::*member,
                            std::function<void(NodeReader&, Section*)> read, std::string help) {
  return OwnSetting<Section>(
      std::move(name), {}, std::move(read), [member](const Section& s) { return s.*member; },
      std::move(help));
}

/// A text that is not empty.
template <typename Section>
Setting<Section> TextSetting(std::string name, std::string Section::*member, std::string help) {
  auto read = [name, member](NodeReader& r, Section* s) { r.String(name, &(s->*member)); };
  Setting<Section> setting = OwnSetting<Section>(name, member, read, std::move(help));
  setting.info.shape.low = 1;
  return setting;
}

/// A text that may be written as "".
template <typename Section>
Setting<Section> TextOrNoneSetting(std::string name, std::string Section::*member, std::string help) {
  auto read = [name, member](NodeReader& r, Section* s) { r.String(name, &(s->*member), true); };
  return OwnSetting<Section>(name, member, read, std::move(help));
}

template <typename Section>
Setting<Section> UrlSetting(std::string name, std::string Section::*member, std::string help) {
  auto read = [name, member](NodeReader& r, Section* s) { ReadUrl(r, name, &(s->*member)); };
  Setting<Section> setting = OwnSetting<Section>(name, member, read, std::move(help));
  setting.info.shape.kind = ValueShape::Kind::kUrl;
  return setting;
}

template <typename Section>
Setting<Section> FileSetting(std::string name, std::string Section::*member, std::string help) {
  auto read = [name, member](NodeReader& r, Section* s) { ReadFile(r, name, &(s->*member)); };
  Setting<Section> setting = OwnSetting<Section>(name, member, read, std::move(help));
  setting.info.shape.kind = ValueShape::Kind::kPath;
  return setting;
}

template <typename Section>
Setting<Section> FlagSetting(std::string name, bool Section::*member, std::string help) {
  return OwnSetting<Section>(
      name, {.kind = ValueShape::Kind::kFlag},
      [name, member](NodeReader& r, Section* s) { r.Bool(name, &(s->*member)); },
      [member](const Section& s) { return FlagText(s.*member); }, std::move(help));
}

template <typename Section>
Setting<Section> WholeSetting(std::string name, int Section::*member, int low, int high, std::string help) {
  auto read = [=](NodeReader& r, Section* s) {
    int64_t value = s->*member;
    r.Integer(name, low, high, &value);
    s->*member = static_cast<int>(value);
  };
  return OwnSetting<Section>(
      name, {.kind = ValueShape::Kind::kWhole, .low = low, .high = high}, read,
      [member](const Section& s) { return std::to_string(s.*member); }, std::move(help));
}

template <typename Section>
Setting<Section> DurationSetting(std::string name, Millis Section::*member, Millis low, Millis high,
                                 std::string help) {
  return OwnSetting<Section>(
      name, {.kind = ValueShape::Kind::kDuration, .low = low.count(), .high = high.count()},
      [=](NodeReader& r, Section* s) { r.Duration(name, low, high, &(s->*member)); },
      [member](const Section& s) { return DurationText(s.*member); }, std::move(help));
}

template <typename Section>
Setting<Section> SizeSetting(std::string name, int64_t Section::*member, int64_t low, int64_t high,
                             std::string help) {
  return OwnSetting<Section>(
      name, {.kind = ValueShape::Kind::kSize, .low = low, .high = high},
      [=](NodeReader& r, Section* s) { r.Size(name, low, high, &(s->*member)); },
      [member](const Section& s) { return SizeText(s.*member); }, std::move(help));
}

/// One of some words, each with its value.
template <typename Section, typename T>
Setting<Section> ChoiceSetting(std::string name, T Section::*member,
                               std::vector<std::pair<std::string, std::type_identity_t<T>>> choices,
                               std::string help) {
  ValueShape shape{.kind = ValueShape::Kind::kChoice};
  for (const auto& choice : choices) shape.choices.push_back(choice.first);
  auto read = [=](NodeReader& r, Section* s) { r.Choice<T>(name, choices, &(s->*member)); };
  auto text = [=](const Section& s) {
    for (const auto& [word, value] : choices) {
      if (value == s.*member) return word;
    }
    return std::string();
  };
  return OwnSetting<Section>(name, std::move(shape), read, text, std::move(help));
}

}  // namespace cdc::config
