#include "lib/postgres/source_table.h"

#include <cstdlib>

#include <fmt/core.h>

#include "lib/postgres/connection_internal.h"

namespace cdc::postgres {
namespace {

constexpr const char* kWhat = "Asking PostgreSQL's catalogues";

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
  CDC_TRY(Query(server, "SET statement_timeout = '10s'", {}, kWhat));
  // One moment for all three questions. The transaction ends with the connection.
  CDC_TRY(Query(server, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", {}, kWhat));
  CDC_ASSIGN(Rows found, Query(server, kTable, {schema.c_str(), table.c_str()}, kWhat));
  if (PQntuples(found.get()) == 0) {
    return Error{ErrorKind::kNotFound,
                 fmt::format("Table {}.{} does not exist in database {}", schema, table, PQdb(server)),
                 kDsnHint};
  }
  const std::string oid = Text(found, 0, 0);
  SourceTable answer;
  answer.replica_identity = IdentityOf(PQgetvalue(found.get(), 0, 1)[0]);
  CDC_ASSIGN(Rows columns, Query(server, kColumns, {oid.c_str()}, kWhat));
  for (int i = 0; i < PQntuples(columns.get()); ++i) {
    answer.columns.push_back({Text(columns, i, 1), Text(columns, i, 3), !Flag(columns, i, 2),
                              std::atoi(PQgetvalue(columns.get(), i, 0))});
  }
  CDC_ASSIGN(Rows keys, Query(server, kIndexKey, {oid.c_str()}, kWhat));
  for (int i = 0; i < PQntuples(keys.get()); ++i) {
    if (Flag(keys, i, 0)) answer.primary_key.push_back(Text(keys, i, 2));
    if (Flag(keys, i, 1)) answer.identity_index_key.push_back(Text(keys, i, 2));
  }
  return answer;
}

}  // namespace cdc::postgres
