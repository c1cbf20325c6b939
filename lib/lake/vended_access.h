#pragma once

/// \file lib/lake/vended_access.h
/// How what a catalog vends and what tables.toml says become one way to reach a table's files.

#include <map>
#include <string>

#include "lib/config/config.h"
#include "lib/core/result.h"
#include "lib/s3/file_system.h"

namespace cdc::lake {

/// [storage] decides over endpoint, region and path style where it says something, the catalog over the
/// credentials.
/// \param vended keys of the REST catalog specification, e.g. "s3.access-key-id"
/// \return kInvalidConfig: no credentials among them.
Result<s3::Access> MergeAccess(const config::Storage& storage,
                               const std::map<std::string, std::string>& vended);

}  // namespace cdc::lake
