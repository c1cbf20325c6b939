#include "lib/postgres/connection_internal.h"

#include "lib/postgres/session.h"

#include <fmt/core.h>

namespace cdc::postgres {
namespace {

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

}  // namespace

std::string Trim(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return std::string(text);
}

namespace {

/// libpq repeats parts of the string, which may be of a password: what it quotes is left out. The name of an option that
/// it does not know stays.
std::string WithoutQuoted(std::string_view text) {
  if (text.starts_with("invalid connection option")) return std::string(text);
  std::string out;
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') out += quoted ? "…\"" : "\"";
    if (c == '"')
      quoted = !quoted;
    else if (!quoted)
      out += c;
  }
  return out;
}

}  // namespace

Status CheckDsn(const std::string& dsn) {
  char* why = nullptr;
  const std::unique_ptr<PQconninfoOption, Release> parsed(PQconninfoParse(dsn.c_str(), &why));
  if (parsed) return {};
  Error error{ErrorKind::kInvalidConfig,
              fmt::format("Reading the PostgreSQL connection string: {}",
                          WithoutQuoted(Trim(why == nullptr ? "out of memory" : why))),
              kDsnHint};
  PQfreemem(why);
  return error;
}

Result<Connection> Connect(const std::string& dsn) {
  CDC_TRY(CheckDsn(dsn));
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

Result<Rows> Query(PGconn* connection, const char* sql, std::initializer_list<const char*> parameters,
                   std::string_view what) {
  Rows rows(PQexecParams(connection, sql, static_cast<int>(parameters.size()), nullptr, parameters.begin(),
                         nullptr, nullptr, 0));
  const auto status = PQresultStatus(rows.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return rows;
  const char* state = PQresultErrorField(rows.get(), PG_DIAG_SQLSTATE);
  const std::string_view sqlstate = state == nullptr ? "" : state;
  Error error{ErrorKind::kTransient, fmt::format("{}: {}", what, Trim(PQerrorMessage(connection)))};
  if (sqlstate == "42P01" || sqlstate == "3F000") {  // undefined table, schema
    error.kind = ErrorKind::kNotFound;
  } else if (!sqlstate.empty() && IsPermanent(sqlstate, "")) {
    error.kind = ErrorKind::kInvalidConfig;
    error.hint = sqlstate == "42501" ? "grant the user of [source] dsn SELECT on it" : kDsnHint;
  }
  return error;
}

}  // namespace cdc::postgres
