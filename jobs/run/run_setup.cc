#include "jobs/run/run_setup.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <set>

#include "lib/config/table_names.h"
#include "lib/contract/checkpoint_row.h"
#include "lib/contract/exit_code.h"
#include "lib/contract/names.h"
#include "lib/contract/state_layout.h"
#include "lib/core/read_file.h"
#include "lib/event/envelope.h"
#include "lib/kafka/library_version.h"
#include "lib/kafka/properties.h"
#include "lib/postgres/source_table.h"

namespace cdc::run {
namespace {

constexpr Millis kKafkaTimeout{15'000};
constexpr Millis kPeekTimeout{30'000};  // of silence: a first record takes some ten answers of Kafka

event::Handling HandlingOf(const config::Source& source) {
  return {.decimal = source.decimal_handling,
          .time = source.time_precision,
          .binary = source.binary_handling,
          .unavailable_placeholder = source.unavailable_placeholder};
}

source::RowRules RulesOf(const config::Table& table) {
  const auto columns = [](const std::vector<config::SelectedColumn>& selected) {
    std::vector<source::SelectedColumn> list;
    for (const config::SelectedColumn& column : selected) list.push_back({column.name, column.expression});
    return list;
  };
  source::RowRules rules;
  if (table.select) rules.select = columns(*table.select);
  rules.where = table.where;
  if (table.counts) rules.counts = source::CountRules{table.counts->window, columns(table.counts->by)};
  rules.plain = table.envelope == config::Envelope::kPlain;
  rules.event_time = table.event_time;
  rules.lateness = table.lateness;
  rules.by_event_time = table.order_by == config::OrderBy::kEventTime;
  rules.soft_deletes = table.deletes == config::Deletes::kSoft;
  return rules;
}

/// value.source.table of the first event that has one; empty when there is none yet.
Result<std::string> PeekSourceTable(kafka::Consumer& consumer, const TopicFound& found) {
  std::vector<kafka::TopicPartitionOffset> start;
  for (int32_t p = 0; p < found.partitions; ++p) start.push_back({found.topic, p, kafka::kEarliest});
  CDC_TRY(consumer.Assign(start));
  std::string name;
  std::set<int32_t> ends;
  auto deadline = std::chrono::steady_clock::now() + kPeekTimeout;
  while (name.empty() && static_cast<int32_t>(ends.size()) < found.partitions) {
    // Without the name every row would be taken for another table's, and be left alone.
    if (std::chrono::steady_clock::now() > deadline) {
      return Error{ErrorKind::kTransient, "Kafka did not show the first event of " + found.topic};
    }
    kafka::MessageBatch batch;
    const Status polled = consumer.Poll(Millis{100}, 100, &batch);
    if (!polled && polled.error().kind != ErrorKind::kTransient) return polled.error();
    for (const kafka::PartitionEnd& end : batch.ends()) ends.insert(end.partition);
    if (!batch.empty()) deadline = std::chrono::steady_clock::now() + kPeekTimeout;
    event::EnvelopeParser parser;
    for (const kafka::Message& message : batch) {
      const auto value = message.value();
      const auto envelope = value ? parser.Parse(*value) : Result<event::Envelope>(event::Envelope{});
      if (!envelope || envelope->source.empty()) continue;
      const auto source = event::ParseSource(envelope->source);
      if (source && !source->table.empty()) {
        name = source->table;
        break;
      }
    }
  }
  CDC_TRY(consumer.Assign({}));
  return name;
}

}  // namespace

std::optional<CommandLine> ParseCommandLine(const JobDefinition& job, int argc, char** argv, int* exit_code) {
  CommandLine line;
  CLI::App app{job.description, "jobs/" + job.name};
  app.add_option("--config", line.config, "configuration file")->capture_default_str();
  app.add_option("--accepted", line.accepted,
                 "read this copy of the configuration; --config then only names it (the orchestrator's)");
  app.add_option("--table", line.table, "the table's entry in the configuration")->required();
  app.add_flag("--drain", line.drain, "apply everything up to the topic's present end, then leave");
  auto* maintain = app.add_flag("--maintain", line.maintain,
                                "read nothing; merge files, expire snapshots, remove leftovers, then leave");
  auto* migrate =
      app.add_flag("--migrate", line.migrate,
                   "read nothing; write the table anew for columns whose type changed at the source, then "
                   "leave");
  migrate->excludes(maintain);
  app.add_flag("--yes", line.confirmed, "with --migrate: do it, instead of only telling")->needs(migrate);
  auto* replay = app.add_flag("--replay", line.replay,
                              "read no changes; apply dead letters where that is safe, then leave");
  replay->excludes(maintain)->excludes(migrate);
  app.add_flag("--dry-run", line.dry_run, "with --maintain or --replay: only tell what would be done");
  app.add_flag("--force", line.force, "with --replay: also letters against which only a doubt stands")
      ->needs(replay);
  app.add_option("--limit", line.limit, "with --replay: letters that are tried, at most")
      ->needs(replay)
      ->check(CLI::PositiveNumber);
  app.add_flag("-v,--verbose", line.verbose, "log each commit");
  app.set_version_flag("--version", CDC_VERSION "\n" + kafka::LibraryVersion());
  try {
    app.parse(argc, argv);
    if (line.dry_run && !line.maintain && !line.replay)
      throw CLI::RequiresError("--dry-run", "--maintain or --replay");
    return line;
  } catch (const CLI::ParseError& error) {
    const bool fine = app.exit(error) == 0;
    *exit_code = fine ? 0 : static_cast<int>(contract::ExitCode::kBadArguments);
    return std::nullopt;
  }
}

Result<std::shared_ptr<const config::Config>> LoadConfig(const CommandLine& line) {
  if (!line.accepted.empty()) {
    CDC_ASSIGN(const auto copy, ReadWholeFile(line.accepted));
    if (copy) return config::Parse(*copy, line.config);
  }
  return config::Load(line.config);
}

SourceSettings SettingsOf(const config::Config& config, const config::Table& table) {
  SourceSettings settings;
  settings.table = table.name;
  settings.takes_all = table.topic_given;
  settings.bare_name = config::SourceTableName(config, table);
  settings.append = table.mode == config::Mode::kAppend;
  settings.stop_on_bad = table.on_error == config::OnError::kStop;
  bool says_operation = false;
  for (const config::MetadataColumn& column : table.metadata_columns) {
    settings.own_columns.push_back({column.name, column.value});
    says_operation |= column.value == kOperation;
  }
  if (settings.append && !says_operation) {
    settings.own_columns.push_back({std::string(kOperationName), std::string(kOperation)});
  }
  // The sink fills these when a row is deleted. What `select` lists is all that there is.
  if (table.deletes == config::Deletes::kSoft && !table.select) {
    if (!says_operation)
      settings.own_columns.push_back({contract::checkpoint::kSoftOperation, std::string(kOperation)});
    settings.own_columns.push_back({contract::checkpoint::kSoftTime, std::string(kDeletedAt)});
  }
  settings.rows = RulesOf(table);
  settings.rewrite_on_type_change = table.on_type_change == config::OnTypeChange::kRewrite;
  settings.declared.table = table.name;
  settings.declared.handling = HandlingOf(config.source);
  settings.declared.columns = table.columns;
  settings.declared.names = table.column_names;
  for (const std::string& column : table.key.value_or(std::vector<std::string>())) {
    settings.key.push_back(settings.declared.TargetOf(column));
  }
  settings.dsn = config.source.dsn;
  settings.commit_interval = table.commit_interval;
  settings.idle_timeout = config.orchestrator.idle_timeout;
  settings.memory_bytes = table.memory;
  settings.target_file_bytes = table.target_file_size;
  settings.snapshot_keep = table.snapshot_keep;
  settings.snapshot_age = table.snapshot_age;
  settings.pipeline = config.kafka.group_id + "." + table.name;
  settings.index_folder = contract::StateLayout(config.orchestrator.state_dir).table_index(table.name);
  settings.ident = {config.catalog.name_space,
                    config::IcebergName(config, table.name, config::BareName(config, table.name))};
  if (config.IsIn(table, config::SinkType::kDelta))
    settings.ident = {config.sinks.at(table.sink).path, config::TargetName(config, table)};
  else if (!table.in_iceberg())
    settings.ident = {config.sinks.at(table.sink).schema, config::TargetName(config, table)};
  return settings;
}

KafkaSettings KafkaSettingsOf(const config::Config& config, const std::string& table) {
  KafkaSettings kafka;
  kafka.bootstrap_servers = config.kafka.bootstrap_servers;
  kafka.group_id = config.kafka.group_id + "." + table;
  kafka.properties = kafka::PropertiesOf(config.kafka.properties);
  return kafka;
}

kafka::ConsumerOptions ConsumerOptionsOf(const KafkaSettings& kafka, int64_t memory) {
  const ByteShares shares = ShareOut(memory);
  kafka::ConsumerOptions options;
  options.bootstrap_servers = kafka.bootstrap_servers;
  options.properties = kafka.properties;
  options.queued_bytes = shares.queued;
  options.poll_bytes = shares.poll;
  options.fetch_bytes = shares.fetch;
  options.fetch_partition_bytes = shares.fetch_partition;
  return options;
}

std::function<Result<SourceDescription>()> DescriberOf(const SourceSettings& settings) {
  if (settings.dsn.empty()) return {};
  return [&settings]() -> Result<SourceDescription> {
    const std::string schema = settings.source_schema.empty() ? "public" : settings.source_schema;
    const std::string table = settings.source_table.empty() ? settings.table : settings.source_table;
    SourceDescription description;
    const auto described = postgres::Describe(settings.dsn, schema, table);
    if (!described && described.error().kind == ErrorKind::kNotFound) {
      description.missing = described.error().message;
      return description;
    }
    CDC_ASSIGN(const postgres::SourceTable found, described);
    for (const auto& column : found.columns) description.columns[column.name] = column.type;
    description.key = found.primary_key;
    return description;
  };
}

Result<std::optional<TopicFound>> FindTopic(kafka::Consumer& consumer, const config::Table& table) {
  Status refused;
  for (const std::string& topic : table.topics) {
    auto info = consumer.DescribeTopic(topic, kKafkaTimeout);
    if (!info && info.error().kind == ErrorKind::kNotFound) continue;
    // Rights are asked before existence: one that we may not see need not be there, and another may be.
    if (!info && info.error().kind == ErrorKind::kInvalidConfig && refused) refused = info.error();
    if (!info && info.error().kind == ErrorKind::kInvalidConfig) continue;
    if (!info) return info.error();
    CDC_ASSIGN(std::string cluster, consumer.ClusterId(kKafkaTimeout));
    return std::optional(TopicFound{info->name, info->partitions, std::move(cluster)});
  }
  CDC_TRY(refused);
  return std::optional<TopicFound>();
}

Status NameTable(const config::Config& config, const TopicFound& found, kafka::Consumer& consumer,
                 SourceSettings* settings) {
  settings->topic = found.topic;
  const auto parsed = contract::ParseTopic(config.source.topic_prefix, config.source.schemas, found.topic);
  const std::string bare = settings->bare_name;
  // A topic of another form (`topic = …`) is this table's whatever it carries.
  if (!parsed || contract::SanitiseForTopic(bare) != parsed->table) return {};
  settings->source_schema = parsed->schema;
  settings->source_table = bare;
  if (bare.find('_') == std::string::npos || bare != parsed->table) return {};

  std::string name = contract::NotedName(settings->index_folder);
  if (name.empty()) {
    CDC_ASSIGN(name, PeekSourceTable(consumer, found));
    if (name.empty() || contract::SanitiseForTopic(name) != parsed->table) return {};
    contract::NoteName(settings->index_folder, name);
  }
  settings->source_table = name;
  if (name != bare) settings->ident.name = config::IcebergName(config, settings->table, name);
  return {};
}

Status RefuseNewName(const config::Config& config, const SourceSettings& settings, const std::string& source,
                     iceberg::Catalog& catalog) {
  const iceberg::TableIdent before{settings.ident.name_space, settings.source_table};
  const bool qualified =
      settings.ident.name == settings.table && config::BareName(config, settings.table) != settings.table;
  if (!qualified || before.name.empty()) return {};
  const auto old = catalog.LoadTable(before);
  if (!old) return old.error().kind == ErrorKind::kNotFound ? Status{} : old.error();
  const std::string key(contract::kSummarySource);
  const auto marked = old->metadata->NewestAncestorWith(key);
  if (marked == nullptr || *marked->FindSummary(key) != source) return {};
  return Error{
      ErrorKind::kUnsupported,
      fmt::format(
          "tables.toml lists another table '{}' by now, so this one is to be {}; but it is there as {}, "
          "filled from the same topic",
          before.name, ToString(settings.ident), ToString(before)),
      fmt::format(
          "give it its new name with an Iceberg tool (ALTER TABLE … RENAME TO), or drop it to have it "
          "built anew from the topic's start; then `cdc trigger {}`",
          settings.table)};
}

}  // namespace cdc::run
