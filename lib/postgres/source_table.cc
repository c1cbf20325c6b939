#include "lib/postgres/source_table.h"

#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <string_view>

#include <fmt/core.h>
#include <libpq-fe.h>

namespace cdc::postgres {
namespace {

struct Release {
  void operator()(PGconn* p) const { PQfinish(p); }
  void operator()(PGresult* p) const { PQclear(p); }
  void operator()(PQconninfoOption* p) const { PQconninfoFree(p); }
};
using Connection = std::unique_ptr<PGconn, Release>;
using Rows = std::unique_ptr<PGresult, Release>;

constexpr const char* kDsnHint = "correct [source] dsn";

// Domains are followed down to the type they are made of, whose modifier is the domain's.
constexpr const char* kColumns = R"(
WITH RECURSIVE base AS (
  SELECT attnum, attname, attnotnull AS required, atttypid AS type, atttypmod AS modifier
    FROM pg_catalog.pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT b.attnum, b.attname, b.required OR t.typnotnull, t.typbasetype, t.typtypmod
    FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.type WHERE t.typtype = 'd')
SELECT b.attnum, b.attname, b.required, pg_catalog.format_type(b.type, b.modifier)
  FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.type WHERE t.typtype <> 'd' ORDER BY b.attnum)";

constexpr const char* kTable = R"(
SELECT c.oid, c.relreplident FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p'))";

constexpr const char* kIndexKey = R"(
SELECT i.indisprimary, i.indisreplident, a.attname
  FROM pg_catalog.pg_index i
  CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
  JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
 WHERE i.indrelid = $1 AND (i.indisprimary OR i.indisreplident) AND k.place <= i.indnkeyatts
 ORDER BY i.indexrelid, k.place)";

std::string Trim(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return std::string(text);
}

/// Refusals that only another dsn, another right or another server configuration changes (SQLSTATE classes 28
/// and 3D, insufficient privilege). While connecting libpq gives no SQLSTATE, so there the words decide.
bool IsPermanent(std::string_view sqlstate, std::string_view message) {
  if (!sqlstate.empty()) {
    return sqlstate.starts_with("28") || sqlstate.starts_with("3D") || sqlstate == "42501";
  }
  for (const char* words :
       {"authentication failed", "no pg_hba.conf entry", "does not exist", "no password supplied",
        "not permitted to log in", "permission denied", "server does not support SSL"}) {
    if (message.find(words) != std::string_view::npos) return true;
  }
  return false;
}

Result<Connection> Connect(const std::string& dsn) {
  char* why = nullptr;
  std::unique_ptr<PQconninfoOption, Release> parsed(PQconninfoParse(dsn.c_str(), &why));
  if (!parsed) {
    Error error{ErrorKind::kInvalidConfig,
                fmt::format("Reading the PostgreSQL connection string: {}",
                            Trim(why == nullptr ? "out of memory" : why)),
                kDsnHint};
    PQfreemem(why);
    return error;
  }
  // What stands later wins, so the dsn's own settings do.
  const char* names[] = {"connect_timeout", "application_name", "dbname", nullptr};
  const char* values[] = {"10", "cdc", dsn.c_str(), nullptr};
  Connection connection(PQconnectdbParams(names, values, /*expand_dbname=*/1));
  if (PQstatus(connection.get()) == CONNECTION_OK) return connection;
  const std::string message = Trim(PQerrorMessage(connection.get()));
  const bool permanent = PQconnectionNeedsPassword(connection.get()) != 0 || IsPermanent("", message);
  return Error{permanent ? ErrorKind::kInvalidConfig : ErrorKind::kTransient,
               fmt::format("Connecting to PostgreSQL: {}", message),
               permanent ? kDsnHint : "check that PostgreSQL runs where [source] dsn says"};
}

Result<Rows> Query(PGconn* connection, const char* sql, std::initializer_list<const char*> parameters) {
  Rows rows(PQexecParams(connection, sql, static_cast<int>(parameters.size()), nullptr, parameters.begin(),
                         nullptr, nullptr, 0));
  const auto status = PQresultStatus(rows.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return rows;
  const char* sqlstate = PQresultErrorField(rows.get(), PG_DIAG_SQLSTATE);
  const bool permanent = sqlstate != nullptr && IsPermanent(sqlstate, "");
  return Error{permanent ? ErrorKind::kInvalidConfig : ErrorKind::kTransient,
               fmt::format("Asking PostgreSQL's catalogues: {}", Trim(PQerrorMessage(connection))),
               permanent ? kDsnHint : ""};
}

std::string Text(const Rows& rows, int row, int column) { return PQgetvalue(rows.get(), row, column); }
bool Flag(const Rows& rows, int row, int column) { return PQgetvalue(rows.get(), row, column)[0] == 't'; }

ReplicaIdentity IdentityOf(char letter) {
  switch (letter) {
    case 'n': return ReplicaIdentity::kNothing;
    case 'f': return ReplicaIdentity::kFull;
    case 'i': return ReplicaIdentity::kIndex;
    default: return ReplicaIdentity::kDefault;
  }
}

}  // namespace

Result<SourceTable> Describe(const std::string& dsn, const std::string& schema, const std::string& table) {
  CDC_ASSIGN(Connection connection, Connect(dsn));
  PGconn* server = connection.get();
  CDC_TRY(Query(server, "SET statement_timeout = '10s'", {}));
  // One moment for all three questions. The transaction ends with the connection.
  CDC_TRY(Query(server, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", {}));
  CDC_ASSIGN(Rows found, Query(server, kTable, {schema.c_str(), table.c_str()}));
  if (PQntuples(found.get()) == 0) {
    return Error{ErrorKind::kNotFound,
                 fmt::format("Table {}.{} does not exist in database {}", schema, table, PQdb(server)),
                 kDsnHint};
  }
  const std::string oid = Text(found, 0, 0);
  SourceTable answer;
  answer.replica_identity = IdentityOf(PQgetvalue(found.get(), 0, 1)[0]);
  CDC_ASSIGN(Rows columns, Query(server, kColumns, {oid.c_str()}));
  for (int i = 0; i < PQntuples(columns.get()); ++i) {
    answer.columns.push_back({Text(columns, i, 1), Text(columns, i, 3), !Flag(columns, i, 2),
                              std::atoi(PQgetvalue(columns.get(), i, 0))});
  }
  CDC_ASSIGN(Rows keys, Query(server, kIndexKey, {oid.c_str()}));
  for (int i = 0; i < PQntuples(keys.get()); ++i) {
    if (Flag(keys, i, 0)) answer.primary_key.push_back(Text(keys, i, 2));
    if (Flag(keys, i, 1)) answer.identity_index_key.push_back(Text(keys, i, 2));
  }
  return answer;
}

}  // namespace cdc::postgres
