#include "lib/iceberg/schema_evolution.h"

namespace cdc::iceberg {

TableCommit SchemaCommit(const TableMetadata& base, const rows::Schema& evolved) {
  return TableCommit{{AssertTableUuid{base.table_uuid}, AssertCurrentSchemaId{base.current_schema_id},
                      AssertLastAssignedFieldId{base.last_column_id},
                      AssertRefSnapshotId{std::string(kMainBranch), base.current_snapshot_id}},
                     {AddSchema{evolved, base.ForeignColumns()}, SetCurrentSchema{-1}}};
}

}  // namespace cdc::iceberg
