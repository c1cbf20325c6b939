#pragma once

/// \file lib/rest/vended_internal.h
/// Which of the credentials that a catalog vends are for a path, and how long they are good: pure.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lib/iceberg/rest_json.h"
#include "lib/rest/rest_catalog.h"

namespace cdc::rest {

/// What one answer said about a table's storage.
struct Vended {
  std::map<std::string, std::string> config;
  std::vector<iceberg::StorageCredential> credentials;
  int64_t fetched_ms = 0;  ///< Unix milliseconds
};

/// `config` with the longest matching credential on top. "s3", "s3a" and "s3n" are one scheme.
StorageProperties PropertiesFor(const Vended& vended, const std::string& path);

/// Unix milliseconds; 0: they do not say, and are no session's.
int64_t ExpiresAt(const StorageProperties& properties, int64_t fetched_ms);

enum class Freshness {
  kFresh,
  kAging,    ///< good, but to be replaced: the last quarter of their life
  kExpired,  ///< or nearly so: a request made now may arrive too late
};
Freshness FreshnessOf(const StorageProperties& properties, int64_t fetched_ms, int64_t now_ms);

}  // namespace cdc::rest
