#pragma once

/// \file lib/rest/wire_internal.h
/// Pure parts of the protocol: addresses, and what GET /v1/config says.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/clock.h"
#include "lib/core/result.h"
#include "lib/http/client.h"
#include "lib/iceberg/catalog.h"

namespace cdc::rest {

/// Where things are. All results are absolute and escaped.
struct Paths {
  std::string base;               ///< before "/v1", without "/" at the end
  std::string prefix;             ///< as the server spells it, escaped where it has to be; may be empty
  std::string separator = "%1F";  ///< between a namespace's levels, escaped (server's `namespace-separator`)

  std::string Config(const std::string& warehouse) const;
  std::string Tokens() const;
  std::string Namespaces() const;
  std::string Namespace(const std::string& name_space) const;
  std::string Tables(const std::string& name_space) const;
  std::string Table(const iceberg::TableIdent& ident) const;
  std::string View(const iceberg::TableIdent& ident) const;
  std::string Credentials(const iceberg::TableIdent& ident) const;
  /// What a server names as an endpoint: absolute, or relative to `base`.
  std::string Resolve(const std::string& endpoint) const;

 private:
  std::string Root() const;
};

/// `uri` of tables.toml without "/v1" and "/" at its end.
std::string BaseOf(std::string uri);

/// The levels that are joined by "." in our names.
std::vector<std::string> LevelsOf(const std::string& name_space);

struct ServerConfig {
  std::map<std::string, std::string> properties;  ///< overrides over the client's over defaults
  std::vector<std::string> endpoints;             ///< "GET /v1/{prefix}/namespaces"; empty: not said
  std::optional<Millis> idempotency_key_lifetime;

  /// Whether the server offers to vend credentials apart from loading the table.
  bool offers_credentials() const;
  Paths PathsFrom(const std::string& client_base) const;
  /// What it says about the storage of all tables: members "s3.…" and "client.…".
  std::map<std::string, std::string> StorageDefaults() const;
  /// Members "header.<name>": sent with every request.
  std::vector<http::Header> ExtraHeaders() const;
};

/// \param client the client's own properties
/// \return kCorrupt: not a ConfigResponse.
Result<ServerConfig> ParseServerConfig(std::string_view json,
                                       const std::map<std::string, std::string>& client);

/// ISO 8601 durations of days, hours, minutes and seconds ("PT30M", "P1DT1.5S"); none for others.
std::optional<Millis> ParseIsoDuration(std::string_view text);

/// RFC 9562, version 7. \param random bits of a good generator
std::string UuidV7(int64_t unix_ms, uint64_t random_high, uint64_t random_low);

}  // namespace cdc::rest
