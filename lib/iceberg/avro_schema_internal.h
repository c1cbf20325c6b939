#pragma once

/// \file lib/iceberg/avro_schema_internal.h
/// Avro schemas from JSON.

#include <memory>
#include <string_view>

#include "lib/core/result.h"
#include "lib/iceberg/avro_reader_internal.h"

namespace cdc::iceberg::avro {

/// \return kCorrupt: no Avro schema, or a recursive one (which Iceberg never writes).
Result<std::shared_ptr<const Type>> ParseAvroSchema(std::string_view json);

}  // namespace cdc::iceberg::avro
