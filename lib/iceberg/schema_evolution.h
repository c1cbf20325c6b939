#pragma once

/// \file lib/iceberg/schema_evolution.h
/// Schema changes that leave old files readable (specification, "Schema Evolution").

#include "lib/iceberg/table_update.h"
#include "lib/rows/schema_changes.h"

namespace cdc::iceberg {

using rows::AssignFieldIds;
using rows::CanIdentify;
using rows::Evolve;
using rows::SchemaChanges;

/// add-schema and set-current-schema with the requirements that make it safe.
TableCommit SchemaCommit(const TableMetadata& base, const rows::Schema& evolved);

}  // namespace cdc::iceberg
