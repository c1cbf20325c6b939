#pragma once

/// \file lib/postgres/connection_internal.h
/// Private to this room: libpq's objects with owners, and its errors as ours.

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include <libpq-fe.h>

#include "lib/core/result.h"

namespace cdc::postgres {

struct Release {
  void operator()(PGconn* p) const { PQfinish(p); }
  void operator()(PGresult* p) const { PQclear(p); }
  void operator()(PQconninfoOption* p) const { PQconninfoFree(p); }
};
using Connection = std::unique_ptr<PGconn, Release>;
using Rows = std::unique_ptr<PGresult, Release>;

inline constexpr const char* kDsnHint = "correct [source] dsn";

/// Without the white space at the end that libpq's messages have.
std::string Trim(std::string_view text);

/// At most 10 s unless `dsn` says otherwise.
/// \return kInvalidConfig: a malformed dsn, bad password, no such database or right; kTransient: no
/// connection.
Result<Connection> Connect(const std::string& dsn);

/// `what`: for the error's message, e.g. "Counting the rows of public.t".
/// \return kNotFound: no such table or schema; kInvalidConfig: no right to it; kTransient: all else.
Result<Rows> Query(PGconn* connection, const char* sql, std::initializer_list<const char*> parameters,
                   std::string_view what);

}  // namespace cdc::postgres
