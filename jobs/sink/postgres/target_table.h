#pragma once

/// \file jobs/sink/postgres/target_table.h
/// The table in PostgreSQL: what it has, and the statements that make and change it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "jobs/sink/postgres/target_type.h"
#include "lib/postgres/session.h"
#include "lib/rows/type.h"

namespace cdc::postgres_sink {

struct TargetColumn {
  std::string name;
  std::string words;  ///< of format_type()
};

/// Up to so many rows counting them takes some ten milliseconds.
inline constexpr int64_t kCountedRows = 100'000;

/// What PostgreSQL's catalogues say. Not thread-safe.
class TargetTable {
 public:
  TargetTable(std::string schema, std::string name);

  /// Columns by position; nothing: there is no such table. \return kUnsupported: it is no table, but a view, say.
  Result<std::optional<std::vector<TargetColumn>>> Describe(postgres::Session* session) const;
  /// Whether rows are unique by these columns, so that ON CONFLICT finds them.
  Result<bool> HasUniqueKey(postgres::Session* session, const std::vector<std::string>& key) const;
  /// Rows that are committed; nothing: more than kCountedRows, or they could not be counted just now.
  std::optional<int64_t> CountRows(postgres::Session* session) const;
  Result<bool> HasRows(postgres::Session* session) const;
  /// Whether the server knows a type of these words. Not within a transaction.
  bool KnowsType(postgres::Session* session, const std::string& words) const;

  /// CREATE TABLE with these columns, types of TypeFor(). \param types in the order of `fields`
  std::string CreateStatement(const std::vector<rows::Field>& fields, const std::vector<TargetType>& types,
                              const std::vector<std::string>& key) const;
  std::string AddStatement(const std::string& column, const std::string& words) const;
  std::string RetypeStatement(const std::string& column, const std::string& words) const;
  std::string RenameStatement(const std::string& from, const std::string& to) const;

  const std::string& name() const { return name_; }        ///< without quotes or schema
  const std::string& full_name() const { return quoted_; }  ///< quoted, with its schema

 private:
  std::string schema_, name_, quoted_;
};

/// `"a", "b"`
std::string QuotedList(const std::vector<std::string>& names, const std::string& prefix = "");

}  // namespace cdc::postgres_sink
