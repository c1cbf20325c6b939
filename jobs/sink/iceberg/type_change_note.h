#pragma once

/// \file jobs/sink/iceberg/type_change_note.h
/// Which type change a held table waits for, kept in its index folder: `cdc migrate` does it, the worker's
/// next run forgets it.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "jobs/sink/iceberg/words.h"

namespace cdc::iceberg_sink {

/// \return kTransient: the folder cannot be written.
Status NoteRetyped(const std::filesystem::path& folder, const std::string& table_uuid,
                   const std::vector<Retyped>& columns);

/// Empty: nothing is noted, or it is of another table or of columns that have changed since.
std::vector<Retyped> ReadRetyped(const std::filesystem::path& folder, const std::string& table_uuid,
                                 const rows::Schema& schema);

void ForgetRetyped(const std::filesystem::path& folder);

}  // namespace cdc::iceberg_sink
