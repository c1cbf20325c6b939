#include "lib/sqlite/database.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "lib/core/system_error.h"

namespace cdc::sqlite {
namespace {

bool IsBusy(int code) { return (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED; }

ErrorKind KindOf(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
    case SQLITE_PROTOCOL: return ErrorKind::kTransient;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorKind::kCorrupt;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH: return ErrorKind::kInvalidConfig;
    default: return ErrorKind::kInvalidArgument;
  }
}

std::string HintFor(int code, const std::string& path) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return fmt::format("another process holds a lock: fuser {}", path);
    case SQLITE_FULL: return fmt::format("make room on the disk of {}", path);
    case SQLITE_IOERR: return fmt::format("check the disk that holds {}", path);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return fmt::format("sqlite3 {} 'PRAGMA integrity_check'; put a sound copy of it back", path);
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return fmt::format("check that the folder exists and that {} is writable: ls -ld", path);
    default: return {};
  }
}

/// A disk that failed while the database or the index of its write-ahead log was opened: SQLite goes on with what it could
/// open for reading, and says so at the first write.
bool MayWriteByNow(int code, const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  return (code & 0xff) == SQLITE_READONLY && ::access(path.c_str(), W_OK) == 0 && ::access(folder.c_str(), W_OK) == 0;
}

Error MakeError(sqlite3* db, int code, std::string_view attempted, const std::string& path) {
  const char* cause = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  const int system = (code & 0xff) == SQLITE_CANTOPEN && db != nullptr ? sqlite3_system_errno(db) : 0;
  if (MayPass(system)) {
    return Error{ErrorKind::kTransient,
                 fmt::format("{} in {}: {}: {}", attempted, path, cause, std::strerror(system)),
                 fmt::format("make room, or check the disk that holds {}", path)};
  }
  const std::string message = fmt::format("{} in {}: {}", attempted, path, cause);
  if (MayWriteByNow(code, path))
    return Error{ErrorKind::kTransient, message, fmt::format("check the disk that holds {}", path)};
  return Error{KindOf(code), message, HintFor(code, path)};
}

/// Switching takes an exclusive lock that SQLite's own busy handler does not always wait for, so wait here.
/// Staying in the old mode is correct as well, only slower.
void TryWal(sqlite3* db, Millis patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    const int code = sqlite3_exec(db, "PRAGMA journal_mode=WAL", nullptr, nullptr, nullptr);
    if (!IsBusy(code) || std::chrono::steady_clock::now() >= deadline) return;
    std::this_thread::sleep_for(Millis(5));
  }
}

}  // namespace

Statement::Statement(sqlite3* db, sqlite3_stmt* stmt, std::shared_ptr<const std::string> path)
    : db_(db), stmt_(stmt), path_(std::move(path)) {}
Statement::Statement(Statement&& other) noexcept
    : db_(other.db_), stmt_(std::exchange(other.stmt_, nullptr)), path_(std::move(other.path_)) {}
Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(db_, other.db_);
  std::swap(stmt_, other.stmt_);
  std::swap(path_, other.path_);
  return *this;
}
Statement::~Statement() { sqlite3_finalize(stmt_); }

Status Statement::Check(int code, const char* attempted) const {
  if (code == SQLITE_OK) return {};
  const char* sql = sqlite3_sql(stmt_);
  return MakeError(db_, code, fmt::format("{} \"{}\"", attempted, sql != nullptr ? sql : ""), *path_);
}

Status Statement::Bind(int parameter, std::string_view text) {
  return Check(sqlite3_bind_text64(stmt_, parameter, text.data() != nullptr ? text.data() : "", text.size(),
                                   SQLITE_TRANSIENT, SQLITE_UTF8),
               "binding");
}
Status Statement::Bind(int parameter, int64_t value) {
  return Check(sqlite3_bind_int64(stmt_, parameter, value), "binding");
}
Status Statement::Bind(int parameter, double value) {
  return Check(sqlite3_bind_double(stmt_, parameter, value), "binding");
}
Status Statement::BindNull(int parameter) { return Check(sqlite3_bind_null(stmt_, parameter), "binding"); }
Status Statement::BindBlob(int parameter, std::string_view bytes) {
  return Check(sqlite3_bind_blob64(stmt_, parameter, bytes.data() != nullptr ? bytes.data() : "",
                                   bytes.size(), SQLITE_TRANSIENT),
               "binding");
}

Result<bool> Statement::Step() {
  const int code = sqlite3_step(stmt_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  const Status failed = Check(code, "running");
  sqlite3_reset(stmt_);
  return failed.error();
}

Status Statement::Run() {
  while (true) {
    CDC_ASSIGN(const bool more, Step());
    if (more) continue;
    Reset();
    return {};
  }
}

void Statement::Reset() { sqlite3_reset(stmt_); }

bool Statement::is_null(int column) const { return sqlite3_column_type(stmt_, column) == SQLITE_NULL; }
int64_t Statement::int64(int column) const { return sqlite3_column_int64(stmt_, column); }
double Statement::real(int column) const { return sqlite3_column_double(stmt_, column); }
std::string Statement::text(int column) const {
  const void* bytes = sqlite3_column_blob(stmt_, column);
  const int size = sqlite3_column_bytes(stmt_, column);
  return bytes == nullptr ? std::string()
                          : std::string(static_cast<const char*>(bytes), static_cast<size_t>(size));
}
std::optional<std::string> Statement::optional_text(int column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}
std::optional<int64_t> Statement::optional_int64(int column) const {
  if (is_null(column)) return std::nullopt;
  return int64(column);
}

Database::Database(sqlite3* db, std::shared_ptr<const std::string> path) : db_(db), path_(std::move(path)) {}
Database::Database(Database&& other) noexcept
    : db_(std::exchange(other.db_, nullptr)), path_(std::move(other.path_)) {}
Database& Database::operator=(Database&& other) noexcept {
  std::swap(db_, other.db_);
  std::swap(path_, other.path_);
  return *this;
}
Database::~Database() { sqlite3_close_v2(db_); }

Result<Database> Database::Open(const std::string& path, const Options& options) {
  Result<Database> first = OpenOnce(path, options);
  if (first || (first.error().kind != ErrorKind::kCorrupt && first.error().kind != ErrorKind::kInvalidConfig))
    return first;
  // One call of the system that fails can look like damage or like a missing right to SQLite: both stay.
  return OpenOnce(path, options);
}

Result<Database> Database::OpenOnce(const std::string& path, const Options& options) {
  sqlite3* raw = nullptr;
  const int flags = options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Database db(raw, std::make_shared<const std::string>(path));
  if (code != SQLITE_OK) {
    Error error = MakeError(raw, code, "opening the database", path);
    // A reader's missing file is an answer, not a fault.
    if (options.read_only && sqlite3_system_errno(raw) == ENOENT) error.kind = ErrorKind::kNotFound;
    return error;
  }
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, static_cast<int>(options.busy_timeout.count()));
  if (!options.read_only) {
    // SQLite opens for reading what it could not open for writing, whatever the cause was.
    if (sqlite3_db_readonly(raw, "main") == 1 && ::access(path.c_str(), W_OK) == 0) {
      return Error{ErrorKind::kTransient, fmt::format("{} could be opened for reading only", path),
                   fmt::format("make room, or check the disk that holds {}", path)};
    }
    if (options.wal) TryWal(raw, options.busy_timeout);
    CDC_TRY(db.Exec(options.full_sync ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL"));
  }
  // SQLite opens lazily: read the header now, so that a damaged file is reported here.
  CDC_TRY(db.user_version());
  return db;
}

Status Database::Exec(const std::string& sql) {
  const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return {};
  return MakeError(db_, code, fmt::format("running \"{}\"", sql), *path_);
}

Result<Statement> Database::Prepare(std::string_view sql) {
  sqlite3_stmt* stmt = nullptr;
  const int code = sqlite3_prepare_v2(db_, sql.data(), static_cast<int>(sql.size()), &stmt, nullptr);
  if (code != SQLITE_OK) return MakeError(db_, code, fmt::format("preparing \"{}\"", sql), *path_);
  return Statement(db_, stmt, path_);
}

int64_t Database::changes() const { return sqlite3_changes64(db_); }
int64_t Database::last_insert_rowid() const { return sqlite3_last_insert_rowid(db_); }

Result<int> Database::user_version() {
  CDC_ASSIGN(Statement query, Prepare("PRAGMA user_version"));
  CDC_TRY(query.Step());
  return static_cast<int>(query.int64(0));
}
Status Database::SetUserVersion(int version) { return Exec(fmt::format("PRAGMA user_version={}", version)); }

Result<Transaction> Transaction::Begin(Database& db) {
  CDC_TRY(db.Exec("BEGIN IMMEDIATE"));
  return Transaction(db);
}
Transaction::Transaction(Transaction&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
Transaction::~Transaction() { Rollback(); }

Status Transaction::Commit() {
  Database& db = *db_;
  const int code = sqlite3_exec(db.db_, "COMMIT", nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) {
    db_ = nullptr;
    return {};
  }
  Error error = MakeError(db.db_, code, "committing", db.path());
  Rollback();
  if (!IsBusy(code)) error.kind = ErrorKind::kCommitUnknown;
  return error;
}

void Transaction::Rollback() {
  Database* db = std::exchange(db_, nullptr);
  if (db == nullptr || db->db_ == nullptr) return;
  if (sqlite3_get_autocommit(db->db_) == 0) sqlite3_exec(db->db_, "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace cdc::sqlite
