#include <cstdlib>

#include <fmt/format.h>

#include "lib/verify/postgres_moment.h"
#include "lib/verify/postgres_side_internal.h"
#include "lib/verify/server_hash.h"
#include "lib/verify/sql_text.h"

namespace cdc::verify {
namespace {

constexpr const char* kWhat = "Asking PostgreSQL's catalogues";

// Domains are followed down to the type they are made of; of an array, its elements' type is told.
constexpr const char* kColumns = R"(
WITH RECURSIVE base AS (
  SELECT attnum, attname, attgenerated <> '' AS generated, atttypid AS type
    FROM pg_attribute WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT b.attnum, b.attname, b.generated, t.typbasetype
    FROM base b JOIN pg_type t ON t.oid = b.type WHERE t.typtype = 'd')
SELECT b.attname, v.typname, n.nspname, v.typtype, t.typcategory = 'A', b.generated
  FROM base b JOIN pg_type t ON t.oid = b.type AND t.typtype <> 'd'
  JOIN pg_type v ON v.oid = CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN t.typelem ELSE t.oid END
  JOIN pg_namespace n ON n.oid = v.typnamespace ORDER BY b.attnum)";

constexpr const char* kKey = R"(
SELECT a.attname FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
 WHERE i.indrelid = $1::oid AND i.indisprimary AND k.place <= i.indnkeyatts ORDER BY k.place)";

// The table itself and all that are its partitions or inherit from it: SELECT reads those, too.
constexpr const char* kRelations = R"(
WITH RECURSIVE part AS (
  SELECT $1::oid AS oid UNION SELECT i.inhrelid FROM pg_inherits i JOIN part p ON p.oid = i.inhparent)
SELECT n.nspname, c.relname, c.relkind, CASE WHEN c.relkind = 'r' THEN
       pg_relation_size(c.oid) / current_setting('block_size')::bigint ELSE 0 END, greatest(c.reltuples, 0)::bigint
  FROM part p JOIN pg_class c ON c.oid = p.oid JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY c.oid)";

int64_t Number(const std::optional<std::string>& cell) {
  return std::strtoll(cell.value_or("0").c_str(), nullptr, 10);
}

}  // namespace

Result<std::unique_ptr<PostgresMoment>> PostgresMoment::Open(postgres::Session session,
                                                             const std::string& schema,
                                                             const std::string& table, Millis timeout) {
  std::unique_ptr<PostgresMoment> moment(new PostgresMoment(std::move(session)));
  moment->name_ = QuotedName(schema) + "." + QuotedName(table);
  CDC_TRY(moment->Begin(timeout));
  CDC_TRY(moment->CheckServer());
  CDC_ASSIGN(const auto oid, moment->session_.Run("SELECT $1::regclass::oid", kWhat, {moment->name_}));
  CDC_TRY(moment->FindColumns(oid.rows[0][0].value_or("")));
  CDC_TRY(moment->FindRelations(oid.rows[0][0].value_or("")));
  return moment;
}

Status PostgresMoment::Begin(Millis timeout) {
  const std::string what = "Reading the rows of " + name_;
  CDC_TRY(session_.Run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", what));
  // The planner's compiler would take a second for each of these long expressions. A policy that hides rows
  // is an error, not a difference.
  CDC_TRY(session_.Run(
      fmt::format("SET LOCAL statement_timeout = {}; SET LOCAL jit = off; SET LOCAL row_security = off; "
                  "SET LOCAL idle_in_transaction_session_timeout = 0",
                  timeout.count()),
      what));
  // Before the transaction's first look: what the lock waits for is seen then.
  CDC_TRY(session_.Run(fmt::format("LOCK TABLE {} IN ACCESS SHARE MODE", name_), what));
  CDC_ASSIGN(const auto place,
             session_.Run("SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE "
                          "pg_current_wal_insert_lsn() END",
                          what));
  lsn_ = place.rows[0][0].value_or("");
  return {};
}

Status PostgresMoment::CheckServer() {
  CDC_ASSIGN(
      const auto answer,
      session_.Run(fmt::format("SELECT current_setting('server_version_num')::int, getdatabaseencoding(), "
                               "hashtextextended('{}' COLLATE \"C\", 5)",
                               kProbe),
                   "Asking the server what it is"));
  const auto& cells = answer.rows[0];
  const int64_t version = Number(cells[0]);
  if (version < 130'000)
    return Error{ErrorKind::kUnsupported, "Comparing rows: the server is older than PostgreSQL 13"};
  if (cells[1] != "UTF8")
    return Error{ErrorKind::kUnsupported,
                 fmt::format("Comparing rows: the database is in {}, not in UTF8", cells[1].value_or(""))};
  if (Number(cells[2]) != HashText(kProbe, 5))
    return Error{ErrorKind::kUnsupported,
                 "Comparing rows: the server's hashtextextended() is another function than ours"};
  by_block_ = version >= 140'000;
  return {};
}

Status PostgresMoment::FindColumns(const std::string& oid) {
  CDC_ASSIGN(const auto columns, session_.Run(kColumns, kWhat, {oid}));
  for (const auto& cells : columns.rows) {
    columns_.push_back({.name = cells[0].value_or(""),
                        .type = cells[1].value_or(""),
                        .schema = cells[2].value_or(""),
                        .kind = cells[3].value_or("b").front(),
                        .array = cells[4] == "t",
                        .generated = cells[5] == "t"});
  }
  CDC_ASSIGN(const auto key, session_.Run(kKey, kWhat, {oid}));
  for (const auto& cells : key.rows) key_.push_back(cells[0].value_or(""));
  return {};
}

Status PostgresMoment::FindRelations(const std::string& oid) {
  CDC_ASSIGN(const auto relations, session_.Run(kRelations, kWhat, {oid}));
  for (const auto& cells : relations.rows) {
    const std::string name = QuotedName(cells[0].value_or("")) + "." + QuotedName(cells[1].value_or(""));
    if (cells[2] == "p") continue;
    if (cells[2] != "r")
      return Error{ErrorKind::kUnsupported,
                   fmt::format("Comparing rows: {} is no table of this server's own", name)};
    relations_.push_back({name, Number(cells[3])});
    guessed_rows_ += Number(cells[4]);
  }
  return {};
}

std::unique_ptr<Side> PostgresMoment::Read(const Plan& plan, const Hashing& hashing, bool target,
                                           const std::string& where) {
  return MakePostgresSide({&session_, &relations_, by_block_}, plan, hashing, target, where);
}

Result<PostgresMoment::Confirmed> PostgresMoment::FindConfirmed(const std::string& slot) {
  CDC_ASSIGN(
      const auto answer,
      session_.Run(
          "SELECT confirmed_flush_lsn, confirmed_flush_lsn >= $1::pg_lsn FROM pg_replication_slots WHERE "
          "slot_type = 'logical' AND database = current_database() AND CASE $2 WHEN '' THEN active ELSE "
          "slot_name = $2 END ORDER BY 1 NULLS FIRST LIMIT 1",
          "Asking for replication slots", {lsn_, slot}));
  if (answer.rows.empty() && !slot.empty())
    return Error{ErrorKind::kInvalidConfig, "The source has no logical replication slot " + slot,
                 "SELECT slot_name FROM pg_replication_slots tells them; Debezium's `slot.name`"};
  if (answer.rows.empty()) return Confirmed{};
  return Confirmed{answer.rows[0][0].value_or("0/0"), answer.rows[0][1] == "t"};
}

}  // namespace cdc::verify
