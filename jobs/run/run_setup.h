#pragma once

/// \file jobs/run/run_setup.h
/// Private to the room: from the command line and the configuration to the settings of one run.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "jobs/run/job.h"
#include "jobs/run/words.h"
#include "lib/config/config.h"
#include "lib/iceberg/catalog.h"
#include "lib/kafka/consumer.h"

namespace cdc::run {

struct CommandLine {
  std::filesystem::path config = "tables.toml";
  std::filesystem::path accepted;  ///< a copy of what `config` held when the orchestrator read it
  std::string table;
  bool drain = false;
  bool verbose = false;
  bool maintain = false;
  bool migrate = false;
  bool confirmed = false;  ///< --yes, with migrate
  bool replay = false;
  bool dry_run = false;  ///< with maintain or replay
  bool force = false;    ///< with replay
  int64_t limit = 0;     ///< with replay; 0: none
};

/// \return nothing to run: `exit_code` says how to end (help, version, bad arguments).
std::optional<CommandLine> ParseCommandLine(const JobDefinition& job, int argc, char** argv, int* exit_code);

/// From the copy where there is one: the file itself may be half written, or wrong, by now.
/// \return errors of config::Load().
Result<std::shared_ptr<const config::Config>> LoadConfig(const CommandLine& line);

/// Settings of `table` but for what depends on Kafka: topic and source name are those of its first topic
/// candidate.
SourceSettings SettingsOf(const config::Config& config, const config::Table& table);
KafkaSettings KafkaSettingsOf(const config::Config& config, const std::string& table);
/// For a consumer of the table's topic, without a group. \param memory the table's, of which it has shares
kafka::ConsumerOptions ConsumerOptionsOf(const KafkaSettings& kafka, int64_t memory);

/// Asks the source database; empty without `dsn`. `settings` must outlive it.
std::function<Result<SourceDescription>()> DescriberOf(const SourceSettings& settings);

struct TopicFound {
  std::string topic;
  int32_t partitions = 0;
  std::string cluster;  ///< Kafka cluster id
};

/// The first of the table's topics that exists; nothing: none does yet. \return kTransient, kInvalidConfig.
Result<std::optional<TopicFound>> FindTopic(kafka::Consumer& consumer, const config::Table& table);

/// Sets topic, source name and Iceberg name. A topic's name may have lost characters of the table's: then an
/// event is read to learn it, and it is remembered in the index folder.
Status NameTable(const config::Config& config, const TopicFound& found, kafka::Consumer& consumer,
                 SourceSettings* settings);

/// A table that was the only one of its name when it was made keeps that name, which tables.toml gives up
/// when it lists another one of it: under its new name it would be begun anew, from what its topic still has.
/// To be asked where the table of `settings` is not there.
/// \param source as in `cdc.source`
/// \return kUnsupported: under its bare name there is one that was filled from this source. kTransient.
Status RefuseNewName(const config::Config& config, const SourceSettings& settings, const std::string& source,
                     iceberg::Catalog& catalog);

}  // namespace cdc::run
