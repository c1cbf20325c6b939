#pragma once

/// \file lib/s3/answer.h
/// What an object store's answer asks for. Pure.

#include <string>

#include "lib/core/result.h"
#include "lib/http/client.h"
#include "lib/s3/file_system.h"

namespace cdc::s3 {

enum class Verdict {
  kDone,
  kRetry,      ///< an outage or shortage
  kNewAccess,  ///< the credentials were refused
  kSetClock,   ///< our clock is too far from the store's
  kFail,
};

struct Judged {
  Verdict verdict = Verdict::kDone;
  std::string code;                            ///< S3's word for the error; may be empty
  Error error{ErrorKind::kTransient, "", ""};  ///< if not kDone: what to return when nothing else helps
};

struct Asked {
  std::string attempted;  ///< "writing s3://bucket/key"
  std::string bucket;
  const Access* access = nullptr;  ///< not null
  bool document = false;           ///< a success, too, answers with XML, and may be an <Error> after all
};

/// No message holds a key, a token or a signature.
Judged Judge(const http::Response& response, const Asked& asked);
/// For a request that got no answer.
Judged Judge(const Error& error, const Asked& asked);

}  // namespace cdc::s3
