#pragma once

/// \file orchestrator/action_guard.h
/// Who may change something over HTTP. Pure.

#include <string>
#include <string_view>

#include "lib/core/result.h"

namespace cdc::orchestrator {

/// Headers of a request; empty: absent.
struct ActionHeaders {
  std::string host = {};
  std::string origin = {};
  std::string fetch_site = {};  ///< Sec-Fetch-Site
  std::string authorization = {};
};

/// \param token of `state_dir/api-token`; empty: actions are off
/// \return kUnsupported: off; kInvalidConfig: it comes from a page of another origin; kInvalidArgument: it
/// does not have the token
Status MayAct(const ActionHeaders& headers, std::string_view token);

}  // namespace cdc::orchestrator
