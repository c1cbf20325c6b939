#pragma once

/// \file lib/rest/rest_catalog.h
/// Client of the Iceberg REST catalog protocol (Polaris, Nessie, Iceberg's own server, any): an
/// iceberg::Catalog. Specification: open-api/rest-catalog-open-api.yaml of apache/iceberg.

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "lib/core/clock.h"
#include "lib/core/result.h"
#include "lib/http/client.h"
#include "lib/iceberg/catalog.h"

namespace cdc::rest {

struct Options {
  std::string uri;        ///< "http://127.0.0.1:8182/api/catalog", with or without "/v1" at the end
  std::string warehouse;  ///< sent to GET /v1/config; empty: none
  /// Folder below which CreateTable puts tables that come without a location, as
  /// <table_root>/<namespace>/<table>-<suffix>; empty: the server chooses.
  std::string table_root;
  // How to sign in; all empty: not at all. `token` wins over `credential`.
  std::string token;                       ///< bearer token; a secret
  std::string credential;                  ///< "client_id:client_secret", or the secret alone; a secret
  std::string scope;                       ///< empty: "catalog"; Polaris wants "PRINCIPAL_ROLE:ALL"
  std::string oauth2_server_uri;           ///< absolute, or relative to `uri`; empty: <uri>/v1/oauth/tokens
  bool vended_credentials = false;         ///< ask for storage credentials with every table loaded
  Millis request_timeout{30'000};          ///< one attempt
  Millis retry_for{30'000};                ///< total time spent on a call that may be repeated
  const Clock* clock = nullptr;            ///< null: the system's
  std::function<void(Millis)> sleep = {};  ///< empty: sleeps
  std::function<double()> random = {};     ///< in [0, 1); empty: a generator of its own
};

/// What the catalog says about reaching a table's files: its answer's `config` with the entry of
/// `storage-credentials` on top whose prefix is the longest that `path` starts with. Keys are the
/// specification's: s3.access-key-id, s3.secret-access-key, s3.session-token, s3.endpoint,
/// s3.path-style-access, client.region. Below them, what the catalog says of all its tables.
using StorageProperties = std::map<std::string, std::string>;

class RestCatalog : public iceberg::Catalog {
 public:
  /// Thread-safe, unlike the rest of the class. Loaded with the table and kept; fetched anew when what was
  /// vended is within a quarter of its life of its end, or `rejected`.
  /// \return kNotFound: no such table; kTransient; kInvalidConfig.
  virtual Result<StorageProperties> StorageFor(const iceberg::TableIdent& ident, const std::string& path,
                                               bool rejected) = 0;
};

/// Asks the server's configuration (GET /v1/config) before it returns. Signs in when it has to, again at
/// three quarters of a token's life, and once more when a token is refused (401, 419).
///
/// Beyond what iceberg::Catalog says: CommitTable sends one request and repeats it only when it certainly did
/// not arrive, or when it carries an idempotency key that the server honours. 409 is kConflict, although
/// Polaris also gives it after a commit of ours that succeeded: callers look for their own snapshot first
/// (HistoryContains). 500, 502, 503, 504, time-outs and broken connections are kCommitUnknown, and so is an
/// answer that makes no sense. 404 without the specification's error, with its type, is kTransient: a proxy
/// says so while the catalog behind it restarts. Where a table or namespace is looked for, its code is
/// enough. Calls that change nothing are repeated within `retry_for`; every call is after 429. The server
/// assigns field ids of a new table itself: take them from what CreateTable returns. Refused credentials and
/// missing rights are kInvalidConfig, what a server does not do kUnsupported.
///
/// \param client must outlive the catalog
/// \return kTransient: not reachable, or nothing there that speaks the protocol; kInvalidConfig: refused
/// credentials, no such warehouse.
Result<std::unique_ptr<RestCatalog>> MakeRestCatalog(http::Client& client, Options options);

}  // namespace cdc::rest
