#pragma once

/// \file lib/core/redaction.h
/// What must leave the process nowhere: passwords, keys and tokens of the configuration. Libraries repeat
/// what they are given in their errors, so every text is cleaned where it goes out: log lines, what commands
/// print, reports, ledger, answers of the control socket and of HTTP.

#include <string>
#include <string_view>
#include <vector>

namespace cdc {

/// Hides `values` in this process from now on, with those of all calls before: what a password was may be one
/// elsewhere. Thread-safe. \param values as they are; their form in a URL (percent-encoded) is hidden, too
void HideSecrets(const std::vector<std::string>& values);

/// `text` with "***" for every hidden value. Thread-safe; costs a search per value.
std::string WithoutSecrets(std::string_view text);

}  // namespace cdc
