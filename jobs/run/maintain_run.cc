#include "jobs/run/maintain_run.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "jobs/run/end_line.h"
#include "jobs/run/run_setup.h"
#include "jobs/sink/iceberg/iceberg_sink.h"
#include "lib/config/table_names.h"
#include "lib/contract/lock_file.h"
#include "lib/contract/state_layout.h"
#include "lib/lake/lake.h"

namespace cdc::run {
namespace {

using iceberg_sink::IcebergSink;
using iceberg_sink::MaintenanceDue;
using iceberg_sink::TableFigures;

nlohmann::json ToJson(const TableFigures& figures) {
  return {{"rows", figures.rows},
          {"deleted_rows", figures.deleted_rows},
          {"bytes", figures.bytes},
          {"data_files", figures.data_files},
          {"small_files", figures.small_files},
          {"delete_files", figures.delete_files},
          {"manifests", figures.manifests},
          {"snapshots", figures.snapshots}};
}

Status Maintain(const config::Config& config, const config::Table& table, const MaintainOrder& order,
                const std::atomic<bool>& stop, const Clock& clock, const log::Logger& log,
                nlohmann::json* line) {
  CDC_ASSIGN(const auto lock, TakeTableLock(config, table.name));
  SourceSettings settings = SettingsOf(config, table);
  if (const std::string own = contract::NotedName(settings.index_folder); !own.empty())
    settings.ident.name = config::IcebergName(config, table.name, own);

  CDC_ASSIGN(const auto lake, lake::Open(config, iceberg_sink::IdentOf(settings)));
  IcebergSink::Ports ports{lake->catalog(), lake->files(), clock,
                           [](Millis pause) { std::this_thread::sleep_for(pause); }, log};
  CDC_ASSIGN(auto sink, IcebergSink::OpenToMaintain(settings, ports));
  (*line)["before"] = ToJson(sink->figures());
  CDC_ASSIGN(const MaintenanceDue due, sink->FindDue());
  (*line)["due"] = {{"files_to_rewrite", due.files_to_rewrite},
                    {"snapshots_to_expire", due.snapshots_to_expire},
                    {"orphans", due.orphans}};
  if (order.dry_run) return {};
  bool more = true;
  while (more && !stop.load(std::memory_order_relaxed)) {
    CDC_ASSIGN(more, sink->Maintain(Tidying::kThorough));
  }
  (*line)["finished"] = !more;
  (*line)["after"] = ToJson(sink->figures());
  return sink->Close();
}

}  // namespace

Result<contract::LockFile> TakeTableLock(const config::Config& config, const std::string& table) {
  CDC_TRY(contract::PrepareStateFolder(config.orchestrator.state_dir));
  auto lock =
      contract::LockFile::TryAcquire(contract::StateLayout(config.orchestrator.state_dir).table_lock(table));
  if (!lock && lock.error().kind == ErrorKind::kConflict) {
    return Error{ErrorKind::kConflict,
                 fmt::format("A worker of {} is running: {}", table, lock.error().message),
                 "it tidies up by itself and leaves when its table has been quiet; or `cdc stop` first, and "
                 "`cdc start` afterwards"};
  }
  return lock;
}

int MaintainTable(const config::Config& config, const config::Table& table, const MaintainOrder& order,
                  const std::atomic<bool>& stop, const Clock& clock, const log::Logger& log) {
  const SteadyTime started = clock.steady();
  nlohmann::json line = {{"table", table.name}, {"dry_run", order.dry_run}};
  const Status status = Maintain(config, table, order, stop, clock, log, &line);
  return EndWithLine(std::move(line), status, clock, started, log);
}

}  // namespace cdc::run
