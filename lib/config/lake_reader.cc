#include "lib/config/lake_reader_internal.h"

#include <fmt/format.h>

namespace cdc::config {
namespace {

namespace fs = std::filesystem;

std::string WithoutLastSlash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

bool IsHttp(std::string_view text) { return text.starts_with("http://") || text.starts_with("https://"); }

void ReadUrl(NodeReader& r, const char* key, std::string* out) {
  r.String(key, out, true);
  if (!out->empty() && !IsHttp(*out)) {
    r.Fail(key, fmt::format("\"{}\" is not allowed: write http://host:port or https://host", *out));
  }
  *out = WithoutLastSlash(std::move(*out));
}

void ReadFile(NodeReader& r, const char* key, const fs::path& base, std::string* out) {
  r.String(key, out, true);
  if (!out->empty()) *out = (base / *out).lexically_normal().string();
}

std::string ReadWarehouse(NodeReader& r, const fs::path& base) {
  constexpr std::string_view kFile = "file://";
  std::string text;
  r.String("warehouse", &text);
  if (text.empty()) return text;
  if (text.starts_with(kFile)) {
    if (!text.substr(kFile.size()).starts_with('/'))
      r.Fail("warehouse", "file:// needs an absolute path: file:///…");
    return WithoutLastSlash(text);
  }
  if (text.starts_with("s3://") || text.starts_with("s3a://")) {
    const size_t bucket = text.find("//") + 2;
    if (bucket == text.size() || text[bucket] == '/')
      r.Fail("warehouse", fmt::format("\"{}\" has no bucket: write s3://bucket/path", text));
    return WithoutLastSlash(text);
  }
  if (text.find("://") != std::string::npos)
    r.Fail("warehouse", fmt::format("\"{}\" is not allowed: use a local folder or s3://bucket/path", text));
  return WithoutLastSlash((base / text).lexically_normal().string());
}

}  // namespace

void ReadCatalog(NodeReader r, const fs::path& base, Catalog* catalog) {
  Catalog& c = *catalog;
  r.Choice<CatalogType>("type", {{"sqlite", CatalogType::kSqlite}, {"rest", CatalogType::kRest}}, &c.type);
  const bool rest = c.type == CatalogType::kRest;
  r.Require("uri", rest ? "\"http://127.0.0.1:8182/api/catalog\"" : "\"data/catalog.db\"");
  if (rest) {
    c.name.clear();
    ReadUrl(r, "uri", &c.uri);
  } else {
    std::string uri;
    r.String("uri", &uri);
    if (uri.find("://") != std::string::npos)
      r.Fail("uri", fmt::format("\"{}\" is not allowed: a sqlite catalog is a plain path", uri));
    c.uri = (base / uri).lexically_normal().string();
    r.Require("warehouse", "\"data/warehouse\"");
  }
  r.String("name", &c.name, rest);
  c.warehouse = ReadWarehouse(r, base);
  r.Require("namespace", "\"university\"");
  r.String("namespace", &c.name_space);
  // Taken with either type, so that changing the type is a change of one line.
  r.String("credential", &c.credential, true);
  r.String("token", &c.token, true);
  r.String("scope", &c.scope, true);
  ReadUrl(r, "oauth2_server_uri", &c.oauth2_server_uri);
  ReadFile(r, "ca_file", base, &c.ca_file);
  r.RejectUnknown();
}

void ReadStorage(NodeReader r, const fs::path& base, Storage* storage) {
  Storage& s = *storage;
  ReadUrl(r, "endpoint", &s.endpoint);
  r.String("region", &s.region, true);
  r.String("access_key_id", &s.access_key_id, true);
  r.String("secret_access_key", &s.secret_access_key, true);
  r.String("session_token", &s.session_token, true);
  bool path_style = true;
  if (r.Has("path_style")) {
    r.Bool("path_style", &path_style);
    s.path_style = path_style;
  }
  ReadFile(r, "ca_file", base, &s.ca_file);
  if (s.access_key_id.empty() != s.secret_access_key.empty()) {
    r.Fail(s.access_key_id.empty() ? "access_key_id" : "secret_access_key",
           "access_key_id and secret_access_key belong together: give both or none");
  }
  r.RejectUnknown();
}

}  // namespace cdc::config
