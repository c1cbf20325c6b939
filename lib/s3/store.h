#pragma once

/// \file lib/s3/store.h
/// Sends one signed request until it is answered for good.

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "lib/http/client.h"
#include "lib/s3/answer.h"
#include "lib/s3/file_system.h"
#include "lib/s3/location.h"
#include "lib/s3/signature.h"

namespace cdc::s3 {

struct Call {
  std::string method;
  std::string attempted;  ///< "writing", for messages
  std::string path;       ///< as the caller spells it: for messages and Options::access
  Location at;
  std::vector<Field> query = {};
  std::vector<Field> headers = {};
  std::string_view body = {};  ///< must outlive the call
  /// A failure with this status is the caller's to judge: returned as an answer.
  int accepted_status = 0;
  bool once = false;  ///< no retries: when nothing hangs on it
};

struct Answer {
  http::Response response;
  std::string code;  ///< S3's, when the status is the accepted one
  int attempts = 1;  ///< more than one: an earlier one may have been carried out
};

/// Thread-safe.
class Store {
 public:
  /// \param client must outlive the store
  Store(http::Client& client, Options options);

  /// \return a 2xx, or the accepted status. Errors as MakeS3FileSystem says.
  Result<Answer> Send(const Call& call);

  int64_t part_size() const { return options_.part_size; }

 private:
  Result<http::Response> Attempt(const Call& call, const Access& access);
  bool SetClock(const http::Response& response);

  http::Client& client_;
  const Options options_;
  std::atomic<int64_t> clock_offset_s_{0};  ///< the store's clock less ours
};

}  // namespace cdc::s3
