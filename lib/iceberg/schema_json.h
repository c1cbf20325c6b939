#pragma once

/// \file lib/iceberg/schema_json.h
/// rows::Schema as Iceberg's schema JSON (specification, Appendix C).

#include <string>
#include <string_view>

#include "lib/core/result.h"
#include "lib/rows/type.h"

namespace cdc::iceberg {

std::string SchemaToJson(const rows::Schema& schema);

/// Ignores what we do not need of a foreign schema (doc, defaults).
/// \return kUnsupported: a column of a type without a counterpart in rows::TypeKind (struct, map, fixed,
/// nested list, required list elements); kCorrupt: no schema.
Result<rows::Schema> ParseSchema(std::string_view json);

}  // namespace cdc::iceberg
