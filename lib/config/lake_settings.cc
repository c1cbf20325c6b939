/// \file lib/config/lake_settings.cc
/// [catalog] and [storage]: where the Iceberg tables live.

#include <fmt/format.h>

#include "lib/config/setting_internal.h"

namespace cdc::config {
namespace {

namespace fs = std::filesystem;

void ReadUri(NodeReader& r, Catalog* c) {
  if (c->type == CatalogType::kRest) {
    r.Require("uri", "\"http://127.0.0.1:8182/api/catalog\"");
    return ReadUrl(r, "uri", &c->uri);
  }
  r.Require("uri", "\"data/catalog.db\"");
  std::string uri;
  r.String("uri", &uri);
  if (uri.find("://") != std::string::npos)
    r.Fail("uri", fmt::format("\"{}\" is not allowed: a sqlite catalog is a plain path", uri));
  c->uri = (r.document().folder / uri).lexically_normal().string();
}

void ReadName(NodeReader& r, Catalog* c) {
  const bool rest = c->type == CatalogType::kRest;
  if (rest) c->name.clear();
  r.String("name", &c->name, rest);
}

void ReadWarehouse(NodeReader& r, Catalog* c) {
  if (c->type == CatalogType::kSqlite) r.Require("warehouse", "\"data/warehouse\"");
  ReadTablesFolder(r, "warehouse", &c->warehouse);
}

void ReadPathStyle(NodeReader& r, Storage* s) {
  if (!r.Has("path_style")) return;
  bool path_style = true;
  r.Bool("path_style", &path_style);
  s->path_style = path_style;
}

}  // namespace

void ReadTablesFolder(NodeReader& r, std::string_view key, std::string* out) {
  constexpr std::string_view kFile = "file://";
  std::string text;
  r.String(key, &text);
  if (text.empty()) return;
  if (text.starts_with(kFile)) {
    if (!text.substr(kFile.size()).starts_with('/')) r.Fail(key, "file:// needs an absolute path: file:///…");
    *out = WithoutLastSlash(text);
  } else if (text.starts_with("s3://") || text.starts_with("s3a://")) {
    const size_t bucket = text.find("//") + 2;
    if (bucket == text.size() || text[bucket] == '/')
      r.Fail(key, fmt::format("\"{}\" has no bucket: write s3://bucket/path", text));
    *out = WithoutLastSlash(text);
  } else {
    if (text.find("://") != std::string::npos)
      r.Fail(key, fmt::format("\"{}\" is not allowed: use a local folder or s3://bucket/path", text));
    *out = WithoutLastSlash((r.document().folder / text).lexically_normal().string());
  }
}

// Those of a REST catalog are taken with either type, so that changing the type is a change of one line.
const std::vector<Setting<Catalog>>& CatalogSettings() {
  static const std::vector<Setting<Catalog>> settings = {
      ChoiceSetting("type", &Catalog::type, {{"sqlite", CatalogType::kSqlite}, {"rest", CatalogType::kRest}},
                    "`sqlite`: a file; `rest`: Polaris, Nessie, any Iceberg REST server"),
      OwnSetting<Catalog>("uri", &Catalog::uri, ReadUri,
                          "the catalog's file, or `http://host:8182/api/catalog`")
          .Required(""),
      OwnSetting<Catalog>(
          "name", &Catalog::name, ReadName,
          "sqlite: `catalog_name` in the file; rest: the server's warehouse, may be left out"),
      OwnSetting<Catalog>(
          "warehouse", &Catalog::warehouse, ReadWarehouse,
          "local folder or `s3://bucket/path`; rest: where new tables go, else the server chooses")
          .Shown("sqlite: required"),
      TextSetting("namespace", &Catalog::name_space, "of all tables").Required("\"university\""),
      TextOrNoneSetting("credential", &Catalog::credential, "rest: OAuth2 `client_id:client_secret`")
          .Secret(),
      TextOrNoneSetting("token", &Catalog::token, "rest: a bearer token, in place of `credential`").Secret(),
      TextOrNoneSetting("scope", &Catalog::scope, "rest: of the token. Polaris: `PRINCIPAL_ROLE:ALL`")
          .Shown("`catalog`"),
      UrlSetting("oauth2_server_uri", &Catalog::oauth2_server_uri, "rest: the server that gives tokens")
          .Shown("the catalog's own"),
      FileSetting("ca_file", &Catalog::ca_file, "PEM of the authority that signed the server's certificate")
          .Shown("the system's"),
  };
  return settings;
}

const std::vector<Setting<Storage>>& StorageSettings() {
  static const std::vector<Setting<Storage>> settings = {
      UrlSetting("endpoint", &Storage::endpoint, "of `s3://` paths: `http://127.0.0.1:9000`").Shown("AWS"),
      TextOrNoneSetting("region", &Storage::region, "of the bucket").Shown("`us-east-1`"),
      TextOrNoneSetting(
          "access_key_id", &Storage::access_key_id,
          "with `secret_access_key`; without them a REST catalog is asked for credentials of its own "
          "(vended)"),
      TextOrNoneSetting("secret_access_key", &Storage::secret_access_key, "with `access_key_id`").Secret(),
      TextOrNoneSetting("session_token", &Storage::session_token, "of temporary keys").Secret(),
      OwnSetting<Storage>(
          "path_style", {.kind = ValueShape::Kind::kFlag}, ReadPathStyle,
          [](const Storage& s) { return s.path_style ? FlagText(*s.path_style) : ""; },
          "`true`: bucket in the path; `false`: in the host name")
          .Shown("`true` with an endpoint"),
      FileSetting("ca_file", &Storage::ca_file, "PEM of the authority that signed the store's certificate")
          .Shown("the system's"),
  };
  return settings;
}

}  // namespace cdc::config
