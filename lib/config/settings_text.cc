/// \file lib/config/settings_text.cc
/// The declared settings as a terminal and docs/configuration.md show them.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/config/settings.h"
#include "lib/config/units.h"

namespace cdc::config {
namespace {

using Kind = ValueShape::Kind;

std::string KindText(const ValueShape& shape) {
  switch (shape.kind) {
    case Kind::kText: return "text";
    case Kind::kUrl: return "URL";
    case Kind::kPath: return "path";
    case Kind::kFlag: return "true or false";
    case Kind::kWhole: return fmt::format("whole number, {} to {}", shape.low, shape.high);
    case Kind::kDuration:
      return fmt::format("duration, {} to {}", FormatDuration(Millis(shape.low)),
                         FormatDuration(Millis(shape.high)));
    case Kind::kSize: return fmt::format("size, {} to {}", FormatSize(shape.low), FormatSize(shape.high));
    case Kind::kList: return "list of texts";
    case Kind::kChoice: return fmt::format("{}", fmt::join(shape.choices, " | "));
    case Kind::kSection: return "section";
    case Kind::kOther: return "list";
  }
  return "";
}

const char* AppliesText(Applies applies) {
  switch (applies) {
    case Applies::kAtOnce: return "a change applies at once";
    case Applies::kWorkers: return "a change restarts the workers concerned";
    case Applies::kOrchestrator: return "a change needs `cdc restart`";
  }
  return "";
}

std::string DefaultText(const SettingInfo& setting) {
  if (setting.required) return "required";
  if (!setting.default_phrase.empty()) return setting.default_phrase;
  return setting.default_text.empty() ? "–" : "`" + setting.default_text + "`";
}

/// `first`: with the section's name, as the first row of its section.
std::string KeyText(const SectionInfo& section, const SettingInfo& setting, bool first) {
  if (setting.shape.kind == Kind::kSection) return fmt::format("`[{}.{}]`", section.name, setting.name);
  return first ? fmt::format("`[{}] {}`", section.name, setting.name) : fmt::format("`{}`", setting.name);
}

std::string Row(const std::string& key, const SettingInfo& setting) {
  std::string help = setting.help;
  if (setting.one_table) help += " (tables only)";
  if (!setting.kinds.empty()) help += " (" + KindsText(setting.kinds) + " only)";
  return fmt::format("| {} | {} | {} |\n", key, DefaultText(setting), help);
}

/// `[kafka] bootstrap_servers`, `group_id`, …
std::string NamesThat(const std::vector<SectionInfo>& sections, Applies applies) {
  std::vector<std::string> names;
  for (const SectionInfo& section : sections) {
    bool first = true;
    for (const SettingInfo& setting : section.settings) {
      if (setting.applies != applies) continue;
      names.push_back(KeyText(section, setting, first));
      first = false;
    }
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

constexpr const char* kHead = "| key | default | meaning |\n|---|---|---|\n";

}  // namespace

std::string SettingsText() {
  std::string text;
  for (const SectionInfo& section : DescribeSettings()) {
    text += fmt::format("{}[{}]  {}\n", text.empty() ? "" : "\n", section.name, section.help);
    for (const SettingInfo& setting : section.settings) {
      text += fmt::format("  {}: {}\n", setting.name, setting.help);
      text += fmt::format("      {}; {}{}; {}\n", KindText(setting.shape), setting.required ? "" : "default ",
                          DefaultText(setting), AppliesText(setting.applies));
    }
  }
  return text;
}

std::string SettingsMarkdown() {
  const std::vector<SectionInfo> sections = DescribeSettings();
  std::string text = kHead;
  for (const SectionInfo& section : sections) {
    const bool table = &section == &sections.back();
    if (table) text += "\nIn `[defaults]` or `[tables.<name>]`:\n" + std::string(kHead);
    bool first = !table;
    for (const SettingInfo& setting : section.settings) {
      text += Row(KeyText(section, setting, first), setting);
      first = false;
    }
  }
  text += fmt::format("\nA change of {} needs `cdc restart` (`cdc status` says so). ",
                      NamesThat(sections, Applies::kOrchestrator));
  text += fmt::format("{} apply at once. Every other change restarts the workers concerned, by itself.\n",
                      NamesThat(sections, Applies::kAtOnce));
  return text;
}

}  // namespace cdc::config
