#include "lib/rest/rest_catalog.h"

#include <fmt/format.h>

#include <mutex>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

#include "lib/iceberg/rest_json.h"
#include "lib/rest/session_internal.h"
#include "lib/rest/vended_internal.h"
#include "lib/rest/wire_internal.h"

namespace cdc::rest {
namespace {

using iceberg::LoadedTable;
using iceberg::TableIdent;

/// Several threads are refused at once: what one of them has just fetched serves the others.
constexpr int64_t kJustFetchedMs = 2'000;
constexpr int64_t kRefreshAgainMs = 30'000;

/// What a table's answers said about its storage.
struct StorageEntry {
  Vended vended;
  int64_t refresh_not_before_ms = 0;
};

class Catalog final : public RestCatalog {
 public:
  Catalog(http::Client& client, Options options, std::string token_uri)
      : options_(std::move(options)), session_(client, options_, std::move(token_uri)) {}

  Status Configure();
  Status EnsureNamespace(const std::string& name_space) override;
  Result<LoadedTable> LoadTable(const TableIdent& ident) override;
  Result<LoadedTable> CreateTable(const TableIdent& ident, const rows::Schema& schema,
                                  const std::string& location,
                                  const std::map<std::string, std::string>& properties) override;
  Result<LoadedTable> CommitTable(const LoadedTable& base, const iceberg::TableCommit& commit) override;
  Status DropTable(const TableIdent& ident) override;
  Result<StorageProperties> StorageFor(const TableIdent& ident, const std::string& path,
                                       bool rejected) override;

 private:
  int64_t Now() const { return UnixMillis(session_.timing().clock().wall()); }
  Call Change(std::string what, std::string method, std::string url, std::string body) const;
  void AskForCredentials(Call* call) const;
  Status CreateNamespace(const std::string& name_space);
  bool IsView(const TableIdent& ident);
  Result<iceberg::TableAnswer> Ask(const TableIdent& ident, const char* snapshots, bool patient);
  void Keep(const TableIdent& ident, const iceberg::TableAnswer& answer);
  /// Asks for one table's credentials anew and keeps them.
  Status Refresh(const TableIdent& ident, bool patient);
  std::optional<StorageEntry> Kept(const TableIdent& ident);

  const Options options_;
  Session session_;
  ServerConfig config_;
  Paths paths_;
  std::mutex refreshing_;  ///< one refresh at a time; taken before storage_mutex_
  std::mutex storage_mutex_;
  std::map<std::string, StorageEntry> storage_;
};

Status Catalog::Configure() {
  paths_.base = BaseOf(options_.uri);
  Call call;
  call.rules.what = "opening the catalog";
  call.rules.probes = true;
  call.method = "GET";
  call.url = paths_.Config(options_.warehouse);
  CDC_ASSIGN(const http::Response response, session_.Send(call));
  auto config = ParseServerConfig(response.body, {{"uri", paths_.base}, {"warehouse", options_.warehouse}});
  if (!config) {
    return Error{
        ErrorKind::kInvalidConfig,
        fmt::format("opening the catalog at {}: {}", http::Shown(options_.uri), config.error().message),
        "[catalog] uri must be the address of an Iceberg REST catalog"};
  }
  config_ = std::move(*config);
  paths_ = config_.PathsFrom(paths_.base);
  session_.Extend(config_.ExtraHeaders());
  return {};
}

/// A call after which something is different. It is repeated only under a key that the server keeps for
/// longer than we go on.
Call Catalog::Change(std::string what, std::string method, std::string url, std::string body) const {
  Call call;
  call.rules.what = std::move(what);
  call.rules.changes = true;
  call.rules.repeatable = false;
  call.method = std::move(method);
  call.url = std::move(url);
  call.body = std::move(body);
  if (config_.idempotency_key_lifetime) {
    std::random_device device;
    const auto bits = [&device] { return (uint64_t{device()} << 32) | device(); };
    call.headers.emplace_back("Idempotency-Key", UuidV7(Now(), bits(), bits()));
    call.rules.repeatable = *config_.idempotency_key_lifetime > options_.retry_for + options_.request_timeout;
  }
  return call;
}

void Catalog::AskForCredentials(Call* call) const {
  if (options_.vended_credentials) {
    call->headers.emplace_back("X-Iceberg-Access-Delegation", "vended-credentials");
  }
}

Status Catalog::CreateNamespace(const std::string& name_space) {
  Call call;
  call.rules.what = "making namespace " + name_space;
  call.method = "POST";
  call.url = paths_.Namespaces();
  call.body = nlohmann::json({{"namespace", LevelsOf(name_space)}, {"properties", nlohmann::json::object()}})
                  .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const auto made = session_.Send(call);
  if (made || made.error().kind == ErrorKind::kConflict) return {};
  return made.error();
}

Status Catalog::EnsureNamespace(const std::string& name_space) {
  Call call;
  call.rules.what = "looking for namespace " + name_space;
  call.rules.looks = true;
  call.method = "GET";
  call.url = paths_.Namespace(name_space);
  const auto found = session_.Send(call);
  if (found) return {};
  if (found.error().kind != ErrorKind::kNotFound) return found.error();
  const size_t dot = name_space.rfind('.');
  if (dot != std::string::npos) CDC_TRY(EnsureNamespace(name_space.substr(0, dot)));
  return CreateNamespace(name_space);
}

Result<iceberg::TableAnswer> Catalog::Ask(const TableIdent& ident, const char* snapshots, bool patient) {
  Call call;
  call.rules.what = "loading " + ToString(ident);
  call.rules.looks = true;
  call.method = "GET";
  call.url = fmt::format("{}?snapshots={}", paths_.Table(ident), snapshots);
  call.table = ToString(ident);
  call.patient = patient;
  AskForCredentials(&call);
  CDC_ASSIGN(const http::Response response, session_.Send(call));
  auto answer = iceberg::ParseTableAnswer(response.body, nullptr);
  if (!answer) {
    Error error = answer.error();
    error.message = fmt::format("{}: {}", call.rules.what, error.message);
    return error;
  }
  Keep(ident, *answer);
  return answer;
}

void Catalog::Keep(const TableIdent& ident, const iceberg::TableAnswer& answer) {
  const auto token = answer.config.find("token");
  session_.SetTableToken(ToString(ident), token == answer.config.end() ? "" : token->second);
  StorageEntry entry{{answer.config, answer.credentials, Now()}, 0};
  entry.vended.config.merge(config_.StorageDefaults());  // the table's own stay
  const std::lock_guard lock(storage_mutex_);
  storage_[ToString(ident)] = std::move(entry);
}

Result<LoadedTable> Catalog::LoadTable(const TableIdent& ident) {
  CDC_ASSIGN(iceberg::TableAnswer answer, Ask(ident, "all", true));
  return LoadedTable{ident, std::move(answer.metadata_location), std::move(answer.metadata)};
}

Result<LoadedTable> Catalog::CreateTable(const TableIdent& ident, const rows::Schema& schema,
                                         const std::string& location,
                                         const std::map<std::string, std::string>& properties) {
  const bool choose = location.empty() && !options_.table_root.empty();
  const std::string folder = choose ? iceberg::NewTableLocation(options_.table_root, ident) : location;
  CDC_ASSIGN(std::string body, iceberg::CreateTableBody(ident.name, schema, folder, properties));
  Call call = Change("making " + ToString(ident), "POST", paths_.Tables(ident.name_space), std::move(body));
  AskForCredentials(&call);
  const auto response = session_.Send(call);
  if (!response && response.error().kind == ErrorKind::kConflict && IsView(ident))
    return iceberg::NameOfView(ident);
  if (!response) return response.error();
  auto answer = iceberg::ParseTableAnswer(response->body, nullptr);
  if (!answer) {
    // Made all the same; what is wrong with it shows when it is loaded.
    return Error{ErrorKind::kCommitUnknown, fmt::format("{}: {}", call.rules.what, answer.error().message)};
  }
  Keep(ident, *answer);
  return LoadedTable{ident, std::move(answer->metadata_location), std::move(answer->metadata)};
}

/// Whoever has views says 204 (REST specification, viewExists); others 404, 405, or a page that answers everything.
bool Catalog::IsView(const TableIdent& ident) {
  Call call;
  call.rules.what = "looking for a view " + ToString(ident);
  call.rules.looks = true;
  call.method = "HEAD";
  call.url = paths_.View(ident);
  const auto found = session_.Send(call);
  return found && found->status == 204;
}

Result<LoadedTable> Catalog::CommitTable(const LoadedTable& base, const iceberg::TableCommit& commit) {
  Call call = Change("committing to " + ToString(base.ident), "POST", paths_.Table(base.ident),
                     iceberg::CommitTableBody(commit, *base.metadata));
  call.table = ToString(base.ident);
  CDC_ASSIGN(const http::Response response, session_.Send(call));
  auto answer = iceberg::ParseTableAnswer(response.body, base.metadata.get());
  if (!answer) {
    return Error{ErrorKind::kCommitUnknown, fmt::format("{}: {}", call.rules.what, answer.error().message)};
  }
  return LoadedTable{base.ident, std::move(answer->metadata_location), std::move(answer->metadata)};
}

Status Catalog::DropTable(const TableIdent& ident) {
  Call call =
      Change("dropping " + ToString(ident), "DELETE", paths_.Table(ident) + "?purgeRequested=false", "");
  call.table = ToString(ident);
  CDC_TRY(session_.Send(call));
  // Its credentials stay while they last: the files are still there for somebody to tidy up.
  session_.SetTableToken(ToString(ident), "");
  return {};
}

std::optional<StorageEntry> Catalog::Kept(const TableIdent& ident) {
  const std::lock_guard lock(storage_mutex_);
  const auto found = storage_.find(ToString(ident));
  if (found == storage_.end()) return std::nullopt;
  return found->second;
}

Status Catalog::Refresh(const TableIdent& ident, bool patient) {
  std::string url;
  if (const auto kept = Kept(ident)) {
    const auto endpoint = kept->vended.config.find("client.refresh-credentials-endpoint");
    if (endpoint != kept->vended.config.end()) {
      url = paths_.Resolve(endpoint->second);
    } else if (config_.offers_credentials() && !kept->vended.credentials.empty()) {
      url = paths_.Credentials(ident);
    }
  }
  if (!url.empty()) {
    Call call;
    call.rules.what = "fetching storage credentials of " + ToString(ident);
    call.method = "GET";
    call.url = std::move(url);
    call.table = ToString(ident);
    call.patient = patient;
    AskForCredentials(&call);
    auto response = session_.Send(call);
    if (!response && response.error().kind == ErrorKind::kTransient) return response.error();
    if (response) {
      auto credentials = iceberg::ParseCredentialsAnswer(response->body);
      if (credentials && !credentials->empty()) {
        const std::lock_guard lock(storage_mutex_);
        StorageEntry& entry = storage_[ToString(ident)];
        entry.vended.credentials = std::move(*credentials);
        entry.vended.fetched_ms = Now();
        entry.refresh_not_before_ms = 0;
        return {};
      }
    }
  }
  // The one way that every server has.
  CDC_TRY(Ask(ident, "refs", patient));
  return {};
}

Result<StorageProperties> Catalog::StorageFor(const TableIdent& ident, const std::string& path,
                                              bool rejected) {
  const auto usable = [&](const StorageEntry& entry, StorageProperties* properties) {
    *properties = PropertiesFor(entry.vended, path);
    return FreshnessOf(*properties, entry.vended.fetched_ms, Now());
  };
  StorageProperties properties;
  Freshness freshness = Freshness::kExpired;
  const auto kept = Kept(ident);
  if (kept) freshness = usable(*kept, &properties);
  if (rejected && (!kept || Now() - kept->vended.fetched_ms >= kJustFetchedMs))
    freshness = Freshness::kExpired;
  if (freshness == Freshness::kFresh) return properties;
  const bool aging = freshness == Freshness::kAging;
  if (aging && Now() < kept->refresh_not_before_ms) return properties;

  std::unique_lock refreshing(refreshing_, std::defer_lock);
  if (aging) {
    if (!refreshing.try_lock()) return properties;  // another thread is at it
  } else {
    refreshing.lock();
    const auto meanwhile = Kept(ident);
    const bool newer = meanwhile && (!kept || meanwhile->vended.fetched_ms > kept->vended.fetched_ms);
    if (newer && usable(*meanwhile, &properties) != Freshness::kExpired) return properties;
  }
  const Status refreshed = Refresh(ident, !aging);
  if (!refreshed && !aging) return refreshed.error();
  if (!refreshed) {
    const std::lock_guard lock(storage_mutex_);
    const auto entry = storage_.find(ToString(ident));
    if (entry != storage_.end()) entry->second.refresh_not_before_ms = Now() + kRefreshAgainMs;
    return properties;
  }
  if (const auto entry = Kept(ident)) (void)usable(*entry, &properties);
  return properties;
}

}  // namespace

Result<std::unique_ptr<RestCatalog>> MakeRestCatalog(http::Client& client, Options options) {
  if ((options.token + options.credential).find_first_of("\r\n") != std::string::npos) {
    return Error{ErrorKind::kInvalidConfig, "[catalog] token or credential has more than one line"};
  }
  Paths paths;
  paths.base = BaseOf(options.uri);
  const std::string token_uri =
      options.oauth2_server_uri.empty() ? paths.Tokens() : paths.Resolve(options.oauth2_server_uri);
  auto catalog = std::make_unique<Catalog>(client, std::move(options), token_uri);
  CDC_TRY(catalog->Configure());
  return std::unique_ptr<RestCatalog>(std::move(catalog));
}

}  // namespace cdc::rest
