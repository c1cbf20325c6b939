#pragma once

/// \file lib/s3/location.h
/// Where an "s3://bucket/key" path is on the network.

#include <string>

#include "lib/core/result.h"
#include "lib/s3/file_system.h"

namespace cdc::s3 {

struct Location {
  std::string scheme;  ///< "s3" or "s3a"
  std::string bucket;
  std::string key;  ///< plain, never escaped; may be empty

  /// The same spelling that it was parsed from, with another key.
  std::string PathOf(const std::string& other_key) const { return scheme + "://" + bucket + "/" + other_key; }
};

/// \return kInvalidConfig: not "s3://bucket…" or "s3a://bucket…"
Result<Location> ParsePath(const std::string& path);

/// An address in pieces, as the request line and the signature need them.
struct Address {
  std::string origin;  ///< "http://127.0.0.1:9000"
  std::string host;    ///< as the Host header says it: "127.0.0.1:9000"
  std::string path;    ///< escaped, begins with '/'
};

/// \return kInvalidConfig: the endpoint makes no sense
Result<Address> AddressOf(const Access& access, const Location& at);

}  // namespace cdc::s3
