#include "lib/postgres/source_server.h"

#include <algorithm>
#include <cstdlib>

#include "lib/postgres/session.h"

namespace cdc::postgres {
namespace {

constexpr const char* kServer =
    "SELECT current_database(), current_user, current_setting('wal_level'), "
    "(SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user), "
    "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// Lists come as lines of one text: names hold no line breaks worth speaking of, and any other character.
/// attstorage: x and e are kept out of line, m only as a last resort (PostgreSQL, "pg_attribute").
constexpr const char* kTables = R"sql(
SELECT n.nspname, c.relname, c.relreplident,
  (SELECT string_agg(a.attname, E'\n' ORDER BY k.place)
   FROM pg_index i, unnest(i.indkey) WITH ORDINALITY k(number, place), pg_attribute a
   WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid AND a.attnum = k.number),
  (SELECT string_agg(p.pubname, E'\n' ORDER BY p.pubname)
   FROM pg_publication_tables p WHERE p.schemaname = n.nspname AND p.tablename = c.relname),
  (SELECT string_agg(a.attname, E'\n' ORDER BY a.attnum)
   FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attstorage IN ('x', 'e')),
  has_table_privilege(c.oid, 'SELECT')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'
ORDER BY 1, 2)sql";

std::vector<std::string> LinesOf(const std::optional<std::string>& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; text && at <= text->size();) {
    const size_t end = std::min(text->find('\n', at), text->size());
    lines.push_back(text->substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

/// pg_class.relreplident
ReplicaIdentity IdentityOf(const std::string& letter) {
  if (letter == "n") return ReplicaIdentity::kNothing;
  if (letter == "f") return ReplicaIdentity::kFull;
  return letter == "i" ? ReplicaIdentity::kIndex : ReplicaIdentity::kDefault;
}

}  // namespace

Result<SourceServer> ReadSourceServer(const std::string& dsn, const std::string& setting,
                                      const std::vector<std::string>& schemas) {
  CDC_ASSIGN(Session session, Session::Connect(dsn, setting));
  CDC_ASSIGN(const Answer facts, session.Run(kServer, "Reading the server's settings"));
  const auto& cells = facts.rows.at(0);
  SourceServer server{cells[0].value_or(""),
                      cells[1].value_or(""),
                      cells[2].value_or(""),
                      cells[3] == "t",
                      std::atoll(cells[4].value_or("0").c_str()),
                      {},
                      {}};
  CDC_ASSIGN(const Answer publications,
             session.Run("SELECT pubname FROM pg_publication ORDER BY 1", "Reading publications"));
  for (const auto& row : publications.rows) server.publications.push_back(row[0].value_or(""));
  CDC_ASSIGN(const Answer tables, session.Run(kTables, "Reading the tables"));
  for (const auto& row : tables.rows) {
    ServerTable table{
        row[0].value_or(""), row[1].value_or(""), LinesOf(row[3]), IdentityOf(row[2].value_or("d")),
        LinesOf(row[4]),     LinesOf(row[5]),     row[6] == "t"};
    const bool wanted =
        schemas.empty() || std::find(schemas.begin(), schemas.end(), table.schema) != schemas.end();
    if (wanted) server.tables.push_back(std::move(table));
  }
  return server;
}

}  // namespace cdc::postgres
