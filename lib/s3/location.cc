#include "lib/s3/location.h"
#include "lib/core/percent.h"

#include <fmt/format.h>

#include <algorithm>

namespace cdc::s3 {
namespace {

struct Endpoint {
  std::string scheme;  // "http" or "https"
  std::string host;    // without the scheme's default port
  std::string path;    // "" or "/…" without a '/' at the end
};

Result<Endpoint> ParseEndpoint(std::string_view text) {
  const size_t colon = text.find("://");
  Endpoint out;
  out.scheme = std::string(text.substr(0, std::min(colon, text.size())));
  if (colon == std::string_view::npos || (out.scheme != "http" && out.scheme != "https") ||
      text.find_first_of("?# @") != std::string_view::npos) {
    return Error{ErrorKind::kInvalidConfig,
                 fmt::format("the address of the object store, '{}', is none", http::Shown(text)),
                 "[storage] endpoint = \"http://host:9000\", or https://…"};
  }
  std::string_view rest = text.substr(colon + 3);
  const size_t slash = std::min(rest.find('/'), rest.size());
  out.host = std::string(rest.substr(0, slash));
  out.path = std::string(rest.substr(slash));
  while (!out.path.empty() && out.path.back() == '/') out.path.pop_back();
  // libcurl leaves a default port out of the Host header, which is signed.
  const std::string_view port = out.scheme == "http" ? ":80" : ":443";
  if (std::string_view(out.host).ends_with(port)) out.host.resize(out.host.size() - port.size());
  if (out.host.empty() || out.host[0] == ':') {
    return Error{ErrorKind::kInvalidConfig,
                 fmt::format("the address of the object store, '{}', names no host", text),
                 "[storage] endpoint = \"http://host:9000\""};
  }
  return out;
}

std::string AwsHost(const std::string& region) {
  return fmt::format("s3.{}.amazonaws.com{}", region, region.starts_with("cn-") ? ".cn" : "");
}

}  // namespace

bool IsS3Path(const std::string& path) { return path.starts_with("s3://") || path.starts_with("s3a://"); }

Result<Location> ParsePath(const std::string& path) {
  const size_t colon = path.find("://");
  if (!IsS3Path(path)) {
    return Error{ErrorKind::kInvalidConfig, fmt::format("'{}' is no path of an object store", path),
                 "[catalog] warehouse = \"s3://bucket/path\""};
  }
  const size_t bucket = colon + 3;
  const size_t slash = std::min(path.find('/', bucket), path.size());
  Location out{path.substr(0, colon), path.substr(bucket, slash - bucket),
               path.substr(std::min(slash + 1, path.size()))};
  if (out.bucket.empty()) {
    return Error{ErrorKind::kInvalidConfig, fmt::format("'{}' names no bucket", path),
                 "[catalog] warehouse = \"s3://bucket/path\""};
  }
  return out;
}

Result<Address> AddressOf(const Access& access, const Location& at) {
  const std::string key = PercentEncode(at.key, true);
  Endpoint endpoint{"https", AwsHost(access.region), ""};
  bool path_style = access.path_style;
  if (access.endpoint.empty()) {
    path_style = at.bucket.find('.') != std::string::npos;  // one level is what the certificate covers
  } else {
    CDC_ASSIGN(endpoint, ParseEndpoint(access.endpoint));
  }
  const std::string host = path_style ? endpoint.host : at.bucket + "." + endpoint.host;
  const std::string bucket = path_style ? "/" + PercentEncode(at.bucket) : "";
  return Address{endpoint.scheme + "://" + host, host, endpoint.path + bucket + "/" + key};
}

}  // namespace cdc::s3
