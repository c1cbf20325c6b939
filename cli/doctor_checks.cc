#include "cli/doctor_checks.h"

#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "cli/kafka_reading.h"
#include "cli/overview_reading.h"
#include "cli/worker_program.h"
#include "lib/config/table_names.h"
#include "lib/contract/verdict.h"
#include "lib/iceberg/value.h"
#include "lib/inspection/configuration_check.h"
#include "lib/inspection/source_question.h"
#include "lib/lake/lake.h"
#include "lib/postgres/session.h"

namespace cdc::cli {
namespace {

constexpr Millis kPatience{10'000};
/// Snapshots expire, tokens and signatures end by this machine's clock: S3 refuses more than 15 minutes.
constexpr int64_t kTolerableSkewMs = 5'000;
constexpr uint64_t kLittleSpace = uint64_t{1} << 30;

Finding Good(std::string subject, std::string text) {
  return {std::move(subject), Health::kGood, std::move(text)};
}

Finding Bad(std::string subject, const Error& error) {
  return {std::move(subject), Health::kBad, error.message, error.hint};
}

std::string NameOf(const postgres::ServerTable& table) { return table.schema + "." + table.name; }

/// `orders` in public is written without its schema.
bool IsListed(const config::Table& entry, const postgres::ServerTable& table) {
  const std::string& from = entry.from.empty() ? entry.name : entry.from;
  return from == table.name || from == NameOf(table);
}

void JudgeTable(const postgres::ServerTable& table, Findings* found) {
  using postgres::ReplicaIdentity;
  const std::string name = NameOf(table);
  const auto doubt = [&](const std::string& text, const std::string& fix) {
    found->push_back({"table", Health::kDoubtful, fmt::format("{}: {}", name, text), fix});
  };
  const bool full = table.replica_identity == ReplicaIdentity::kFull;
  const std::string make_full = fmt::format("ALTER TABLE {} REPLICA IDENTITY FULL;", name);
  if (table.replica_identity == ReplicaIdentity::kNothing) {
    found->push_back(
        {"table", Health::kBad,
         fmt::format("{}: REPLICA IDENTITY NOTHING: updates and deletes do not say which row they mean",
                     name),
         fmt::format("ALTER TABLE {} REPLICA IDENTITY DEFAULT;", name)});
  } else if (table.primary_key.empty() && !full) {
    doubt("no primary key: the table is Held unless `key` names columns, or the source sends whole old rows",
          make_full);
  } else if (!table.large_columns.empty() && !full) {
    doubt(fmt::format("large values of {} are not sent again by an update that leaves them; cdc takes them "
                      "from the table, "
                      "which a null there cannot be told from",
                      table.large_columns.front()),
          make_full + "  -- only where such columns are set to null, too");
  }
  if (table.publications.empty())
    doubt("in no publication: its changes are not sent",
          "publication.autocreate.mode or ALTER PUBLICATION … ADD TABLE " + name);
}

}  // namespace

Finding JudgeClock(int64_t ahead_ms, const std::string& whose) {
  const int64_t off = std::abs(ahead_ms);
  if (off <= kTolerableSkewMs) return Good("clock", fmt::format("within {} ms of {}", off, whose));
  return {"clock", Health::kBad,
          fmt::format("this machine's clock is {:.1f} s {} {}", static_cast<double>(off) / 1000,
                      ahead_ms > 0 ? "ahead of" : "behind", whose),
          "run an NTP client (systemd-timesyncd, chrony) on both"};
}

Findings JudgeLimits(uint64_t files, int jobs, uint64_t free_bytes) {
  Findings found;
  const uint64_t wanted = 256 + 16 * static_cast<uint64_t>(jobs);
  found.push_back(files >= wanted
                      ? Good("limits", fmt::format("{} open files", files))
                      : Finding{"limits", Health::kBad,
                                fmt::format("only {} open files may be open, {} are needed", files, wanted),
                                fmt::format("ulimit -n {}, or LimitNOFILE={} in the systemd unit", 4 * wanted,
                                            4 * wanted)});
  const double free_gb = static_cast<double>(free_bytes) / static_cast<double>(kLittleSpace);
  found.push_back(
      free_bytes >= kLittleSpace
          ? Good("disk", fmt::format("{:.1f} GB are free in state_dir", free_gb))
          : Finding{"disk", Health::kDoubtful, fmt::format("only {:.1f} GB are free in state_dir", free_gb),
                    "key indexes need 44 bytes for each key of a table: make room, or move state_dir"});
  return found;
}

Findings JudgeSourceServer(const postgres::SourceServer& server, const std::vector<config::Table>& tables,
                           bool discover) {
  Findings found;
  if (server.wal_level != "logical") {
    found.push_back({"source", Health::kBad,
                     fmt::format("wal_level is {}: changes cannot be decoded", server.wal_level),
                     "ALTER SYSTEM SET wal_level = logical; and restart PostgreSQL"});
  } else {
    found.push_back(Good("source", fmt::format("database {}: wal_level is logical", server.database)));
  }
  if (server.publications.empty()) {
    found.push_back(
        {"source", Health::kDoubtful, "there is no publication",
         "the connector makes one if it may; else CREATE PUBLICATION dbz_publication FOR ALL TABLES;"});
  }
  for (const config::Table& entry : tables) {
    const auto at = std::find_if(server.tables.begin(), server.tables.end(),
                                 [&](const auto& table) { return IsListed(entry, table); });
    if (at != server.tables.end()) {
      JudgeTable(*at, &found);
    } else if (!entry.counts && entry.envelope == config::Envelope::kDebezium) {
      found.push_back(
          {"table", Health::kDoubtful, fmt::format("{}: the source has no such table", entry.name),
           "its entry in tables.toml waits for its topic; correct the name, or [source] schemas"});
    }
  }
  if (discover) {
    for (const postgres::ServerTable& table : server.tables) {
      const bool listed = std::any_of(tables.begin(), tables.end(),
                                      [&](const auto& entry) { return IsListed(entry, table); });
      if (!listed) JudgeTable(table, &found);
    }
  }
  if (found.size() == 1)
    found.push_back(Good("table", "keys, replica identities and publications are as they should be"));
  return found;
}

Findings CheckConfiguration(const config::Config& config) {
  const auto program = FindWorker("upsert", "Looking for the workers");
  if (!program) return {Bad("configuration", program.error())};
  Findings found;
  for (const config::Problem& problem : inspection::FindProblems(config, program->parent_path()))
    found.push_back({"configuration", Health::kBad,
                     fmt::format("line {}: {} {}", problem.line, problem.key, problem.text)});
  if (found.empty())
    found.push_back(
        Good("configuration", fmt::format("{}: {} tables", config.file.string(), config.tables.size())));
  return found;
}

Findings CheckStateFolder(const config::Config& config) {
  std::filesystem::path folder = config.orchestrator.state_dir;
  std::error_code ec;
  Findings found;
  const bool there = std::filesystem::exists(folder, ec);
  while (!std::filesystem::exists(folder, ec) && folder.has_parent_path() && folder != folder.parent_path())
    folder = folder.parent_path();
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    found.push_back({"state", Health::kBad, fmt::format("{} cannot be written to", folder.string()),
                     "chown it to the user that runs cdc, or name another [orchestrator] state_dir"});
  } else {
    found.push_back(
        Good("state", there ? fmt::format("{} can be written to", folder.string())
                            : fmt::format("{} will be made", config.orchestrator.state_dir.string())));
  }
  rlimit files{};
  struct statvfs disk {};
  ::getrlimit(RLIMIT_NOFILE, &files);
  ::statvfs(folder.c_str(), &disk);
  for (Finding& each :
       JudgeLimits(files.rlim_cur, config.orchestrator.max_jobs, disk.f_bavail * disk.f_frsize))
    found.push_back(std::move(each));
  return found;
}

Findings CheckKafka(const config::Config& config) {
  auto consumer = OpenConsumer(config);
  if (!consumer) return {Bad("kafka", consumer.error())};
  const auto topics = (*consumer)->ListTopics("", kPatience);
  if (!topics) return {Bad("kafka", topics.error())};
  Findings found = {
      Good("kafka", fmt::format("{} answers, {} topics", config.kafka.bootstrap_servers, topics->size()))};
  for (const config::Table& table : config.tables) {
    const bool there = std::any_of(topics->begin(), topics->end(), [&](const kafka::TopicInfo& topic) {
      return std::find(table.topics.begin(), table.topics.end(), topic.name) != table.topics.end();
    });
    if (there || table.topics.empty()) continue;
    found.push_back({"kafka", Health::kDoubtful,
                     fmt::format("{}: there is no topic {} yet", table.name, table.topics.front()),
                     "it comes with the table's first change; else check [source] topic_prefix and schemas"});
  }
  return found;
}

Findings CheckSource(const config::Config& config) {
  Findings found;
  const contract::SourceFacts facts = inspection::AskSource(config.source);
  for (const contract::Reason& reason : contract::JudgeSource(facts)) {
    found.push_back({reason.code == "slot" || reason.code == "wal_held" ? "slot" : "connector", Health::kBad,
                     reason.text, reason.hint});
  }
  if (facts.connect.asked && found.empty())
    found.push_back(Good(
        "connector", fmt::format("{} of this topic_prefix, all running", facts.connect.connectors.size())));
  if (config.source.dsn.empty()) {
    found.push_back(
        {"source", Health::kDoubtful, "[source] dsn is not set: nothing is known of the database",
         "dsn = \"host=… dbname=… user=… password=${NAME}\" lets doctor, status and verify look at it"});
    return found;
  }
  const auto server = postgres::ReadSourceServer(config.source.dsn, "[source] dsn", config.source.schemas);
  if (!server) {
    found.push_back(Bad("source", server.error()));
    return found;
  }
  for (Finding& each : JudgeSourceServer(*server, config.tables, config.discover))
    found.push_back(std::move(each));
  found.push_back(JudgeClock(NowMs() - server->now_ms, "PostgreSQL's"));
  return found;
}

namespace {

/// An object is written, listed, read and deleted, as a worker does with its files.
Status ProbeStore(storage::FileSystem& files, const std::string& folder) {
  const std::string path = fmt::format("{}/cdc-doctor-{}", folder, iceberg::NewUuid());
  CDC_TRY(files.WriteAll(path, "probe"));
  Status all;
  const auto listed = files.List(folder);
  const auto bytes = files.ReadAll(path);
  const Status gone = files.Delete(path);
  if (!listed) return listed.error();
  if (!bytes) return bytes.error();
  return gone;
}

}  // namespace

Findings CheckLake(const config::Config& config) {
  if (!config.UsesIceberg()) return {};
  const iceberg::TableIdent ident{config.catalog.name_space, "cdc_doctor"};
  auto lake = lake::Open(config, ident, kPatience);
  if (!lake) return {Bad("catalog", lake.error())};
  const auto table = (*lake)->catalog().LoadTable(ident);
  if (!table && table.error().kind != ErrorKind::kNotFound) return {Bad("catalog", table.error())};
  Findings found = {Good("catalog", fmt::format("{} answers", config.catalog.uri))};
  if (config.catalog.warehouse.empty()) {
    found.push_back({"store", Health::kDoubtful,
                     "the catalog chooses where tables are: their store is not tried",
                     "`cdc describe TABLE` shows it once there is a table"});
    return found;
  }
  const Status probed = ProbeStore((*lake)->files(), config.catalog.warehouse + "/.cdc-doctor");
  found.push_back(
      probed ? Good("store", fmt::format("{}: put, list, get and delete work", config.catalog.warehouse))
             : Bad("store", probed.error()));
  return found;
}

Findings CheckSinks(const config::Config& config) {
  Findings found;
  for (const auto& [name, sink] : config.sinks) {
    if (sink.type != config::SinkType::kPostgres) continue;
    const std::string subject = "sinks." + name;
    auto session = postgres::Session::Connect(sink.dsn, fmt::format("[sinks.{}] dsn", name));
    if (!session) {
      found.push_back(Bad(subject, session.error()));
      continue;
    }
    const auto may =
        session->Run("SELECT has_schema_privilege($1, 'CREATE')", "Asking for rights", {sink.schema});
    if (!may) {
      found.push_back(Bad(subject, may.error()));
    } else if (may->rows.at(0)[0] != "t") {
      found.push_back({subject, Health::kBad, fmt::format("no table can be made in schema {}", sink.schema),
                       fmt::format("GRANT CREATE, USAGE ON SCHEMA {} TO the user of [sinks.{}] dsn;",
                                   sink.schema, name)});
    } else {
      found.push_back(Good(subject, fmt::format("tables can be made in schema {}", sink.schema)));
    }
  }
  return found;
}

Findings CheckOrchestrator(const config::Config& config) {
  const auto overview = AskOverview(config);
  if (!overview && overview.error().kind == ErrorKind::kNotFound)
    return {{"orchestrator", Health::kDoubtful, "is not running", "cdc start"}};
  if (!overview) return {Bad("orchestrator", overview.error())};
  Findings found;
  for (const contract::Reason& reason : overview->verdict.reasons) {
    const std::string whose = reason.table.empty() ? "" : reason.table + ": ";
    found.push_back({"orchestrator", Health::kBad, whose + reason.text, reason.hint});
  }
  if (found.empty()) found.push_back(Good("orchestrator", fmt::format("pid {}: all is well", overview->pid)));
  return found;
}

}  // namespace cdc::cli
