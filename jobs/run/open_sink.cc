#include "jobs/run/open_sink.h"

#include <nlohmann/json.hpp>

#include "jobs/sink/delta/delta_sink.h"
#include "jobs/sink/iceberg/iceberg_sink.h"
#include "jobs/sink/postgres/postgres_sink.h"
#include "lib/config/soft_marks.h"
#include "lib/config/table_names.h"

namespace cdc::run {
namespace {

Result<OpenedSink> OpenIceberg(const config::Config& config, const SourceSettings& settings,
                               const std::string& source, SinkPorts ports) {
  OpenedSink opened;
  CDC_ASSIGN(opened.lake, lake::Open(config, iceberg_sink::IdentOf(settings)));
  iceberg_sink::IcebergSink::Ports iceberg{opened.lake->catalog(), opened.lake->files(), ports.clock,    ports.sleep,
                                     ports.log,              ports.alive,          ports.working};
  CDC_ASSIGN(opened.sink, iceberg_sink::IcebergSink::Open(settings, source, iceberg));
  if (opened.sink->opened().shape.schema == nullptr)
    CDC_TRY(RefuseNewName(config, settings, source, opened.lake->catalog()));
  return opened;
}

/// The column that tells which of two rows is the newer one.
std::string EventTimeColumn(const config::Table& table) {
  for (const config::SelectedColumn& column : table.select.value_or(std::vector<config::SelectedColumn>()))
    if (config::IsCallOf(column.expression, "event_time")) return column.name;
  return "";
}

Result<OpenedSink> OpenPostgres(const config::Config& config, const config::Table& table,
                                const SourceSettings& settings, const std::string& source,
                                const SinkPorts& ports) {
  const config::Sink& sink = config.sinks.at(table.sink);
  postgres_sink::Settings postgres;
  postgres.table = settings.table;
  postgres.pipeline = settings.pipeline;
  postgres.dsn = sink.dsn;
  postgres.sink = table.sink;
  postgres.schema = sink.schema;
  postgres.target = config::TargetName(config, table);
  postgres.key = settings.key;
  postgres.append = settings.append;
  postgres.rewrite_on_type_change = settings.rewrite_on_type_change;
  postgres.soft_deletes = table.deletes == config::Deletes::kSoft;
  const config::SoftMarks marks = config::MarksOf(table);
  postgres.marks = {marks.column, marks.deleted, marks.time};
  if (table.order_by == config::OrderBy::kEventTime) postgres.order_column = EventTimeColumn(table);
  OpenedSink opened;
  CDC_ASSIGN(opened.sink,
             postgres_sink::PostgresSink::Open(std::move(postgres), source, {ports.sleep, ports.log}));
  return opened;
}

Result<OpenedSink> OpenDelta(const config::Config& config, const config::Table& table, const SourceSettings& settings,
                             const std::string& source, SinkPorts ports) {
  OpenedSink opened;
  delta_sink::Settings delta;
  delta.table = settings;
  delta.root = config::DeltaFolder(config, table);
  delta.change_data_feed = table.change_data_feed;
  CDC_ASSIGN(opened.files, lake::OpenFiles(config, delta.root));
  CDC_ASSIGN(opened.sink, delta_sink::DeltaSink::Open(std::move(delta), source,
                                                      {opened.files->files(), ports.clock, ports.sleep, ports.log, ports.alive}));
  return opened;
}

}  // namespace

Result<OpenedSink> OpenSink(const config::Config& config, const config::Table& table,
                            const SourceSettings& settings, const TopicFound& found,
                            SinkPorts ports) {
  const std::string source = nlohmann::json{{"cluster", found.cluster}, {"topic", found.topic}}.dump();
  if (table.in_iceberg()) return OpenIceberg(config, settings, source, std::move(ports));
  if (config.IsIn(table, config::SinkType::kDelta)) return OpenDelta(config, table, settings, source, std::move(ports));
  return OpenPostgres(config, table, settings, source, ports);
}

}  // namespace cdc::run
