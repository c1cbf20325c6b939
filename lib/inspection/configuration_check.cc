#include "lib/inspection/configuration_check.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "lib/config/line_of.h"
#include "lib/event/pg_type.h"
#include "lib/kafka/consumer.h"
#include "lib/kafka/properties.h"
#include "lib/postgres/session.h"

namespace cdc::inspection {
namespace {

using config::Problem;
using Path = std::vector<std::string>;

std::string KeyOf(const Path& path) { return fmt::format("{}", fmt::join(path, ".")); }

/// One finder for each kind; each adds what it finds.
class Finder {
 public:
  explicit Finder(const config::Config& config) : config_(config) {}

  void Add(const Path& path, std::string text) {
    problems_.push_back({config::LineOf(config_, path), KeyOf(path), std::move(text)});
  }
  void Add(const Path& path, const Error& error) {
    Add(path, error.hint.empty() ? error.message : error.message + ": " + error.hint);
  }
  config::Problems problems() && { return std::move(problems_); }

 private:
  const config::Config& config_;
  config::Problems problems_;
};

/// \return what is wrong with "host:port"; empty: nothing
std::string JudgeAddress(std::string_view address) {
  if (address.find("://") != address.npos) return "has no scheme: write host:port";
  const size_t colon = address.rfind(':');
  if (colon == address.npos || address.ends_with(']')) return {};  // librdkafka takes port 9092
  const std::string_view port = address.substr(colon + 1);
  int number = 0;
  const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (colon == 0) return "has no host before its port";
  if (failed != std::errc() || end != port.data() + port.size() || number < 1 || number > 65535)
    return fmt::format("'{}' is no port from 1 to 65535", port);
  return {};
}

void FindAddresses(const config::Config& config, Finder* found) {
  std::string_view rest = config.kafka.bootstrap_servers;
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    std::string_view address = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    while (address.starts_with(' ')) address.remove_prefix(1);
    while (address.ends_with(' ')) address.remove_suffix(1);
    const std::string wrong = address.empty() ? "has an empty address" : JudgeAddress(address);
    if (!wrong.empty()) found->Add({"kafka", "bootstrap_servers"}, fmt::format("'{}' {}", address, wrong));
  }
}

/// A client is made and never connects.
void FindKafkaProperties(const config::Config& config, Finder* found) {
  kafka::ConsumerOptions options;
  options.bootstrap_servers = config.kafka.bootstrap_servers;
  options.group_id = config.kafka.group_id;
  options.properties = kafka::PropertiesOf(config.kafka.properties);
  const auto made = kafka::Consumer::Make(options);
  if (!made) found->Add({"kafka", "properties"}, made.error());
}

void FindConnectionStrings(const config::Config& config, Finder* found) {
  const auto look = [&](const Path& path, const std::string& dsn) {
    const Status parsed = dsn.empty() ? Status{} : postgres::CheckDsn(dsn);
    if (!parsed) found->Add(path, parsed.error());
  };
  look({"source", "dsn"}, config.source.dsn);
  for (const auto& [name, sink] : config.sinks) look({"sinks", name, "dsn"}, sink.dsn);
}

void FindTypes(const config::Config& config, const config::Table& table, Finder* found) {
  const event::Handling handling{.decimal = config.source.decimal_handling,
                                 .time = config.source.time_precision,
                                 .binary = config.source.binary_handling};
  for (const auto& [column, words] : table.columns) {
    const auto type = event::ColumnOfPgType(column, words, handling, /*strict=*/true);
    if (!type) found->Add({"tables", table.name, "columns", column}, type.error());
  }
}

void FindJob(const config::Table& table, const std::filesystem::path& jobs, Finder* found) {
  const std::filesystem::path program = jobs / table.job;
  if (::access(program.c_str(), X_OK) == 0) return;
  found->Add({"tables", table.name, "job"},
             fmt::format("there is no program {}: build jobs/{}/main.cc, or correct the name",
                         program.string(), table.job));
}

}  // namespace

config::Problems FindProblems(const config::Config& config, const std::filesystem::path& jobs) {
  Finder found(config);
  FindAddresses(config, &found);
  FindKafkaProperties(config, &found);
  FindConnectionStrings(config, &found);
  for (const config::Table& table : config.tables) {
    FindTypes(config, table, &found);
    FindJob(table, jobs, &found);
  }
  config::Problems problems = std::move(found).problems();
  std::stable_sort(problems.begin(), problems.end(),
                   [](const Problem& a, const Problem& b) { return a.line < b.line; });
  return problems;
}

}  // namespace cdc::inspection
