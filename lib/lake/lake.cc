#include "lib/lake/lake.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lib/http/client.h"
#include "lib/iceberg/sqlite_catalog.h"
#include "lib/lake/vended_access.h"
#include "lib/rest/rest_catalog.h"
#include "lib/s3/file_system.h"

namespace cdc::lake {
namespace {

constexpr const char* kDefaultRegion = "us-east-1";

/// No longer than `patience`, neither a single attempt nor all of them.
rest::Options Bounded(rest::Options options, Millis patience) {
  options.request_timeout = std::min(options.request_timeout, patience);
  options.retry_for = std::min(options.retry_for, patience);
  return options;
}

s3::Options Bounded(s3::Options options, Millis patience) {
  options.stall_timeout = std::min(options.stall_timeout, patience);
  options.retry_for = std::min(options.retry_for, patience);
  return options;
}

/// What [storage] says, on its own.
s3::Access Configured(const config::Storage& storage) {
  s3::Access access;
  access.endpoint = storage.endpoint;
  access.region = storage.region.empty() ? kDefaultRegion : storage.region;
  access.path_style = storage.path_style.value_or(true);
  access.access_key_id = storage.access_key_id;
  access.secret_access_key = storage.secret_access_key;
  access.session_token = storage.session_token;
  return access;
}

/// "gs://bucket/path" → "gs"; empty: a plain path.
std::string_view SchemeOf(std::string_view path) {
  const size_t end = path.find("://");
  const bool is_path =
      end == std::string_view::npos || path.substr(0, end).find('/') != std::string_view::npos;
  return is_path ? std::string_view() : path.substr(0, end);
}

/// Either store by the path's scheme: the catalog decides per table where it lives.
class FilesByScheme final : public storage::FileSystem {
 public:
  /// \param s3 null: a local warehouse, for whose tables no [storage] is asked
  explicit FilesByScheme(std::unique_ptr<storage::FileSystem> s3)
      : local_(storage::MakeLocalFileSystem()), s3_(std::move(s3)) {}

  Result<std::unique_ptr<storage::Writer>> Create(const std::string& path) override {
    CDC_ASSIGN(storage::FileSystem* const files, For(path));
    return files->Create(path);
  }
  Result<std::unique_ptr<storage::Reader>> Open(const std::string& path) override {
    CDC_ASSIGN(storage::FileSystem* const files, For(path));
    return files->Open(path);
  }
  Status Delete(const std::string& path) override {
    CDC_ASSIGN(storage::FileSystem* const files, For(path));
    return files->Delete(path);
  }
  Result<std::vector<storage::FileInfo>> List(const std::string& folder) override {
    CDC_ASSIGN(storage::FileSystem* const files, For(folder));
    return files->List(folder);
  }
  Result<std::string> ReadAll(const std::string& path) override {
    CDC_ASSIGN(storage::FileSystem* const files, For(path));
    return files->ReadAll(path);
  }
  Status WriteNew(const std::string& path, std::string_view bytes) override {
    CDC_ASSIGN(storage::FileSystem* const files, For(path));
    return files->WriteNew(path, bytes);
  }

 private:
  /// \return kUnsupported: a store that is not spoken. As a local path it would be a folder of that name,
  /// with files that no reader finds.
  Result<storage::FileSystem*> For(const std::string& path) const {
    const std::string_view scheme = SchemeOf(path);
    if (scheme.empty() || scheme == "file") return local_.get();
    if (s3::IsS3Path(path) && s3_ != nullptr) return s3_.get();
    return Error{ErrorKind::kUnsupported,
                 fmt::format("reaching {}: {}:// is no store of this catalog", path, scheme),
                 s3::IsS3Path(path) ? "[catalog] warehouse = \"s3://bucket/path\" and [storage] open it"
                                    : "tables must lie in s3:// or in a local folder: let [catalog] name or "
                                      "warehouse say so"};
  }

  std::unique_ptr<storage::FileSystem> local_;
  std::unique_ptr<storage::FileSystem> s3_;
};

class OpenLake final : public Lake {
 public:
  iceberg::Catalog& catalog() override { return *catalog_; }
  storage::FileSystem& files() override { return *files_; }

  // In the order in which they are needed: later ones refer to earlier ones.
  std::unique_ptr<http::Client> catalog_client_;
  std::unique_ptr<http::Client> storage_client_;
  std::unique_ptr<storage::FileSystem> files_;
  std::unique_ptr<iceberg::Catalog> catalog_;
};

Result<std::unique_ptr<http::Client>> MakeClient(const std::string& ca_file) {
  http::ClientOptions options;
  options.ca_file = ca_file;
  options.user_agent = "cdc/" CDC_VERSION;
  return http::Client::Make(std::move(options));
}

/// Local files, and those of the store that [storage] names if `path` is there.
Result<std::unique_ptr<storage::FileSystem>> FilesFor(const config::Config& config, const std::string& path,
                                                      Millis patience, std::unique_ptr<http::Client>* client) {
  std::unique_ptr<storage::FileSystem> s3;
  if (s3::IsS3Path(path)) {
    CDC_ASSIGN(*client, MakeClient(config.storage.ca_file));
    s3::Options options;
    options.access = [access = Configured(config.storage)](const std::string&, bool) -> Result<s3::Access> {
      return access;
    };
    s3 = s3::MakeS3FileSystem(**client, Bounded(std::move(options), patience));
  }
  return std::unique_ptr<storage::FileSystem>(std::make_unique<FilesByScheme>(std::move(s3)));
}

class FilesAlone final : public Files {
 public:
  storage::FileSystem& files() override { return *files_; }

  std::unique_ptr<http::Client> client_;
  std::unique_ptr<storage::FileSystem> files_;
};

Status OpenSqlite(const config::Config& config, Millis patience, OpenLake* lake) {
  CDC_ASSIGN(lake->files_, FilesFor(config, config.catalog.warehouse, patience, &lake->storage_client_));
  iceberg::SqliteCatalogOptions options;
  options.path = config.catalog.uri;
  options.name = config.catalog.name;
  options.warehouse = config.catalog.warehouse;
  CDC_ASSIGN(lake->catalog_, iceberg::MakeSqliteCatalog(options, *lake->files_));
  return {};
}

Status OpenRest(const config::Config& config, const iceberg::TableIdent& ident, Millis patience,
                OpenLake* lake) {
  CDC_ASSIGN(lake->catalog_client_, MakeClient(config.catalog.ca_file));
  CDC_ASSIGN(lake->storage_client_, MakeClient(config.storage.ca_file));
  rest::Options options;
  options.uri = config.catalog.uri;
  options.warehouse = config.catalog.name;
  options.table_root = config.catalog.warehouse;
  options.token = config.catalog.token;
  options.credential = config.catalog.credential;
  options.scope = config.catalog.scope;
  options.oauth2_server_uri = config.catalog.oauth2_server_uri;
  options.vended_credentials = config.storage.access_key_id.empty();
  CDC_ASSIGN(auto catalog,
             rest::MakeRestCatalog(*lake->catalog_client_, Bounded(std::move(options), patience)));
  s3::Options files;
  files.access = [&vendor = *catalog, ident, storage = config.storage](const std::string& path,
                                                                       bool rejected) -> Result<s3::Access> {
    if (!storage.access_key_id.empty()) return Configured(storage);
    CDC_ASSIGN(const rest::StorageProperties vended, vendor.StorageFor(ident, path, rejected));
    return MergeAccess(storage, vended);
  };
  lake->files_ = std::make_unique<FilesByScheme>(
      s3::MakeS3FileSystem(*lake->storage_client_, Bounded(std::move(files), patience)));
  lake->catalog_ = std::move(catalog);
  return {};
}

}  // namespace

Result<s3::Access> MergeAccess(const config::Storage& storage,
                               const std::map<std::string, std::string>& vended) {
  const auto find = [&vended](const char* key) {
    const auto found = vended.find(key);
    return found == vended.end() ? std::string() : found->second;
  };
  s3::Access access = Configured(storage);
  if (storage.endpoint.empty()) access.endpoint = find("s3.endpoint");
  if (storage.region.empty()) {
    const std::string region = find("client.region");
    if (!region.empty())
      access.region = region;
    else if (const std::string s3_region = find("s3.region"); !s3_region.empty())
      access.region = s3_region;
  }
  if (!storage.path_style) {
    const std::string path_style = find("s3.path-style-access");
    // AWS' own hosts carry the bucket in their name; whoever has an endpoint of their own rarely does.
    access.path_style = path_style.empty() ? !access.endpoint.empty() : path_style == "true";
  }
  access.access_key_id = find("s3.access-key-id");
  access.secret_access_key = find("s3.secret-access-key");
  access.session_token = find("s3.session-token");
  if (access.access_key_id.empty() || access.secret_access_key.empty()) {
    return Error{ErrorKind::kInvalidConfig, "the catalog vends no credentials for the table's files",
                 "write [storage] access_key_id and secret_access_key, or let the catalog vend them"};
  }
  return access;
}

Result<std::unique_ptr<Files>> OpenFiles(const config::Config& config, const std::string& path, Millis patience) {
  auto alone = std::make_unique<FilesAlone>();
  CDC_ASSIGN(alone->files_, FilesFor(config, path, patience, &alone->client_));
  return std::unique_ptr<Files>(std::move(alone));
}

Result<std::unique_ptr<Lake>> Open(const config::Config& config, const iceberg::TableIdent& ident,
                                   Millis patience) {
  auto lake = std::make_unique<OpenLake>();
  switch (config.catalog.type) {
    case config::CatalogType::kSqlite: CDC_TRY(OpenSqlite(config, patience, lake.get())); break;
    case config::CatalogType::kRest: CDC_TRY(OpenRest(config, ident, patience, lake.get())); break;
  }
  return std::unique_ptr<Lake>(std::move(lake));
}

}  // namespace cdc::lake
