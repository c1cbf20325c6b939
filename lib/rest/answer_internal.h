#pragma once

/// \file lib/rest/answer_internal.h
/// What an answer, or the lack of one, means for a call: pure.

#include <optional>
#include <string>

#include "lib/core/clock.h"
#include "lib/core/result.h"
#include "lib/http/client.h"

namespace cdc::rest {

struct CallRules {
  std::string what;        ///< "loading university.faculty": what messages begin with
  bool changes = false;    ///< an answer that never came leaves it in doubt whether something was done
  bool repeatable = true;  ///< may be sent again when it may have been processed
  bool probes = false;     ///< the first call: 400 and 404 mean that address or warehouse are wrong
  bool looks = false;      ///< for a table or namespace: 404 is how its absence is told
};

enum class Next {
  kDone,    ///< 2xx
  kSignIn,  ///< the token was refused: not processed; once more with another token
  kRepeat,  ///< after a pause
  kFail,
};

struct Verdict {
  Next next = Next::kDone;
  Error error = {};                  ///< unless kDone: what to return if nothing comes after it
  bool doubt = false;                ///< it may have been processed
  std::optional<Millis> pause = {};  ///< the server's wish (Retry-After)
};

Verdict JudgeAnswer(const CallRules& rules, const http::Response& response);

/// \param error of http::Client::Send
Verdict JudgeFailure(const CallRules& rules, const Error& error);

}  // namespace cdc::rest
