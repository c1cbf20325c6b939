#include <algorithm>
#include <cstdlib>

#include "lib/rest/vended_internal.h"

namespace cdc::rest {
namespace {

/// Sessions of AWS last at least 15 minutes; some servers do not say how long theirs do.
constexpr int64_t kUntoldLifeMs = 12 * 60 * 1000;
constexpr int64_t kInFlightMs = 5'000;

std::string OneScheme(const std::string& path) {
  for (const char* scheme : {"s3a", "s3n"}) {
    if (path.starts_with(scheme) && (path.size() == 3 || path[3] == ':')) return "s3" + path.substr(3);
  }
  return path;
}

}  // namespace

StorageProperties PropertiesFor(const Vended& vended, const std::string& path) {
  const std::string wanted = OneScheme(path);
  const iceberg::StorageCredential* best = nullptr;
  for (const iceberg::StorageCredential& each : vended.credentials) {
    if (!wanted.starts_with(OneScheme(each.prefix))) continue;
    if (best == nullptr || OneScheme(each.prefix).size() > OneScheme(best->prefix).size()) best = &each;
  }
  StorageProperties properties = vended.config;
  properties.erase("token");  // the catalog's own, no storage's
  if (best == nullptr) return properties;
  // Credentials are taken whole: a session token of another key is no help.
  if (best->config.contains("s3.access-key-id")) {
    for (const char* key : {"s3.session-token", "s3.session-token-expires-at-ms", "expiration-time"}) {
      properties.erase(key);
    }
  }
  for (const auto& [key, value] : best->config) properties[key] = value;
  return properties;
}

int64_t ExpiresAt(const StorageProperties& properties, int64_t fetched_ms) {
  int64_t earliest = 0;
  for (const char* key : {"s3.session-token-expires-at-ms", "expiration-time"}) {
    const auto found = properties.find(key);
    const int64_t ms = found == properties.end() ? 0 : std::strtoll(found->second.c_str(), nullptr, 10);
    if (ms > 0) earliest = earliest == 0 ? ms : std::min(earliest, ms);
  }
  if (earliest == 0 && properties.contains("s3.session-token")) return fetched_ms + kUntoldLifeMs;
  return earliest;
}

Freshness FreshnessOf(const StorageProperties& properties, int64_t fetched_ms, int64_t now_ms) {
  const int64_t expires = ExpiresAt(properties, fetched_ms);
  if (expires == 0) return Freshness::kFresh;
  const int64_t life = std::max<int64_t>(0, expires - fetched_ms);
  if (now_ms >= expires - std::min(kInFlightMs, life / 4)) return Freshness::kExpired;
  return now_ms >= expires - life / 4 ? Freshness::kAging : Freshness::kFresh;
}

}  // namespace cdc::rest
