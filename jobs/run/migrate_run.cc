#include "jobs/run/migrate_run.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "jobs/run/end_line.h"
#include "jobs/run/run_setup.h"
#include "jobs/sink/iceberg/iceberg_sink.h"
#include "jobs/sink/iceberg/type_change_note.h"
#include "lib/config/table_names.h"
#include "lib/contract/lock_file.h"
#include "lib/contract/state_layout.h"
#include "lib/lake/lake.h"

namespace cdc::run {
namespace {

using iceberg_sink::IcebergSink;

constexpr std::chrono::seconds kTellEvery{5};

Result<contract::LockFile> TakeLock(const config::Config& config, const std::string& table) {
  auto lock =
      contract::LockFile::TryAcquire(contract::StateLayout(config.orchestrator.state_dir).table_lock(table));
  if (!lock && lock.error().kind == ErrorKind::kConflict) {
    return Error{ErrorKind::kConflict,
                 fmt::format("A worker of {} is running: {}", table, lock.error().message),
                 "wait until it has left; `cdc status` shows the table's state"};
  }
  return lock;
}

std::function<Status(const std::string&)> Telling(const std::atomic<bool>& stop, const Clock& clock,
                                                  const log::Logger& log) {
  return [&stop, &clock, &log, last = clock.steady()](const std::string& doing) mutable -> Status {
    if (stop.load(std::memory_order_relaxed))
      return Error{ErrorKind::kTransient, "told to stop", "the same command goes on where it was"};
    if (clock.steady() - last < kTellEvery) return {};
    last = clock.steady();
    log.Info("{}", doing);
    return {};
  };
}

Status Migrate(const config::Config& config, const config::Table& table, bool confirmed,
               const std::atomic<bool>& stop, const Clock& clock, const log::Logger& log,
               nlohmann::json* line) {
  CDC_ASSIGN(const auto lock, TakeLock(config, table.name));
  SourceSettings settings = SettingsOf(config, table);
  settings.rewrite_on_type_change = true;
  if (const std::string own = contract::NotedName(settings.index_folder); !own.empty())
    settings.ident.name = config::IcebergName(config, table.name, own);

  CDC_ASSIGN(const auto lake, lake::Open(config, iceberg_sink::IdentOf(settings)));
  IcebergSink::Ports ports{lake->catalog(), lake->files(), clock,
                           [](Millis pause) { std::this_thread::sleep_for(pause); }, log};
  ports.working = Telling(stop, clock, log);
  CDC_ASSIGN(const auto now, lake->catalog().LoadTable(iceberg_sink::IdentOf(settings)));
  CDC_ASSIGN(const auto sink, IcebergSink::OpenToMaintain(settings, ports));
  const auto columns = iceberg_sink::ReadRetyped(settings.index_folder, now.metadata->table_uuid, *sink->shape().schema);
  (*line)["columns"] = nlohmann::json::array();
  for (const Retyped& each : columns) {
    (*line)["columns"].push_back(
        {{"column", each.name}, {"from", rows::ToString(each.from)}, {"to", rows::ToString(each.to)}});
  }
  (*line)["rows"] = sink->figures().rows;
  (*line)["bytes"] = sink->figures().bytes;
  if (columns.empty() || !confirmed) return {};
  CDC_TRY(sink->Retype(columns));
  (*line)["done"] = true;
  return sink->Close();
}

}  // namespace

int MigrateTable(const config::Config& config, const config::Table& table, bool confirmed,
                 const std::atomic<bool>& stop, const Clock& clock, const log::Logger& log) {
  const SteadyTime started = clock.steady();
  nlohmann::json line = {{"table", table.name}, {"done", false}};
  const Status status = Migrate(config, table, confirmed, stop, clock, log, &line);
  return EndWithLine(std::move(line), status, clock, started, log);
}

}  // namespace cdc::run
