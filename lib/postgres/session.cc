#include "lib/postgres/session.h"

#include <cstdlib>

#include <fmt/core.h>

#include "lib/postgres/connection_internal.h"

namespace cdc::postgres {
namespace {

/// How values are written and read. A statement that waits for a lock does not wait for ever.
constexpr const char* kSettings =
    "SET DateStyle = 'ISO, YMD'; SET TimeZone = 'UTC'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex'; "
    "SET extra_float_digits = 1; SET lc_monetary = 'C'; SET client_encoding = 'UTF8'; SET standard_conforming_strings = on; "
    "SET search_path = pg_catalog, public; SET lock_timeout = '30s'; SET client_min_messages = warning";

ErrorKind KindOf(std::string_view state) {
  if (state == "42P01" || state == "3F000" || state == "42703") return ErrorKind::kNotFound;
  if (state == "23505" || state == "42P07" || state == "42P06") return ErrorKind::kConflict;
  if (state.starts_with("28") || state.starts_with("3D") || state == "42501") return ErrorKind::kInvalidConfig;
  // Data that does not fit, a constraint of the table's own, a type that the statement is wrong about.
  if (state.starts_with("22") || state.starts_with("23") || state.starts_with("42") || state == "0A000")
    return ErrorKind::kUnsupported;
  return ErrorKind::kTransient;
}

}  // namespace

struct Session::Impl {
  Connection connection;
  std::string setting, state, copying;

  Error ErrorOf(PGresult* answer, std::string_view what) {
    const char* given = answer == nullptr ? nullptr : PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    state = given == nullptr ? "" : given;
    const char* text = answer == nullptr ? nullptr : PQresultErrorMessage(answer);
    std::string message = Trim(text == nullptr || *text == 0 ? PQerrorMessage(connection.get()) : text);
    Error error{state.empty() ? ErrorKind::kTransient : KindOf(state), fmt::format("{}: {}", what, message)};
    if (state == "42501") error.hint = "grant it to the user of " + setting;
    if (state.starts_with("28") || state.starts_with("3D")) error.hint = "correct " + setting;
    return error;
  }

  Result<Answer> Take(Rows answer, std::string_view what) {
    const auto status = PQresultStatus(answer.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY)
      return ErrorOf(answer.get(), what);
    state.clear();
    Answer taken;
    taken.tag = PQcmdStatus(answer.get());
    taken.affected = std::strtoll(PQcmdTuples(answer.get()), nullptr, 10);
    const int columns = PQnfields(answer.get()), rows = PQntuples(answer.get());
    taken.rows.reserve(static_cast<size_t>(rows));
    for (int row = 0; row < rows; ++row) {
      auto& cells = taken.rows.emplace_back();
      for (int column = 0; column < columns; ++column) {
        cells.emplace_back();
        if (PQgetisnull(answer.get(), row, column) != 0) continue;
        cells.back().emplace(PQgetvalue(answer.get(), row, column),
                             static_cast<size_t>(PQgetlength(answer.get(), row, column)));
      }
    }
    return taken;
  }
};

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<Session> Session::Connect(const std::string& dsn, std::string setting) {
  auto connection = postgres::Connect(dsn);
  if (!connection) {
    Error error = connection.error();
    error.hint = error.kind == ErrorKind::kInvalidConfig
                     ? "correct " + setting
                     : fmt::format("check that PostgreSQL runs where {} says", setting);
    return error;
  }
  Session session(
      std::make_unique<Impl>(Impl{std::move(*connection), std::move(setting), std::string(), std::string()}));
  CDC_TRY(session.Run(kSettings, "Preparing the session"));
  return session;
}

Result<Answer> Session::Run(const std::string& sql, std::string_view what,
                            const std::vector<std::optional<std::string>>& parameters) {
  PGconn* const server = impl_->connection.get();
  if (parameters.empty()) return impl_->Take(Rows(PQexec(server, sql.c_str())), what);
  std::vector<const char*> values;
  for (const auto& value : parameters) values.push_back(value ? value->c_str() : nullptr);
  return impl_->Take(Rows(PQexecParams(server, sql.c_str(), static_cast<int>(values.size()), nullptr,
                                       values.data(), nullptr, nullptr, 0)),
                     what);
}

Status Session::BeginCopy(const std::string& sql, std::string_view what) {
  const Rows answer(PQexec(impl_->connection.get(), sql.c_str()));
  impl_->copying = what;
  if (PQresultStatus(answer.get()) != PGRES_COPY_IN) return impl_->ErrorOf(answer.get(), what);
  return {};
}

Status Session::SendCopy(std::string_view lines) {
  if (PQputCopyData(impl_->connection.get(), lines.data(), static_cast<int>(lines.size())) == 1) return {};
  return impl_->ErrorOf(nullptr, impl_->copying);
}

Result<int64_t> Session::EndCopy() {
  PGconn* const server = impl_->connection.get();
  if (PQputCopyEnd(server, nullptr) != 1) return impl_->ErrorOf(nullptr, impl_->copying);
  Result<int64_t> outcome = Error{ErrorKind::kTransient, impl_->copying + ": no answer"};
  while (Rows answer{PQgetResult(server)}) {
    auto taken = impl_->Take(std::move(answer), impl_->copying);
    if (taken)
      outcome = taken->affected;
    else
      outcome = taken.error();
  }
  return outcome;
}

Status Session::Commit() {
  auto done = Run("COMMIT", "Committing");
  if (done && done->tag == "COMMIT") return {};
  // A transaction that has failed is rolled back without an error.
  if (done) return Error{ErrorKind::kTransient, "Committing: the transaction had failed"};
  Error error = done.error();
  if (impl_->state.empty() || !alive()) error.kind = ErrorKind::kCommitUnknown;
  return error;
}

void Session::RollBack() { (void)Run("ROLLBACK", "Rolling back"); }

bool Session::alive() const { return PQstatus(impl_->connection.get()) == CONNECTION_OK; }
const std::string& Session::sqlstate() const { return impl_->state; }

std::string QuoteName(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string QuoteText(std::string_view text) {
  std::string quoted = text.find('\\') == text.npos ? "'" : "E'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c;
  }
  return quoted + "'";
}

}  // namespace cdc::postgres
