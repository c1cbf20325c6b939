/// \file lib/config/settings_schema.cc
/// The declared settings as JSON: a list for programs, and a schema for editors.

#include <nlohmann/json.hpp>

#include "lib/config/settings.h"

namespace cdc::config {
namespace {

using Json = nlohmann::ordered_json;
using Kind = ValueShape::Kind;

/// A text that an environment variable fills is not known to an editor.
Json OrVariable(Json schema) { return {{"anyOf", {std::move(schema), {{"pattern", "\\$\\{"}}}}}; }

Json TextWith(const char* pattern) {
  Json schema = {{"type", "string"}};
  schema["pattern"] = std::string(pattern) + "|\\$\\{";
  return schema;
}

Json SchemaOf(const ValueShape& shape) {
  switch (shape.kind) {
    case Kind::kText: {
      Json schema = {{"type", "string"}};
      if (shape.low > 0) schema["minLength"] = shape.low;
      return schema;
    }
    case Kind::kPath: return {{"type", "string"}};
    case Kind::kUrl: return TextWith("^$|^https?://");
    case Kind::kFlag: return {{"type", "boolean"}};
    case Kind::kWhole: return {{"type", "integer"}, {"minimum", shape.low}, {"maximum", shape.high}};
    case Kind::kDuration: return TextWith("^[0-9]+ ?(ms|s|m|h|d)$");
    case Kind::kSize: return TextWith("^[0-9]+ ?(B|[KMGT]i?B)$");
    case Kind::kList: {
      const Json item = {{"type", "string"}, {"minLength", 1}};
      return {{"type", "array"}, {"items", item}, {"minItems", 1}, {"uniqueItems", true}};
    }
    case Kind::kChoice: return OrVariable({{"enum", shape.choices}});
    case Kind::kSection:
    case Kind::kOther: return Json::parse(shape.schema);
  }
  return Json::object();
}

/// As a value of its type; nothing: none, or one that only words say.
Json DefaultOf(const SettingInfo& setting) {
  const std::string& text = setting.default_text;
  if (text.empty() || setting.required || !setting.default_phrase.empty()) return nullptr;
  switch (setting.shape.kind) {
    case Kind::kFlag:
    case Kind::kWhole:
    case Kind::kList:
    case Kind::kOther: {
      Json value = Json::parse(text, nullptr, false);
      return value.is_discarded() ? Json() : value;
    }
    case Kind::kSection: return nullptr;
    default: return text;
  }
}

const char* NameOf(Kind kind) {
  switch (kind) {
    case Kind::kText: return "text";
    case Kind::kUrl: return "url";
    case Kind::kPath: return "path";
    case Kind::kFlag: return "flag";
    case Kind::kWhole: return "whole";
    case Kind::kDuration: return "duration";
    case Kind::kSize: return "size";
    case Kind::kList: return "list";
    case Kind::kChoice: return "choice";
    case Kind::kSection: return "section";
    case Kind::kOther: return "other";
  }
  return "";
}

const char* NameOf(Applies applies) {
  switch (applies) {
    case Applies::kAtOnce: return "at once";
    case Applies::kWorkers: return "worker restart";
    case Applies::kOrchestrator: return "orchestrator restart";
  }
  return "";
}

Json PropertyOf(const SettingInfo& setting) {
  Json property = SchemaOf(setting.shape);
  property["description"] = setting.help;
  if (Json value = DefaultOf(setting); !value.is_null()) property["default"] = std::move(value);
  if (setting.secret) property["writeOnly"] = true;
  return property;
}

Json ObjectOf(const SectionInfo& section) {
  Json required = Json::array();
  Json properties = Json::object();
  for (const SettingInfo& setting : section.settings) {
    properties[setting.name] = PropertyOf(setting);
    if (setting.required) required.push_back(setting.name);
  }
  Json object = {{"type", "object"}, {"description", section.help}, {"properties", properties}};
  if (!required.empty()) object["required"] = required;
  object["additionalProperties"] = false;
  return object;
}

/// Sections of people's own names, each of the same form.
Json NamedObjects(const char* definition) {
  return {{"type", "object"}, {"additionalProperties", {{"$ref", std::string("#/$defs/") + definition}}}};
}

}  // namespace

std::string SettingsJson() {
  Json all = Json::array();
  for (const SectionInfo& section : DescribeSettings()) {
    for (const SettingInfo& setting : section.settings) {
      Json one = {{"section", section.name},
                  {"name", setting.name},
                  {"kind", NameOf(setting.shape.kind)},
                  {"required", setting.required},
                  {"default", DefaultOf(setting)},
                  {"secret", setting.secret},
                  {"change", NameOf(setting.applies)},
                  {"one_table", setting.one_table},
                  {"iceberg_only", setting.kinds == std::vector{TableKind::kIceberg}},
                  {"only", KindsText(setting.kinds)},
                  {"help", setting.help}};
      if (!setting.shape.choices.empty()) one["choices"] = setting.shape.choices;
      if (setting.shape.high > 0) one["least"] = setting.shape.low, one["most"] = setting.shape.high;
      all.push_back(std::move(one));
    }
  }
  return all.dump(2) + "\n";
}

std::string SettingsSchema() {
  Json properties = Json::object();
  Json definitions = Json::object();
  for (const SectionInfo& section : DescribeSettings()) {
    if (section.name == "sinks.<name>") {
      definitions["sink"] = ObjectOf(section);
      properties["sinks"] = NamedObjects("sink");
      properties["sinks"]["propertyNames"] = {{"pattern", "^[a-z0-9_-]+$"},
                                              {"not", {{"const", kIcebergSink}}}};
    } else if (section.name == "counts.<name>") {
      definitions["counts"] = ObjectOf(section);
      properties["counts"] = NamedObjects("counts");
    } else if (section.name == "tables.<name>") {
      definitions["table"] = ObjectOf(section);
      properties["tables"] = NamedObjects("table");
      for (const SettingInfo& setting : section.settings) {
        if (!setting.one_table) properties["defaults"]["properties"][setting.name] = PropertyOf(setting);
      }
    } else {
      properties[section.name] = ObjectOf(section);
    }
  }
  const Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                       {"title", "tables.toml of cdc"},
                       {"type", "object"},
                       {"properties", properties},
                       {"required", {"kafka", "source"}},
                       {"additionalProperties", false},
                       {"$defs", definitions}};
  return schema.dump(2) + "\n";
}

}  // namespace cdc::config
