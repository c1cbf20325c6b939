#pragma once

/// \file lib/iceberg/rest_json.h
/// Bodies of the REST catalog protocol that hold table metadata (open-api/rest-catalog-open-api.yaml:
/// CreateTableRequest, CommitTableRequest, LoadTableResult, CommitTableResponse).

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.h"
#include "lib/iceberg/catalog.h"

namespace cdc::iceberg {

/// \param location empty: the server chooses
/// \param properties on top of DefaultTableProperties
/// \return kInvalidArgument: a schema that cannot be.
Result<std::string> CreateTableBody(const std::string& name, const rows::Schema& schema,
                                    const std::string& location,
                                    const std::map<std::string, std::string>& properties);

/// \param base what the commit was made for: a schema gets an id that is free in it, which some servers want
std::string CommitTableBody(const TableCommit& commit, const TableMetadata& base);

/// Credentials for the files whose path begins with `prefix`.
struct StorageCredential {
  std::string prefix;
  std::map<std::string, std::string> config;
};

struct TableAnswer {
  std::string metadata_location;
  std::shared_ptr<const TableMetadata> metadata;
  std::map<std::string, std::string> config;
  std::vector<StorageCredential> credentials;
};

/// \param known as of ParseTableMetadata
/// \return as ParseTableMetadata; kTransient: no such answer, so something between us and the catalog gave
/// it.
Result<TableAnswer> ParseTableAnswer(std::string_view json, const TableMetadata* known);

/// A LoadCredentialsResponse, or the member of the same name of a LoadTableResult: `storage-credentials`.
/// \return kTransient: no such answer.
Result<std::vector<StorageCredential>> ParseCredentialsAnswer(std::string_view json);

}  // namespace cdc::iceberg
