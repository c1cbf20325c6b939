#pragma once

/// \file lib/s3/file_system.h
/// storage::FileSystem over the S3 protocol (AWS, MinIO, others): SigV4 (AWS Signature Version 4), single PUT
/// for small files, multipart upload for large ones, ranged GET, ListObjectsV2.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "lib/core/clock.h"
#include "lib/core/result.h"
#include "lib/http/client.h"
#include "lib/storage/file_system.h"

namespace cdc::s3 {

/// How to reach the objects below some path just now.
struct Access {
  std::string endpoint;  ///< "http://127.0.0.1:9000"; empty: AWS' own of the region
  std::string region = "us-east-1";
  bool path_style = true;  ///< bucket in the path; false: in the host's name. AWS' own endpoint ignores it.
  std::string access_key_id;      ///< empty: requests are not signed
  std::string secret_access_key;  ///< never in messages
  std::string session_token;      ///< empty: none
};

/// Access for an "s3://bucket/key" path; called for every request and from several threads, so it must be
/// cheap and thread-safe. `rejected`: the store has just refused what this returned last (403, or an expired
/// token): fetch anew where that is possible.
using AccessSource = std::function<Result<Access>(const std::string& path, bool rejected)>;

struct Options {
  AccessSource access;
  int64_t part_size = 8 << 20;   ///< bytes: larger files are uploaded in parts of this size (5 MiB or more)
  Millis stall_timeout{15'000};  ///< one attempt, without a byte moving either way
  Millis request_timeout{600'000};  ///< one attempt, however much moves
  Millis retry_for{45'000};         ///< on one request: no attempt begins later than this after the first
  const Clock* clock = nullptr;     ///< null: the system's
  std::function<void(Millis)> sleep = {};  ///< empty: sleeps
  std::function<double()> random = {};     ///< in [0, 1), thread-safe; empty: a generator of its own
};

/// Paths are "s3://bucket/key" ("s3a://" is accepted and answered in the same spelling). Thread-safe.
///
/// Create() does not ask whether the object exists: names of table files are unique per attempt, and an
/// object becomes visible at once and whole at Close(). A writer holds at most one part in memory; one that
/// is destroyed unclosed takes its parts back. A process that is killed leaves them to the store's own
/// cleaning (MinIO: after a day; AWS: a lifecycle rule for incomplete uploads).
///
/// Open() is one GET of the last 64 KB; ReadAt() is answered from them, or for an object of up to 1 MiB more
/// by one GET of all the rest, kept while the reader lives, or by a ranged GET each. ReadAll() is one GET.
///
/// Errors after all retries: kTransient (unreachable, 5xx, throttled, time-outs), kInvalidConfig (refused
/// credentials, no such bucket, wrong region: the hint names `[storage]`), kNotFound.
///
/// \param client must outlive the file system
std::unique_ptr<storage::FileSystem> MakeS3FileSystem(http::Client& client, Options options);

/// "s3://…" or "s3a://…"
bool IsS3Path(const std::string& path);

}  // namespace cdc::s3
