#include "lib/contract/ledger.h"

#include <algorithm>

#include <fmt/format.h>

#include "lib/core/redaction.h"
#include "lib/sqlite/database.h"

namespace cdc::contract {
namespace {

constexpr int kSchemaVersion = 3;

constexpr const char* kSchema = R"sql(
CREATE TABLE IF NOT EXISTS tables (
  name TEXT PRIMARY KEY, state TEXT NOT NULL, reason TEXT NOT NULL, hint TEXT NOT NULL, topic TEXT NOT NULL,
  next_offsets TEXT NOT NULL, lag INTEGER, rows INTEGER NOT NULL, dead_letters INTEGER NOT NULL,
  last_commit_ms INTEGER NOT NULL, last_start_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL, crashes INTEGER NOT NULL,
  retries INTEGER NOT NULL, last_exit TEXT NOT NULL, pid INTEGER NOT NULL, fingerprint TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, pid INTEGER NOT NULL, start_ms INTEGER NOT NULL,
  end_ms INTEGER NOT NULL, exit TEXT NOT NULL, reason TEXT NOT NULL, report TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS runs_by_table ON runs (name, id);
)sql";

constexpr const char* kFirstColumns =
    "name, state, reason, hint, topic, next_offsets, lag, rows, dead_letters, last_commit_ms, last_start_ms, "
    "due_ms, crashes, retries, last_exit, pid, fingerprint";

/// Columns of `tables` that came after version 1.
struct Added {
  const char* name;
  const char* type;
  const char* otherwise;  ///< what is read in a ledger that does not have it yet
};
constexpr Added kAdded[] = {
    {"left_alone", "INTEGER NOT NULL DEFAULT 0", "0"},
    {"live_rows", "INTEGER", "NULL"},
    {"changes", "INTEGER NOT NULL DEFAULT 0", "0"},
    {"dead_letter_ms", "INTEGER NOT NULL DEFAULT 0", "0"},
    {"letters_in_a_row", "INTEGER NOT NULL DEFAULT 0", "0"},
    {"left_alone_ms", "INTEGER NOT NULL DEFAULT 0", "0"},
    {"current_ms", "INTEGER NOT NULL DEFAULT 0", "0"},
    {"waiting_for", "TEXT NOT NULL DEFAULT ''", "''"},
    {"waiting_since_ms", "INTEGER NOT NULL DEFAULT 0", "0"},
    {"paused", "INTEGER NOT NULL DEFAULT 0", "0"},
};

/// Those of kAdded that `db` has.
Result<std::vector<std::string>> PresentColumns(sqlite::Database& db) {
  CDC_ASSIGN(auto query, db.Prepare("SELECT name FROM pragma_table_info('tables')"));
  std::vector<std::string> names;
  while (true) {
    CDC_ASSIGN(const bool row, query.Step());
    if (!row) return names;
    names.push_back(query.text(0));
  }
}

bool Contains(const std::vector<std::string>& names, const char* name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// All columns, in the order in which ReadTable() takes them.
std::string Columns(const std::vector<std::string>& present) {
  std::string list = kFirstColumns;
  for (const Added& added : kAdded)
    list += fmt::format(", {}", Contains(present, added.name) ? added.name : added.otherwise);
  return list;
}

TableRecord ReadTable(const sqlite::Statement& row) {
  TableRecord t;
  t.table = row.text(0);
  t.state = row.text(1);
  t.reason = row.text(2);
  t.hint = row.text(3);
  t.topic = row.text(4);
  // Only a hint: an unreadable one is as good as none.
  if (auto offsets = DecodePartitionOffsets(row.text(5))) t.next_offsets = *offsets;
  t.lag = row.optional_int64(6);
  t.rows = row.int64(7);
  t.dead_letters = row.int64(8);
  t.last_commit_ms = row.int64(9);
  t.last_start_ms = row.int64(10);
  t.due_ms = row.int64(11);
  t.crashes = static_cast<int>(row.int64(12));
  t.retries = static_cast<int>(row.int64(13));
  t.last_exit = row.text(14);
  t.pid = static_cast<int>(row.int64(15));
  t.fingerprint = row.text(16);
  t.left_alone = row.int64(17);
  t.live_rows = row.optional_int64(18);
  t.changes = row.int64(19);
  t.dead_letter_ms = row.int64(20);
  t.letters_in_a_row = row.int64(21);
  t.left_alone_ms = row.int64(22);
  t.current_ms = row.int64(23);
  t.waiting_for = row.text(24);
  t.waiting_since_ms = row.int64(25);
  t.paused = row.int64(26) != 0;
  return t;
}

/// Binds values to parameters 1, 2, … and stops at the first error.
template <typename... Values>
Status BindAll(sqlite::Statement& statement, const Values&... values) {
  Status status{};
  int parameter = 0;
  auto bind = [&](const auto& value) {
    ++parameter;
    if (status) status = statement.Bind(parameter, value);
  };
  (bind(values), ...);
  return status;
}

Result<std::vector<RunRecord>> ReadRuns(sqlite::Statement& query) {
  std::vector<RunRecord> runs;
  while (true) {
    CDC_ASSIGN(bool row, query.Step());
    if (!row) return runs;
    runs.push_back({query.int64(0), query.text(1), static_cast<int>(query.int64(2)), query.int64(3),
                    query.int64(4), query.text(5), query.text(6), query.text(7)});
  }
}

}  // namespace

struct Ledger::Impl {
  explicit Impl(sqlite::Database d) : db(std::move(d)) {}
  mutable sqlite::Database db;
  std::string columns;
};

Ledger::Ledger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;
Ledger::~Ledger() = default;

namespace {

Status CheckVersion(sqlite::Database& db) {
  CDC_ASSIGN(int version, db.user_version());
  if (version <= kSchemaVersion) return {};
  return Error{ErrorKind::kCorrupt,
               fmt::format("open ledger {}: its schema version {} is newer than this program's {}", db.path(),
                           version, kSchemaVersion),
               fmt::format("use the newer program, or move {} away: it is rebuilt by a scan of the tables",
                           db.path())};
}

Status Prepare(sqlite::Database& db) {
  CDC_TRY(CheckVersion(db));
  CDC_ASSIGN(sqlite::Transaction transaction, sqlite::Transaction::Begin(db));
  CDC_TRY(db.Exec(kSchema));
  CDC_ASSIGN(const auto present, PresentColumns(db));
  for (const Added& added : kAdded) {
    if (!Contains(present, added.name))
      CDC_TRY(db.Exec(fmt::format("ALTER TABLE tables ADD COLUMN {} {}", added.name, added.type).c_str()));
  }
  CDC_TRY(db.SetUserVersion(kSchemaVersion));
  return transaction.Commit();
}

/// Made by a newer program: sound, but not for this one.
bool IsNewer(const Error& error) { return error.message.find("schema version") != std::string::npos; }

Error Explain(const std::filesystem::path& path, Error error) {
  // lib/sqlite cannot know that this file may be thrown away.
  const bool damaged = error.kind == ErrorKind::kCorrupt && !IsNewer(error);
  if (!error.hint.empty() && !damaged) return error;
  if (error.kind == ErrorKind::kTransient) {
    error.hint = fmt::format("see which process uses {} (fuser {}), and that its disk is not full",
                             path.string(), path.string());
  } else if (error.kind == ErrorKind::kCorrupt) {
    error.hint = fmt::format("move {} away: it is rebuilt by a scan of the tables", path.string());
  } else if (error.kind == ErrorKind::kInvalidConfig) {
    error.hint =
        fmt::format("make {} writable for this user, or set [orchestrator] state_dir to another folder",
                    path.parent_path().string());
  }
  return error;
}

}  // namespace

Result<Ledger> Ledger::Open(const std::filesystem::path& path) {
  std::error_code ec;
  std::filesystem::create_directories(path.parent_path(), ec);
  if (ec) {
    return Explain(path, {ErrorKind::kInvalidConfig,
                          fmt::format("make folder {}: {}", path.parent_path().string(), ec.message())});
  }
  // Without a sync per transaction: after a power cut it may lack the last seconds, which are found again.
  auto db = sqlite::Database::Open(path.string(), {.busy_timeout = Millis(2'000), .full_sync = false});
  if (!db) return Explain(path, db.error());
  if (Status ready = Prepare(*db); !ready) return Explain(path, ready.error());
  auto impl = std::make_unique<Impl>(std::move(*db));
  CDC_ASSIGN(const auto present, PresentColumns(impl->db));
  impl->columns = Columns(present);
  return Ledger(std::move(impl));
}

Result<Ledger> Ledger::OpenOrReplace(const std::filesystem::path& path, std::filesystem::path* aside) {
  namespace fs = std::filesystem;
  auto opened = Open(path);
  if (opened || opened.error().kind != ErrorKind::kCorrupt || IsNewer(opened.error())) return opened;
  fs::path away;
  std::error_code failed;
  for (int n = 1; n == 1 || fs::exists(away, failed); ++n)
    away = fmt::format("{}.damaged-{}", path.string(), n);
  fs::rename(path, away, failed);
  if (failed) return opened;
  // Of the damaged file: a new one must not take them for its own.
  for (const char* part : {"-wal", "-shm"}) fs::remove(path.string() + part, failed);
  *aside = away;
  return Open(path);
}

Result<Ledger> Ledger::OpenReadOnly(const std::filesystem::path& path) {
  auto db = sqlite::Database::Open(path.string(), {.busy_timeout = Millis(2'000), .read_only = true});
  if (!db) return Explain(path, db.error());
  if (Status version = CheckVersion(*db); !version) return Explain(path, version.error());
  auto impl = std::make_unique<Impl>(std::move(*db));
  CDC_ASSIGN(const auto present, PresentColumns(impl->db));
  impl->columns = Columns(present);
  return Ledger(std::move(impl));
}

Result<std::vector<TableRecord>> Ledger::Tables() const {
  CDC_ASSIGN(auto query,
             impl_->db.Prepare(fmt::format("SELECT {} FROM tables ORDER BY name", impl_->columns)));
  std::vector<TableRecord> tables;
  while (true) {
    CDC_ASSIGN(bool row, query.Step());
    if (!row) return tables;
    tables.push_back(ReadTable(query));
  }
}

Result<TableRecord> Ledger::FindTable(std::string_view table) const {
  CDC_ASSIGN(auto query,
             impl_->db.Prepare(fmt::format("SELECT {} FROM tables WHERE name = ?", impl_->columns)));
  CDC_TRY(query.Bind(1, table));
  CDC_ASSIGN(bool row, query.Step());
  if (!row) return Error{ErrorKind::kNotFound, fmt::format("ledger: no table {}", table)};
  return ReadTable(query);
}

Status Ledger::Save(const std::vector<TableRecord>& tables) {
  CDC_ASSIGN(auto transaction, sqlite::Transaction::Begin(impl_->db));
  {
    CDC_ASSIGN(auto put,
               impl_->db.Prepare(fmt::format("INSERT OR REPLACE INTO tables ({}) VALUES "
                                             "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                                             impl_->columns)));
    for (const TableRecord& t : tables) {
      CDC_TRY(BindAll(put, t.table, t.state, WithoutSecrets(t.reason), WithoutSecrets(t.hint), t.topic,
                      EncodeOffsets(t.next_offsets), t.lag, t.rows, t.dead_letters, t.last_commit_ms,
                      t.last_start_ms, t.due_ms, t.crashes, t.retries, t.last_exit, t.pid, t.fingerprint,
                      t.left_alone, t.live_rows, t.changes, t.dead_letter_ms, t.letters_in_a_row,
                      t.left_alone_ms, t.current_ms, t.waiting_for, t.waiting_since_ms,
                      static_cast<int64_t>(t.paused)));
      CDC_TRY(put.Run());
    }
  }
  return transaction.Commit();
}

Status Ledger::Remove(std::string_view table) {
  CDC_ASSIGN(auto statement, impl_->db.Prepare("DELETE FROM tables WHERE name = ?"));
  CDC_TRY(statement.Bind(1, table));
  return statement.Run();
}

Result<int64_t> Ledger::StartRun(std::string_view table, int64_t start_ms, std::string_view why) {
  // A run whose orchestrator was killed has no end. It is over by now: its lock is free.
  CDC_ASSIGN(auto close,
             impl_->db.Prepare("UPDATE runs SET end_ms = ?, exit = 'lost' WHERE name = ? AND end_ms = 0"));
  CDC_TRY(BindAll(close, start_ms, table));
  CDC_TRY(close.Run());
  CDC_ASSIGN(auto put,
             impl_->db.Prepare("INSERT INTO runs (name, pid, start_ms, end_ms, exit, reason, report) "
                               "VALUES (?, 0, ?, 0, '', ?, '')"));
  CDC_TRY(BindAll(put, table, start_ms, why));
  CDC_TRY(put.Run());
  return impl_->db.last_insert_rowid();
}

Status Ledger::SetPid(int64_t run, int pid) {
  CDC_ASSIGN(auto put, impl_->db.Prepare("UPDATE runs SET pid = ? WHERE id = ?"));
  CDC_TRY(BindAll(put, pid, run));
  return put.Run();
}

Status Ledger::EndRun(const RunRecord& run) {
  CDC_ASSIGN(auto put,
             impl_->db.Prepare("UPDATE runs SET end_ms = ?, exit = ?, reason = ?, report = ? WHERE id = ?"));
  CDC_TRY(BindAll(put, run.end_ms, run.exit, WithoutSecrets(run.reason), run.report, run.id));
  return put.Run();
}

Result<std::vector<RunRecord>> Ledger::Runs(std::string_view table, int limit) const {
  CDC_ASSIGN(auto query,
             impl_->db.Prepare("SELECT id, name, pid, start_ms, end_ms, exit, reason, report FROM runs "
                               "WHERE ?1 = '' OR name = ?1 ORDER BY id DESC LIMIT ?2"));
  CDC_TRY(BindAll(query, table, limit));
  return ReadRuns(query);
}

Result<std::vector<RunRecord>> Ledger::FailedRuns(int limit) const {
  CDC_ASSIGN(auto query,
             impl_->db.Prepare("SELECT id, name, pid, start_ms, end_ms, exit, reason, report FROM runs "
                               "WHERE id > (SELECT max(id) FROM runs) - 20000 AND end_ms > 0 AND exit <> '0' "
                               "ORDER BY id DESC LIMIT ?1"));
  CDC_TRY(BindAll(query, limit));
  return ReadRuns(query);
}

Status Ledger::Prune(std::string_view table, int keep) {
  CDC_ASSIGN(
      auto statement,
      impl_->db.Prepare("DELETE FROM runs WHERE name = ?1 AND id <= (SELECT id FROM runs WHERE name = ?1 "
                        "ORDER BY id DESC LIMIT 1 OFFSET ?2)"));
  CDC_TRY(BindAll(statement, table, keep));
  return statement.Run();
}

}  // namespace cdc::contract
