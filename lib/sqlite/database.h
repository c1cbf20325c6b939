#pragma once

/// \file lib/sqlite/database.h
/// SQLite behind RAII: connections, statements and transactions that answer with errors as values.
///
/// Error kinds of every call here: kTransient (locked beyond the busy timeout, disk full, I/O error, out of
/// memory: try again), kCorrupt (the file is damaged or no database), kInvalidConfig (the file cannot be
/// opened or written), and kInvalidArgument (bad SQL, a violated constraint: a mistake of the program).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/core/clock.h"
#include "lib/core/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace cdc::sqlite {

struct Options {
  Millis busy_timeout{10'000};  ///< how long a call waits for other processes' locks
  /// Readers and the writer do not wait for each other. Persistent in the file. Where the file cannot be
  /// switched just now (another process uses it in another mode) it is used as it is.
  bool wal = true;
  bool read_only = false;  ///< an absent file is kNotFound; nothing is created or switched
  bool full_sync = true;   ///< a committed transaction survives a power cut
};

/// A prepared statement; must not outlive its Database. Parameters and columns as in SQL: parameters from 1,
/// columns from 0. Not thread-safe.
class Statement {
 public:
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;
  ~Statement();

  /// Text is copied. Bindings stay through Reset().
  Status Bind(int parameter, std::string_view text);
  Status Bind(int parameter, const char* text) { return Bind(parameter, std::string_view(text)); }
  Status Bind(int parameter, const std::string& text) { return Bind(parameter, std::string_view(text)); }
  Status Bind(int parameter, int64_t value);
  Status Bind(int parameter, int value) { return Bind(parameter, int64_t{value}); }
  Status Bind(int parameter, double value);
  Status BindNull(int parameter);
  Status BindBlob(int parameter, std::string_view bytes);
  template <typename T>
  Status Bind(int parameter, const std::optional<T>& value) {
    return value ? Bind(parameter, *value) : BindNull(parameter);
  }

  /// \return true: a row is there to be read; false: done.
  Result<bool> Step();
  /// Steps to the end, for statements without rows of interest; then Reset().
  Status Run();
  void Reset();

  bool is_null(int column) const;
  int64_t int64(int column) const;
  double real(int column) const;
  /// Text or blob, copied; empty for null.
  std::string text(int column) const;
  std::optional<std::string> optional_text(int column) const;
  std::optional<int64_t> optional_int64(int column) const;

 private:
  friend class Database;
  Statement(sqlite3* db, sqlite3_stmt* stmt, std::shared_ptr<const std::string> path);
  Status Check(int code, const char* attempted) const;

  sqlite3* db_;
  sqlite3_stmt* stmt_;
  std::shared_ptr<const std::string> path_;
};

/// One connection. One thread at a time.
class Database {
 public:
  /// Opens or creates `path`; the folder must exist.
  /// \return kNotFound: absent and read_only; kInvalidConfig: no permission, no such folder.
  static Result<Database> Open(const std::string& path, const Options& options = {});

  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  /// Runs one or more statements separated by semicolons.
  Status Exec(const std::string& sql);
  Result<Statement> Prepare(std::string_view sql);

  /// Rows changed by the last INSERT, UPDATE or DELETE.
  int64_t changes() const;
  int64_t last_insert_rowid() const;

  /// Schema version of the owner's choosing; 0 in a new file.
  Result<int> user_version();
  Status SetUserVersion(int version);

  const std::string& path() const { return *path_; }

 private:
  static Result<Database> OpenOnce(const std::string& path, const Options& options);
  friend class Transaction;
  Database(sqlite3* db, std::shared_ptr<const std::string> path);

  sqlite3* db_;
  std::shared_ptr<const std::string> path_;
};

/// BEGIN IMMEDIATE (waits for other writers at once, never in the middle) until Commit() or Rollback();
/// destroying an open one rolls back. Must not outlive its Database, which must not be moved meanwhile.
class Transaction {
 public:
  static Result<Transaction> Begin(Database& db);
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  /// \return kTransient: locked, rolled back, certainly not committed. kCommitUnknown: an I/O error while
  /// committing; it may be there when the file is opened again.
  Status Commit();
  void Rollback();

 private:
  explicit Transaction(Database& db) : db_(&db) {}
  Database* db_;
};

}  // namespace cdc::sqlite
