/// cdc init: a tables.toml for a database, and the settings of its connector.

#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "lib/core/printable.h"
#include "lib/postgres/source_server.h"

namespace cdc::cli {
namespace {

using postgres::ReplicaIdentity;
using postgres::ServerTable;
using postgres::SourceServer;

struct Options {
  std::string dsn;
  std::string kafka = "127.0.0.1:9092";
  std::string prefix;
  std::vector<std::string> schemas = {"public"};
  std::string file = "tables.toml";
  std::string connector = "connector.json";
  bool force = false;
};

/// A TOML basic string.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      quoted += fmt::format("\\u{:04X}", byte);
    } else {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
  }
  return quoted + '"';
}

/// Names in public are written without it where it is the only schema.
std::string EntryOf(const ServerTable& table, const std::vector<std::string>& schemas) {
  return schemas.size() == 1 ? table.name : table.schema + "." + table.name;
}

/// What a person should know before the first worker runs.
std::string Remark(const ServerTable& table) {
  const std::string name = table.schema + "." + table.name;
  if (table.replica_identity == ReplicaIdentity::kFull) return "whole old rows are sent";
  if (table.primary_key.empty())
    return fmt::format("no primary key: ALTER TABLE {} REPLICA IDENTITY FULL; or name a key here", name);
  if (!table.large_columns.empty()) {
    return fmt::format("key {}; if {} may become null: ALTER TABLE {} REPLICA IDENTITY FULL;",
                       fmt::join(table.primary_key, ", "), table.large_columns.front(), name);
  }
  return fmt::format("key {}", fmt::join(table.primary_key, ", "));
}

std::string TablesToml(const Options& options, const SourceServer& server) {
  std::string text = fmt::format(
      R"(# Written by `cdc init` for database {}. `cdc config` explains every setting; `cdc doctor` checks this.

[kafka]
bootstrap_servers = {}

[source]
topic_prefix = {}
schemas = [{}]
dsn = "${{CDC_SOURCE_DSN}}"                # for doctor, status and verify: export CDC_SOURCE_DSN="host=… user=… password=…"
# connect_url = "http://127.0.0.1:8083"    # Kafka Connect: its state in status and doctor

[catalog]                                  # Iceberg tables in a folder; [storage] and s3:// for an object store
uri = "data/catalog.db"
warehouse = "data/warehouse"
namespace = {}

[orchestrator]
state_dir = "data/state"
listen = "127.0.0.1:8081"

)",
      server.database, Quoted(options.kafka), Quoted(options.prefix),
      [&] {
        std::string list;
        for (const auto& s : options.schemas) list += (list.empty() ? "" : ", ") + Quoted(s);
        return list;
      }(),
      Quoted(server.database));
  for (const ServerTable& table : server.tables)
    text +=
        fmt::format("[tables.{}]  # {}\n", Quoted(EntryOf(table, options.schemas)), Printable(Remark(table)));
  if (server.tables.empty()) text += "# The schemas have no tables yet. An entry is: [tables.orders]\n";
  return text;
}

/// Debezium's settings whose events cdc understands without any of its own. The password is for the person to
/// put in.
std::string ConnectorJson(const Options& options, const SourceServer& server) {
  const nlohmann::ordered_json all = {
      {"name", server.database + "-connector"},
      {"config",
       {{"connector.class", "io.debezium.connector.postgresql.PostgresConnector"},
        {"plugin.name", "pgoutput"},
        {"database.hostname", "POSTGRES_HOST"},
        {"database.port", "5432"},
        {"database.user", server.user},
        {"database.password", "PASSWORD"},
        {"database.dbname", server.database},
        {"topic.prefix", options.prefix},
        {"schema.include.list", fmt::format("{}", fmt::join(options.schemas, ","))},
        {"slot.name", "cdc_" + server.database},
        {"publication.name", "cdc_" + server.database},
        {"publication.autocreate.mode", "filtered"},
        {"heartbeat.interval.ms", "10000"},
        {"tombstones.on.delete", "false"}}}};
  return all.dump(2) + "\n";
}

/// \return kConflict: it is there already
Status WriteNew(const std::string& path, const std::string& text, bool force) {
  std::error_code ec;
  if (!force && std::filesystem::exists(path, ec)) {
    return Error{ErrorKind::kInvalidConfig, fmt::format("{} is there already", path),
                 "--force writes over it, --output and --connector name others"};
  }
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out)
    return Error{ErrorKind::kInvalidConfig, fmt::format("{} cannot be written", path),
                 "check folder and rights"};
  return {};
}

Result<int> Run(const Options& given) {
  Options options = given;
  CDC_ASSIGN(const SourceServer server, postgres::ReadSourceServer(options.dsn, "--dsn", options.schemas));
  if (options.prefix.empty()) options.prefix = server.database;
  CDC_TRY(WriteNew(options.file, TablesToml(options, server), options.force));
  CDC_TRY(WriteNew(options.connector, ConnectorJson(options, server), options.force));
  fmt::print("{}: {} tables of {}\n", options.file, server.tables.size(), server.database);
  if (server.wal_level != "logical")
    fmt::print("wal_level is {}: ALTER SYSTEM SET wal_level = logical; and restart PostgreSQL\n",
               server.wal_level);
  fmt::print(R"({1}: settings of the Debezium connector; put host and password in, then
  curl -X POST -H 'Content-Type: application/json' --data @{1} http://127.0.0.1:8083/connectors
next:
  export CDC_SOURCE_DSN='…'   # the connection string that you gave
  cdc --config {0} doctor
  cdc --config {0} start
)",
             options.file, options.connector);
  return kOk;
}

}  // namespace

void AddInit(CLI::App& app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* sub =
      AddSubcommand(app, "init",
                    "Write a tables.toml for a database: its tables, with keys and what to know of each, and "
                    "the settings of a Debezium connector beside it. Neither holds a password");
  sub->add_option("--dsn", options->dsn, "libpq connection string of the source database")
      ->required()
      ->envname("CDC_SOURCE_DSN");
  sub->add_option("--kafka", options->kafka, "host:port,host:port")->capture_default_str();
  sub->add_option("--topic-prefix", options->prefix,
                  "topic.prefix of the connector; none: the database's name");
  sub->add_option("--schema", options->schemas, "schemas whose tables are wanted")->capture_default_str();
  sub->add_option("--output", options->file, "the configuration to write")->capture_default_str();
  sub->add_option("--connector", options->connector, "the connector's settings to write")
      ->capture_default_str();
  sub->add_flag("--force", options->force, "write over files that are there");
  sub->callback([=] { command->run = Reporting([=] { return Run(*options); }); });
}

}  // namespace cdc::cli
