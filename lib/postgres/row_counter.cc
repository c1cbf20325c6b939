#include "lib/postgres/row_counter.h"

#include <cstdlib>

#include <fmt/core.h>

#include "lib/postgres/connection_internal.h"

namespace cdc::postgres {
namespace {

Result<std::string> Quoted(PGconn* connection, const std::string& name) {
  char* quoted = PQescapeIdentifier(connection, name.data(), name.size());
  if (quoted == nullptr) {
    return Error{ErrorKind::kNotFound,
                 fmt::format("Quoting the name {}: {}", name, Trim(PQerrorMessage(connection)))};
  }
  std::string text = quoted;
  PQfreemem(quoted);
  return text;
}

}  // namespace

struct RowCounter::Impl {
  Connection connection;
};

RowCounter::RowCounter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RowCounter::RowCounter(RowCounter&&) noexcept = default;
RowCounter& RowCounter::operator=(RowCounter&&) noexcept = default;
RowCounter::~RowCounter() = default;

Result<RowCounter> RowCounter::Connect(const std::string& dsn) {
  CDC_ASSIGN(Connection connection, postgres::Connect(dsn));
  CDC_TRY(
      Query(connection.get(), "SET default_transaction_read_only = on", {}, "Making the session read-only"));
  return RowCounter(std::make_unique<Impl>(Impl{std::move(connection)}));
}

Result<int64_t> RowCounter::Count(const std::string& schema, const std::string& table, Millis timeout) {
  PGconn* server = impl_->connection.get();
  const std::string what = fmt::format("Counting the rows of {}.{}", schema, table);
  CDC_ASSIGN(const std::string schema_name, Quoted(server, schema));
  CDC_ASSIGN(const std::string table_name, Quoted(server, table));
  CDC_TRY(Query(server, fmt::format("SET statement_timeout = {}", timeout.count()).c_str(), {}, what));
  const std::string sql = fmt::format("SELECT count(*) FROM {}.{}", schema_name, table_name);
  CDC_ASSIGN(const Rows rows, Query(server, sql.c_str(), {}, what));
  return std::strtoll(PQgetvalue(rows.get(), 0, 0), nullptr, 10);
}

}  // namespace cdc::postgres
