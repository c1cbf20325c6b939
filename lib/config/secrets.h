#pragma once

/// \file lib/config/secrets.h
/// Which values of a configuration nobody may read in a log, a reason or a report.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/config/config.h"

namespace cdc::config {

/// Its secrets: values of settings declared secret, passwords in connection strings and URLs, values of
/// [kafka.properties] whose name speaks of a password, secret, token, key or credential, and values of
/// ${NAME}.
///
/// Left out is what cannot be hidden: a value that a setting which is no secret holds as well (a user name, a
/// host that comes from ${NAME}), and one of fewer than 4 characters, which every other word holds.
///
/// \param variable value of an environment variable, or null
std::vector<std::string> SecretsOf(const Config& config,
                                   const std::function<const char*(const std::string&)>& variable);

}  // namespace cdc::config
