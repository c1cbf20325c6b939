#include "lib/iceberg/sqlite_catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "lib/core/clock.h"
#include "lib/iceberg/deletable.h"
#include "lib/iceberg/new_table_internal.h"
#include "lib/sqlite/database.h"

namespace cdc::iceberg {
namespace {

/// The tables of pyiceberg and of Java's JdbcCatalog, schema version V1. `IF NOT EXISTS` inside one
/// transaction: any number of processes may open a new file at the same moment.
constexpr const char* kCreateTables = R"(
CREATE TABLE IF NOT EXISTS iceberg_tables (
  catalog_name VARCHAR(255) NOT NULL, table_namespace VARCHAR(255) NOT NULL, table_name VARCHAR(255) NOT NULL,
  metadata_location VARCHAR(1000), previous_metadata_location VARCHAR(1000), iceberg_type VARCHAR(5),
  PRIMARY KEY (catalog_name, table_namespace, table_name));
CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
  catalog_name VARCHAR(255) NOT NULL, namespace VARCHAR(255) NOT NULL, property_key VARCHAR(255) NOT NULL,
  property_value VARCHAR(1000) NOT NULL, PRIMARY KEY (catalog_name, namespace, property_key)))";

/// Views share the table with tables in schema version V1.
constexpr const char* kSelectLocation =
    "SELECT metadata_location FROM iceberg_tables WHERE catalog_name=? AND table_namespace=? AND "
    "table_name=? "
    "AND (iceberg_type='TABLE' OR iceberg_type IS NULL)";

/// A commit retried because others committed changes that do not conflict with it.
constexpr int kMaxSwaps = 5;

class SqliteCatalog final : public Catalog {
 public:
  SqliteCatalog(SqliteCatalogOptions options, storage::FileSystem& files, sqlite::Database db)
      : options_(std::move(options)), files_(files), db_(std::move(db)) {}

  Status EnsureNamespace(const std::string& name_space) override;
  Result<LoadedTable> LoadTable(const TableIdent& ident) override;
  Result<LoadedTable> CreateTable(const TableIdent& ident, const rows::Schema& schema,
                                  const std::string& location,
                                  const std::map<std::string, std::string>& properties) override;
  Result<LoadedTable> CommitTable(const LoadedTable& base, const TableCommit& commit) override;
  Status DropTable(const TableIdent& ident) override;
  Result<std::vector<TableIdent>> OthersBelow(const TableIdent& ident, const std::string& folder) override;

 private:
  /// A statement that is prepared once, until the end of a scope. What is left unfinished would hold on to
  /// the database as it was.
  class Use {
   public:
    explicit Use(sqlite::Statement& statement) : statement_(&statement) {}
    Use(Use&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
    Use& operator=(Use&&) = delete;
    ~Use() {
      if (statement_ != nullptr) statement_->Reset();
    }
    sqlite::Statement& operator*() const { return *statement_; }
    sqlite::Statement* operator->() const { return statement_; }

   private:
    sqlite::Statement* statement_;
  };

  /// \param sql a literal
  Result<Use> Prepared(const char* sql);

  int64_t Now() const { return options_.now_ms ? options_.now_ms() : UnixMillis(SystemClock().wall()); }
  Result<std::string> MetadataLocation(const TableIdent& ident);
  Result<LoadedTable> LoadAt(const TableIdent& ident, const std::string& location);
  /// One write of iceberg_tables. \return whether a row was changed; kTransient: certainly not;
  /// kCommitUnknown.
  template <typename... Values>
  Result<bool> Write(const char* sql, const Values&... values);
  Status CheckNamespace(const std::string& name_space);
  bool IsView(const TableIdent& ident);
  void DeleteDroppedMetadata(const TableIdent& ident, const TableMetadata& before,
                             const TableMetadata& after);
  bool SharesFolder(const TableIdent& ident, const std::string& folder);

  struct Sharing {
    std::string folder;
    int64_t asked_ms = 0;
    bool shared = false;
  };

  SqliteCatalogOptions options_;
  storage::FileSystem& files_;
  sqlite::Database db_;
  std::map<std::string_view, sqlite::Statement> prepared_;  // by its text; they end before the database
  Sharing shared_;                                          // of the folder that was asked about last
};

Error NotFound(const TableIdent& ident) {
  return Error{ErrorKind::kNotFound, fmt::format("there is no table {} in the catalog", ToString(ident))};
}

template <typename... Values>
Status BindAll(sqlite::Statement& statement, const Values&... values) {
  int at = 0;
  Status status;
  // Stops binding at the first failure.
  (void)((status = statement.Bind(++at, values), status.has_value()) && ...);
  return status;
}

Result<SqliteCatalog::Use> SqliteCatalog::Prepared(const char* sql) {
  auto known = prepared_.find(sql);
  if (known == prepared_.end()) {
    CDC_ASSIGN(sqlite::Statement statement, db_.Prepare(sql));
    known = prepared_.emplace(sql, std::move(statement)).first;
  }
  return Use(known->second);
}

template <typename... Values>
Result<bool> SqliteCatalog::Write(const char* sql, const Values&... values) {
  CDC_ASSIGN(sqlite::Transaction transaction, sqlite::Transaction::Begin(db_));
  {
    CDC_ASSIGN(const Use statement, Prepared(sql));
    CDC_TRY(BindAll(*statement, values...));
    CDC_TRY(statement->Run());
  }
  const bool changed = db_.changes() > 0;
  CDC_TRY(transaction.Commit());
  return changed;
}

Status SqliteCatalog::EnsureNamespace(const std::string& name_space) {
  if (CheckNamespace(name_space)) return {};
  CDC_TRY(Write("INSERT OR IGNORE INTO iceberg_namespace_properties VALUES (?, ?, 'exists', 'true')",
                options_.name, name_space));
  return {};
}

Status SqliteCatalog::CheckNamespace(const std::string& name_space) {
  CDC_ASSIGN(sqlite::Statement query,
             db_.Prepare("SELECT 1 FROM iceberg_namespace_properties WHERE catalog_name=? "
                         "AND namespace=? LIMIT 1"));
  CDC_TRY(BindAll(query, options_.name, name_space));
  CDC_ASSIGN(const bool found, query.Step());
  if (found) return {};
  return Error{ErrorKind::kNotFound, fmt::format("there is no namespace {} in {}", name_space, db_.path())};
}

Result<std::string> SqliteCatalog::MetadataLocation(const TableIdent& ident) {
  CDC_ASSIGN(const Use query, Prepared(kSelectLocation));
  CDC_TRY(BindAll(*query, options_.name, ident.name_space, ident.name));
  CDC_ASSIGN(const bool found, query->Step());
  if (!found || query->is_null(0)) return NotFound(ident);
  return query->text(0);
}

Result<LoadedTable> SqliteCatalog::LoadAt(const TableIdent& ident, const std::string& location) {
  auto bytes = files_.ReadAll(location);
  if (!bytes) {
    Error error = bytes.error();
    error.message = fmt::format("loading {}: {}", ToString(ident), error.message);
    return error;
  }
  auto metadata = ParseTableMetadata(*bytes);
  if (!metadata) {
    Error error = metadata.error();
    error.message = fmt::format("loading {} from {}: {}", ToString(ident), location, error.message);
    return error;
  }
  return LoadedTable{ident, location, std::make_shared<const TableMetadata>(std::move(*metadata))};
}

Result<LoadedTable> SqliteCatalog::LoadTable(const TableIdent& ident) {
  while (true) {
    CDC_ASSIGN(const std::string location, MetadataLocation(ident));
    auto loaded = LoadAt(ident, location);
    if (loaded || loaded.error().kind != ErrorKind::kNotFound) return loaded;
    // Gone between the two steps: another writer has committed and tidied up meanwhile, or the file is lost.
    CDC_ASSIGN(const std::string now, MetadataLocation(ident));
    if (now != location) continue;
    Error error = loaded.error();
    error.kind = ErrorKind::kCorrupt;
    return error;
  }
}

Result<LoadedTable> SqliteCatalog::CreateTable(const TableIdent& ident, const rows::Schema& schema,
                                               const std::string& location,
                                               const std::map<std::string, std::string>& properties) {
  CDC_TRY(CheckNamespace(ident.name_space));
  if (MetadataLocation(ident))
    return Error{ErrorKind::kConflict, fmt::format("{} exists already", ToString(ident))};
  const std::string folder = location.empty() ? NewTableLocation(options_.warehouse, ident) : location;
  CDC_ASSIGN(TableMetadata metadata, NewTableMetadata(schema, folder, properties, Now()));
  const std::string file = NewMetadataLocation(metadata, "");
  CDC_TRY(files_.WriteAll(file, TableMetadataToJson(metadata)));
  auto inserted = Write(
      "INSERT OR IGNORE INTO iceberg_tables (catalog_name, table_namespace, table_name, metadata_location, "
      "previous_metadata_location, iceberg_type) VALUES (?, ?, ?, ?, NULL, 'TABLE')",
      options_.name, ident.name_space, ident.name, file);
  if (!inserted && inserted.error().kind == ErrorKind::kCommitUnknown) return inserted.error();
  if (!inserted || !*inserted) (void)files_.Delete(file);
  if (!inserted) return inserted.error();
  if (!*inserted && IsView(ident)) return NameOfView(ident);
  if (!*inserted) return Error{ErrorKind::kConflict, fmt::format("{} exists already", ToString(ident))};
  return LoadedTable{ident, file, std::make_shared<const TableMetadata>(std::move(metadata))};
}

bool SqliteCatalog::IsView(const TableIdent& ident) {
  auto query = Prepared(
      "SELECT 1 FROM iceberg_tables WHERE catalog_name=? AND table_namespace=? AND table_name=? AND "
      "iceberg_type='VIEW'");
  if (!query || !BindAll(**query, options_.name, ident.name_space, ident.name)) return false;
  const auto found = (*query)->Step();
  return found && *found;
}

Result<LoadedTable> SqliteCatalog::CommitTable(const LoadedTable& base, const TableCommit& commit) {
  LoadedTable current = base;
  for (int swap = 0; swap < kMaxSwaps; ++swap) {
    CDC_ASSIGN(const std::string location, MetadataLocation(base.ident));
    if (location != current.metadata_location) {
      CDC_ASSIGN(current, LoadTable(base.ident));
    }
    const int64_t now = Now();
    CDC_ASSIGN(TableMetadata next, ApplyCommit(*current.metadata, commit, now));
    AppendMetadataLog(*current.metadata, current.metadata_location, &next);
    const std::string file = NewMetadataLocation(next, current.metadata_location);
    CDC_TRY(files_.WriteAll(file, TableMetadataToJson(next)));
    auto swapped = Write(
        "UPDATE iceberg_tables SET metadata_location=?, previous_metadata_location=? WHERE catalog_name=? "
        "AND "
        "table_namespace=? AND table_name=? AND metadata_location=?",
        file, current.metadata_location, options_.name, base.ident.name_space, base.ident.name,
        current.metadata_location);
    if (!swapped && swapped.error().kind == ErrorKind::kCommitUnknown) return swapped.error();
    if (swapped && *swapped) {
      DeleteDroppedMetadata(base.ident, *current.metadata, next);
      return LoadedTable{base.ident, file, std::make_shared<const TableMetadata>(std::move(next))};
    }
    (void)files_.Delete(file);
    if (!swapped) return swapped.error();
  }
  return Error{ErrorKind::kConflict,
               fmt::format("{}: others committed {} times meanwhile", ToString(base.ident), kMaxSwaps)};
}

/// What has left the metadata log is reachable for nobody. A failure leaves an orphan.
void SqliteCatalog::DeleteDroppedMetadata(const TableIdent& ident, const TableMetadata& before,
                                          const TableMetadata& after) {
  if (after.Property("write.metadata.delete-after-commit.enabled", "false") != "true") return;
  std::vector<std::string> dropped;
  for (const MetadataLogEntry& old : before.metadata_log) {
    const bool kept =
        std::any_of(after.metadata_log.begin(), after.metadata_log.end(),
                    [&](const MetadataLogEntry& e) { return e.metadata_file == old.metadata_file; });
    if (!kept) dropped.push_back(old.metadata_file);
  }
  KeepOwnFiles(after, &dropped);
  if (dropped.empty() || SharesFolder(ident, after.location)) return;
  for (const std::string& file : dropped) (void)files_.Delete(file);
}

/// Whether another table's metadata is in the folder. Every commit would ask: an answer serves for a while.
bool SqliteCatalog::SharesFolder(const TableIdent& ident, const std::string& folder) {
  constexpr int64_t kServesMs = 60'000;
  if (folder != shared_.folder || Now() < shared_.asked_ms || Now() - shared_.asked_ms > kServesMs) {
    const auto others = OthersBelow(ident, folder);
    if (!others) return true;
    shared_ = {folder, Now(), !others->empty()};
  }
  return shared_.shared;
}

/// Also those of other catalogs in the same file, which may share the warehouse.
Result<std::vector<TableIdent>> SqliteCatalog::OthersBelow(const TableIdent& ident,
                                                           const std::string& folder) {
  CDC_ASSIGN(sqlite::Statement query, db_.Prepare("SELECT catalog_name, table_namespace, table_name, "
                                                  "metadata_location FROM iceberg_tables WHERE "
                                                  "metadata_location IS NOT NULL"));
  std::vector<TableIdent> others;
  while (true) {
    CDC_ASSIGN(const bool more, query.Step());
    if (!more) return others;
    TableIdent other{query.text(1), query.text(2)};
    const bool same =
        query.text(0) == options_.name && other.name_space == ident.name_space && other.name == ident.name;
    if (!same && IsBelow(folder, query.text(3))) others.push_back(std::move(other));
  }
}

Status SqliteCatalog::DropTable(const TableIdent& ident) {
  CDC_ASSIGN(const bool dropped,
             Write("DELETE FROM iceberg_tables WHERE catalog_name=? AND table_namespace=? AND table_name=?",
                   options_.name, ident.name_space, ident.name));
  return dropped ? Status{} : Status(NotFound(ident));
}

}  // namespace

Result<std::unique_ptr<Catalog>> MakeSqliteCatalog(const SqliteCatalogOptions& options,
                                                   storage::FileSystem& files) {
  std::error_code failed;
  const std::filesystem::path folder = std::filesystem::path(options.path).parent_path();
  std::filesystem::create_directories(folder, failed);
  if (failed) {
    return Error{ErrorKind::kInvalidConfig,
                 fmt::format("making the catalog's folder {}: {}", folder.string(), failed.message()),
                 "[catalog] uri in tables.toml must name a writable place"};
  }
  sqlite::Options open;
  open.busy_timeout = options.busy_timeout;
  CDC_ASSIGN(sqlite::Database db, sqlite::Database::Open(options.path, open));
  auto known =
      db.Prepare("SELECT t.iceberg_type FROM iceberg_tables t, iceberg_namespace_properties n LIMIT 0");
  if (!known) {
    CDC_ASSIGN(sqlite::Transaction transaction, sqlite::Transaction::Begin(db));
    CDC_TRY(db.Exec(kCreateTables));
    // pyiceberg, and Java's schema version V0, make the table without this column.
    if (!db.Prepare("SELECT iceberg_type FROM iceberg_tables LIMIT 0")) {
      CDC_TRY(db.Exec("ALTER TABLE iceberg_tables ADD COLUMN iceberg_type VARCHAR(5)"));
    }
    CDC_TRY(transaction.Commit());
  }
  return std::unique_ptr<Catalog>(std::make_unique<SqliteCatalog>(options, files, std::move(db)));
}

}  // namespace cdc::iceberg
