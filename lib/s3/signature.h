#pragma once

/// \file lib/s3/signature.h
/// AWS Signature Version 4 for S3: pure functions over strings.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/clock.h"

namespace cdc::s3 {

using Field = std::pair<std::string, std::string>;  ///< name, value: of a header or a query

/// Lower-case hex.
std::string Sha256Hex(std::string_view bytes);

/// The value of x-amz-checksum-sha256, which a bucket with Object Lock wants of every object and part:
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
/// \param hex a Sha256Hex() \return base64 of its bytes
std::string ChecksumText(std::string_view hex);

/// `name=value&…`, escaped and sorted as the signature wants it; also what is sent.
std::string CanonicalQuery(const std::vector<Field>& query);

struct Keys {
  std::string_view access_key_id;
  std::string_view secret_access_key;
  std::string_view session_token;  ///< empty: none
  std::string_view region;
};

struct ToSign {
  std::string_view method;
  std::string_view host;            ///< as in the Host header: without a scheme's default port
  std::string_view path;            ///< escaped once, begins with '/'
  std::string_view query;           ///< a CanonicalQuery()
  std::string_view payload_sha256;  ///< Sha256Hex() of the body, or "UNSIGNED-PAYLOAD"
};

/// Adds X-Amz-Date, X-Amz-Content-Sha256, X-Amz-Security-Token (with a session token) and Authorization.
/// Every header given is signed; their names must differ and their values be trimmed.
void Sign(const ToSign& request, const Keys& keys, WallTime now, std::vector<Field>* headers);

}  // namespace cdc::s3
