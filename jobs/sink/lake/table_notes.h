#pragma once

/// \file jobs/sink/lake/table_notes.h
/// What a schema cannot say of a table, as the texts of its properties: the key, the columns that the worker
/// fills, how rows without a key are told apart, and which columns the source has dropped. Pure functions.

#include <optional>
#include <string>
#include <vector>

#include "jobs/worker/sink.h"

namespace cdc::lake_sink {

inline constexpr const char* kPropertyKey = "cdc.key";                ///< JSON array of column names
inline constexpr const char* kPropertyOwn = "cdc.own-columns";        ///< JSON object: OwnNames
inline constexpr const char* kPropertySecret = "cdc.key-secret";      ///< hexadecimal: KeySecret
inline constexpr const char* kPropertyIdentity = "cdc.row-identity";  ///< JSON object: IdentityNote
inline constexpr const char* kPropertyAbsent = "cdc.absent-columns";  ///< JSON array of column names

/// How the rows of an upsert table without a key are told apart (RowIdentity).
struct IdentityNote {
  std::vector<std::string> derived;  ///< columns of the job's own; they do not tell rows apart
  std::vector<std::string> absent;   ///< columns that the source has dropped; nor do they
  int last_field_id = 0;             ///< when the table was made
};

/// \return nothing: the text does not say, or it cannot be read
std::optional<std::vector<std::string>> NamesFrom(const std::string& text);
std::optional<worker::OwnNames> OwnNamesFrom(const std::string& text);
std::optional<IdentityNote> IdentityNoteFrom(const std::string& text);

std::string NamesText(const std::vector<std::string>& names);
std::string OwnNamesText(const worker::OwnNames& own);
std::string IdentityText(const IdentityNote& note);

}  // namespace cdc::lake_sink
