#pragma once

/// \file lib/rest/session_internal.h
/// One signed-in conversation with a catalog: sends calls, signs in, repeats what may be repeated.

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/clock.h"
#include "lib/core/result.h"
#include "lib/http/client.h"
#include "lib/rest/answer_internal.h"
#include "lib/rest/rest_catalog.h"
#include "lib/rest/token_internal.h"

namespace cdc::rest {

/// Time and chance, as the options say or real.
class Timing {
 public:
  explicit Timing(const Options& options);
  const Clock& clock() const { return *clock_; }
  void Sleep(Millis pause) const { sleep_(pause); }
  /// Before repeat `attempt` (from 0), or longer if the server wishes so.
  Millis Pause(int attempt, std::optional<Millis> wish) const;

 private:
  SystemClock system_;
  const Clock* clock_;
  std::function<void(Millis)> sleep_;
  std::function<double()> random_;
};

/// Fetches bearer tokens and keeps the newest. Thread-safe.
class TokenSource {
 public:
  /// \param client, timing must outlive it
  TokenSource(http::Client& client, const Timing& timing, const Options& options, std::string token_uri);

  /// Empty without any way to sign in.
  /// \return kTransient: the token server cannot be reached now; kInvalidConfig: it refuses.
  Result<std::string> Get();
  /// The catalog refused `token`. \return whether Get() may have a better one now.
  bool Refuse(const std::string& token);

 private:
  TokenAction Step(const TokenEvent& event, std::string* value);
  Result<TokenGranted> Fetch();

  http::Client& client_;
  const Timing& timing_;
  const Options options_;
  const std::string token_uri_;
  std::mutex fetching_;  ///< one at a time; taken before mutex_
  std::mutex mutex_;
  TokenState state_;
};

struct Call {
  CallRules rules;
  std::string method;
  std::string url;
  std::string body;                   ///< JSON
  std::vector<http::Header> headers;  ///< beside those of every call
  std::string table;                  ///< whose own token is used if it has one; empty: the catalog's
  bool patient = true;                ///< false: no repeats but for another token
};

/// Thread-safe, but for Extend().
class Session {
 public:
  /// \param client must outlive it
  Session(http::Client& client, const Options& options, std::string token_uri);

  /// Headers of every call from now on; those of the session itself win.
  void Extend(std::vector<http::Header> headers) { headers_ = std::move(headers); }
  /// The catalog gave a token for one table; an empty one takes it back.
  void SetTableToken(const std::string& table, std::string token);

  /// \return an answer of 2xx, or an error as of JudgeAnswer. Once an attempt may have been processed, all
  /// but an answer and kConflict are kCommitUnknown.
  Result<http::Response> Send(const Call& call);

  const Timing& timing() const { return timing_; }

 private:
  Result<std::string> TokenFor(const Call& call);
  /// \return whether `token` was the call's table's own
  bool DropTableToken(const Call& call, const std::string& token);
  http::Request RequestOf(const Call& call, const std::string& token) const;

  http::Client& client_;
  const Options options_;
  Timing timing_;
  TokenSource tokens_;
  std::vector<http::Header> headers_;
  std::mutex mutex_;
  std::map<std::string, std::string> table_tokens_;
};

}  // namespace cdc::rest
