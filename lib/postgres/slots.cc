#include "lib/postgres/slots.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>

#include <fmt/core.h>

#include "lib/postgres/connection_internal.h"
#include "lib/postgres/session.h"

namespace cdc::postgres {
namespace {

// https://www.postgresql.org/docs/15/view-pg-replication-slots.html; sizes of pg_settings are in megabytes,
// −1 is "no limit".
constexpr const char* kQuestion =
    "SELECT current_database(), s.slot_name, s.active, coalesce(s.wal_status, ''),"
    " coalesce(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()"
    "   ELSE pg_current_wal_lsn() END, s.restart_lsn), 0)::bigint,"
    " (SELECT setting::bigint << 20 FROM pg_settings WHERE name = 'max_wal_size'),"
    " (SELECT greatest(setting::bigint, 0) << 20 FROM pg_settings WHERE name = 'max_slot_wal_keep_size')"
    " FROM (SELECT 1) one LEFT JOIN pg_replication_slots s"
    "   ON s.slot_type = 'logical' AND s.database = current_database() ORDER BY s.slot_name";

Error Late(const char* what, Millis timeout) {
  return {ErrorKind::kTransient, fmt::format("{}: no answer in {} ms", what, timeout.count())};
}

/// False: time-out.
bool Await(PGconn* connection, short event, SteadyTime deadline) {
  while (true) {
    const auto left = std::chrono::ceil<Millis>(deadline - std::chrono::steady_clock::now());
    pollfd entry{PQsocket(connection), event, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

/// libpq's own connect_timeout counts for each address, and its queries have none: here one deadline holds
/// for all.
Result<Connection> ConnectBy(const std::string& dsn, SteadyTime deadline, Millis timeout) {
  CDC_TRY(CheckDsn(dsn));
  const char* names[] = {"application_name", "dbname", nullptr};
  const char* values[] = {"cdc", dsn.c_str(), nullptr};
  Connection connection(PQconnectStartParams(names, values, /*expand_dbname=*/1));
  PGconn* const server = connection.get();
  while (server != nullptr && PQstatus(server) != CONNECTION_BAD) {
    const auto state = PQconnectPoll(server);
    if (state == PGRES_POLLING_OK) return connection;
    if (state == PGRES_POLLING_FAILED) break;
    if (!Await(server, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline))
      return Late("Connecting to PostgreSQL", timeout);
  }
  const std::string why = server == nullptr ? "out of memory" : Trim(PQerrorMessage(server));
  return Error{ErrorKind::kTransient, fmt::format("Connecting to PostgreSQL: {}", why),
               "check that PostgreSQL runs where [source] dsn says, and lets its user in"};
}

Result<Rows> AskBy(PGconn* server, SteadyTime deadline, Millis timeout) {
  constexpr const char* kWhat = "Looking at PostgreSQL's replication slots";
  const auto failed = [&] {
    return Error{ErrorKind::kTransient, fmt::format("{}: {}", kWhat, Trim(PQerrorMessage(server)))};
  };
  if (PQsendQuery(server, kQuestion) != 1) return failed();
  while (PQisBusy(server) == 1) {
    if (!Await(server, POLLIN, deadline)) return Late(kWhat, timeout);
    if (PQconsumeInput(server) != 1) return failed();
  }
  Rows rows(PQgetResult(server));
  if (PQresultStatus(rows.get()) != PGRES_TUPLES_OK) return failed();
  return rows;
}

}  // namespace

Result<Slots> ReadSlots(const std::string& dsn, Millis timeout) {
  const SteadyTime deadline = std::chrono::steady_clock::now() + timeout;
  CDC_ASSIGN(const Connection connection, ConnectBy(dsn, deadline, timeout));
  CDC_ASSIGN(const Rows rows, AskBy(connection.get(), deadline, timeout));
  const auto text = [&](int row, int column) { return std::string(PQgetvalue(rows.get(), row, column)); };
  const auto number = [&](int row, int column) {
    return std::strtoll(PQgetvalue(rows.get(), row, column), nullptr, 10);
  };
  Slots found;
  for (int row = 0; row < PQntuples(rows.get()); ++row) {
    found.database = text(row, 0);
    found.max_wal_size = number(row, 5);
    found.max_slot_wal = number(row, 6);
    if (PQgetisnull(rows.get(), row, 1) != 0) continue;  // there is none
    found.slots.push_back({text(row, 1), text(row, 2) == "t", text(row, 3), number(row, 4)});
  }
  return found;
}

}  // namespace cdc::postgres
