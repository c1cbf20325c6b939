#include "jobs/sink/postgres/target_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace cdc::postgres_sink {

using postgres::QuoteName;

std::string QuotedList(const std::vector<std::string>& names, const std::string& prefix) {
  std::string list;
  for (const std::string& name : names) {
    if (!list.empty()) list += ", ";
    list += prefix + QuoteName(name);
  }
  return list;
}

TargetTable::TargetTable(std::string schema, std::string name)
    : schema_(std::move(schema)),
      name_(std::move(name)),
      quoted_(QuoteName(schema_) + "." + QuoteName(name_)) {}

Result<std::optional<std::vector<TargetColumn>>> TargetTable::Describe(postgres::Session* session) const {
  CDC_ASSIGN(const auto found, session->Run("SELECT c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = "
                                            "c.relnamespace WHERE n.nspname = $1 AND c.relname = $2",
                                            "Looking for " + quoted_, {schema_, name_}));
  if (found.rows.empty()) return std::optional<std::vector<TargetColumn>>();
  const std::string kind = found.rows[0][0].value_or("");
  if (kind != "r" && kind != "p") {
    return Error{ErrorKind::kUnsupported, quoted_ + " is not a table",
                 "say another target = \"…\" in tables.toml, or drop it"};
  }
  CDC_ASSIGN(const auto answer,
             session->Run("SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
                          "WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
                          "Reading the columns of " + quoted_, {quoted_}));
  std::vector<TargetColumn> columns;
  for (const auto& row : answer.rows) columns.push_back({row[0].value_or(""), row[1].value_or("")});
  return std::optional(std::move(columns));
}

Result<bool> TargetTable::HasUniqueKey(postgres::Session* session, const std::vector<std::string>& key) const {
  CDC_ASSIGN(const auto answer,
             session->Run("SELECT (SELECT array_agg(a.attname::text ORDER BY a.attname::text) FROM pg_attribute a "
                          "WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey))::text FROM pg_index i "
                          "WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indisvalid "
                          "AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL",
                          "Reading the indexes of " + quoted_, {quoted_}));
  std::vector<std::string> sorted = key;
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::optional<std::string>> parameters;
  std::string list;
  for (const std::string& name : sorted) {
    parameters.emplace_back(name);
    list += fmt::format("{}${}::text", list.empty() ? "" : ", ", parameters.size());
  }
  CDC_ASSIGN(const auto wanted, session->Run("SELECT ARRAY[" + list + "]::text", "Naming the key", parameters));
  return std::any_of(answer.rows.begin(), answer.rows.end(),
                     [&](const auto& row) { return row[0] == wanted.rows[0][0]; });
}

Result<bool> TargetTable::HasRows(postgres::Session* session) const {
  CDC_ASSIGN(const auto answer, session->Run("SELECT EXISTS (SELECT 1 FROM " + quoted_ + ")",
                                             "Looking for rows of " + quoted_));
  return answer.rows[0][0] == "t";
}

std::optional<int64_t> TargetTable::CountRows(postgres::Session* session) const {
  const auto answer = session->Run(
      fmt::format("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT {}) some", quoted_, kCountedRows + 1),
      "Counting the rows of " + quoted_);
  if (!answer) return std::nullopt;
  const int64_t rows = std::strtoll(answer->rows[0][0]->c_str(), nullptr, 10);
  return rows > kCountedRows ? std::nullopt : std::optional(rows);
}

bool TargetTable::KnowsType(postgres::Session* session, const std::string& words) const {
  if (!AreWordsOfType(words)) return false;
  const auto answer = session->Run("SELECT to_regtype($1) IS NOT NULL", "Looking for a type", {words});
  return answer && answer->rows[0][0] == "t";
}

std::string TargetTable::CreateStatement(const std::vector<rows::Field>& fields,
                                         const std::vector<TargetType>& types,
                                         const std::vector<std::string>& key) const {
  std::string columns;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) columns += ", ";
    columns += QuoteName(fields[i].name) + " " + types[i].words;
  }
  if (!key.empty()) columns += ", PRIMARY KEY (" + QuotedList(key) + ")";
  return "CREATE TABLE " + quoted_ + " (" + columns + ")";
}

std::string TargetTable::AddStatement(const std::string& column, const std::string& words) const {
  return fmt::format("ALTER TABLE {} ADD COLUMN {} {}", quoted_, QuoteName(column), words);
}

std::string TargetTable::RetypeStatement(const std::string& column, const std::string& words) const {
  const std::string name = QuoteName(column);
  return fmt::format("ALTER TABLE {} ALTER COLUMN {} TYPE {} USING {}::{}", quoted_, name, words, name, words);
}

std::string TargetTable::RenameStatement(const std::string& from, const std::string& to) const {
  return fmt::format("ALTER TABLE {} RENAME COLUMN {} TO {}", quoted_, QuoteName(from), QuoteName(to));
}

}  // namespace cdc::postgres_sink
