#pragma once

/// \file lib/postgres/session.h
/// One connection that writes: statements, transactions and COPY, with what became of each told apart.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.h"

namespace cdc::postgres {

/// \return kInvalidConfig: libpq cannot read it. What it says tells nothing of the string's values.
Status CheckDsn(const std::string& dsn);

/// What a statement gave back, as PostgreSQL's text.
struct Answer {
  std::vector<std::vector<std::optional<std::string>>> rows;
  std::string tag;       ///< what was done, e.g. "COMMIT" or "INSERT 0 3"
  int64_t affected = 0;  ///< rows that INSERT, UPDATE, DELETE or COPY changed
};

/// Values as text are in ISO style and UTC, bytea in hexadecimal, floats with the fewest digits that read back
/// as the same number. Not thread-safe.
class Session {
 public:
  /// \param dsn libpq connection string or URI
  /// \param setting where it stands, for hints: "[sinks.target] dsn"
  /// \return kTransient: no connection; kInvalidConfig: a malformed dsn, bad password, no such database.
  static Result<Session> Connect(const std::string& dsn, std::string setting);
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  /// One statement with parameters as text ($1, $2, …; nothing: null), or several without any.
  /// \param what for the error's message, e.g. "Reading cdc_offsets"
  /// \return kNotFound: no such table, schema or column; kInvalidConfig: no right, or the server refuses the
  /// user; kConflict: a unique key is taken, or the object is there already; kUnsupported: a value that the
  /// statement cannot take; kTransient: all else, the connection may be gone (alive()). sqlstate() says more.
  Result<Answer> Run(const std::string& sql, std::string_view what,
                     const std::vector<std::optional<std::string>>& parameters = {});

  /// Begins `COPY … FROM STDIN` in text format. \return as Run().
  Status BeginCopy(const std::string& sql, std::string_view what);
  /// Lines of it. \return kTransient: the connection is gone.
  Status SendCopy(std::string_view lines);
  /// \return rows copied, or as Run(): an error of any line is told here.
  Result<int64_t> EndCopy();

  /// COMMIT. \return kCommitUnknown: the connection went before the answer came; others as Run(): not done.
  Status Commit();
  /// ROLLBACK; what fails is a connection that is gone, and its transaction with it.
  void RollBack();

  /// Whether the connection still stands, as far as is known.
  bool alive() const;
  /// Of the last error; empty: none, or not the server's.
  const std::string& sqlstate() const;

 private:
  struct Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// `"name"`, with its quotes doubled: a name in a statement.
std::string QuoteName(std::string_view name);
/// `'text'`, with its quotes doubled; with a backslash in it `E'…'`.
std::string QuoteText(std::string_view text);

}  // namespace cdc::postgres
