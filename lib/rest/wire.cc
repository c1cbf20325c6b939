#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "lib/rest/wire_internal.h"
#include "lib/core/percent.h"

namespace cdc::rest {
namespace {

using Json = nlohmann::json;

void StripSlashes(std::string* text) {
  while (!text->empty() && text->back() == '/') text->pop_back();
}

/// Servers spell a prefix as it is to be sent; only what can stand in no URL is escaped.
std::string EscapePrefix(const std::string& prefix) {
  std::string out;
  for (const char c : prefix) {
    const auto byte = static_cast<unsigned char>(c);
    const bool forbidden =
        byte <= 0x20 || byte >= 0x7F || std::string_view("\"<>\\^`{|}?#").find(c) != std::string_view::npos;
    if (forbidden)
      out += fmt::format("%{:02X}", byte);
    else
      out += c;
  }
  return out;
}

void MergeText(const Json& tree, const char* key, std::map<std::string, std::string>* into) {
  const auto found = tree.find(key);
  if (found == tree.end() || !found->is_object()) return;
  for (const auto& [name, value] : found->items()) {
    if (value.is_string()) (*into)[name] = value.get<std::string>();
  }
}

}  // namespace

std::string BaseOf(std::string uri) {
  StripSlashes(&uri);
  if (uri.size() > 3 && uri.ends_with("/v1")) uri.resize(uri.size() - 3);
  StripSlashes(&uri);
  return uri;
}

std::vector<std::string> LevelsOf(const std::string& name_space) {
  std::vector<std::string> levels;
  size_t from = 0;
  while (true) {
    const size_t dot = name_space.find('.', from);
    levels.push_back(name_space.substr(from, dot - from));
    if (dot == std::string::npos) return levels;
    from = dot + 1;
  }
}

std::string Paths::Config(const std::string& warehouse) const {
  std::string url = base + "/v1/config";
  if (!warehouse.empty()) url += "?warehouse=" + PercentEncode(warehouse);
  return url;
}

std::string Paths::Tokens() const { return base + "/v1/oauth/tokens"; }

std::string Paths::Root() const {
  return prefix.empty() ? base + "/v1" : fmt::format("{}/v1/{}", base, prefix);
}

std::string Paths::Namespaces() const { return Root() + "/namespaces"; }

std::string Paths::Namespace(const std::string& name_space) const {
  std::string escaped;
  for (const std::string& level : LevelsOf(name_space)) {
    escaped.append(escaped.empty() ? "" : separator).append(PercentEncode(level));
  }
  return fmt::format("{}/{}", Namespaces(), escaped);
}

std::string Paths::Tables(const std::string& name_space) const { return Namespace(name_space) + "/tables"; }

std::string Paths::Table(const iceberg::TableIdent& ident) const {
  return fmt::format("{}/{}", Tables(ident.name_space), PercentEncode(ident.name));
}

std::string Paths::View(const iceberg::TableIdent& ident) const {
  return fmt::format("{}/views/{}", Namespace(ident.name_space), PercentEncode(ident.name));
}

std::string Paths::Credentials(const iceberg::TableIdent& ident) const {
  return Table(ident) + "/credentials";
}

std::string Paths::Resolve(const std::string& endpoint) const {
  if (endpoint.starts_with("http://") || endpoint.starts_with("https://")) return endpoint;
  return fmt::format("{}/{}", base,
                     endpoint.substr(std::min(endpoint.find_first_not_of('/'), endpoint.size())));
}

bool ServerConfig::offers_credentials() const {
  return std::any_of(endpoints.begin(), endpoints.end(), [](const std::string& endpoint) {
    return endpoint.starts_with("GET ") && endpoint.ends_with("/tables/{table}/credentials");
  });
}

Paths ServerConfig::PathsFrom(const std::string& client_base) const {
  const auto find = [&](const char* key, const std::string& fallback) {
    const auto found = properties.find(key);
    return found == properties.end() || found->second.empty() ? fallback : found->second;
  };
  Paths paths;
  paths.base = BaseOf(find("uri", client_base));
  paths.prefix = EscapePrefix(find("prefix", ""));
  StripSlashes(&paths.prefix);
  paths.separator = find("namespace-separator", paths.separator);
  return paths;
}

std::map<std::string, std::string> ServerConfig::StorageDefaults() const {
  std::map<std::string, std::string> defaults;
  for (const auto& [key, value] : properties) {
    if (key.starts_with("s3.") || key.starts_with("client.")) defaults[key] = value;
  }
  return defaults;
}

std::vector<http::Header> ServerConfig::ExtraHeaders() const {
  constexpr std::string_view kPrefix = "header.";
  std::vector<http::Header> headers;
  for (auto at = properties.lower_bound(std::string(kPrefix));
       at != properties.end() && at->first.starts_with(kPrefix); ++at) {
    const bool one_line = (at->first + at->second).find_first_of("\r\n") == std::string::npos;
    if (one_line && at->first.size() > kPrefix.size())
      headers.emplace_back(at->first.substr(kPrefix.size()), at->second);
  }
  return headers;
}

Result<ServerConfig> ParseServerConfig(std::string_view json,
                                       const std::map<std::string, std::string>& client) {
  const Json tree = Json::parse(json, nullptr, false);
  if (!tree.is_object() || (!tree.contains("defaults") && !tree.contains("overrides"))) {
    return Error{ErrorKind::kCorrupt, "the answer is no configuration of an Iceberg REST catalog"};
  }
  ServerConfig config;
  MergeText(tree, "defaults", &config.properties);
  for (const auto& [key, value] : client) config.properties[key] = value;
  MergeText(tree, "overrides", &config.properties);
  if (const auto endpoints = tree.find("endpoints"); endpoints != tree.end() && endpoints->is_array()) {
    for (const Json& each : *endpoints) {
      if (each.is_string()) config.endpoints.push_back(each.get<std::string>());
    }
  }
  if (const auto lifetime = tree.find("idempotency-key-lifetime");
      lifetime != tree.end() && lifetime->is_string()) {
    config.idempotency_key_lifetime = ParseIsoDuration(lifetime->get<std::string>());
  }
  return config;
}

std::optional<Millis> ParseIsoDuration(std::string_view text) {
  if (!text.starts_with('P')) return std::nullopt;
  double seconds = 0;
  bool time = false;
  bool any = false;
  for (size_t at = 1; at < text.size();) {
    if (text[at] == 'T' && !time) {
      time = true;
      ++at;
      continue;
    }
    const size_t end = text.find_first_not_of("0123456789.", at);
    if (end == at || end == std::string_view::npos || end - at > 12) return std::nullopt;
    const double amount = std::strtod(std::string(text.substr(at, end - at)).c_str(), nullptr);
    const char unit = text[end];
    double factor = 0;
    if (!time && unit == 'D') factor = 86400;
    if (time && unit == 'H') factor = 3600;
    if (time && unit == 'M') factor = 60;
    if (time && unit == 'S') factor = 1;
    if (factor == 0) return std::nullopt;
    seconds += amount * factor;
    any = true;
    at = end + 1;
  }
  if (!any) return std::nullopt;
  return Millis(std::llround(std::min(seconds, 1e9) * 1000));
}

std::string UuidV7(int64_t unix_ms, uint64_t random_high, uint64_t random_low) {
  const auto ms = static_cast<uint64_t>(unix_ms);
  return fmt::format("{:08x}-{:04x}-7{:03x}-{:04x}-{:012x}", (ms >> 16) & 0xFFFFFFFF, ms & 0xFFFF,
                     random_high & 0xFFF, 0x8000 | ((random_high >> 12) & 0x3FFF),
                     random_low & 0xFFFFFFFFFFFF);
}

}  // namespace cdc::rest
