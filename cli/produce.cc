/// cdc produce: lines of a file into Kafka, in order.

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <thread>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/line_reader.h"
#include "cli/record_line.h"
#include "lib/kafka/producer.h"
#include "lib/kafka/properties.h"

namespace cdc::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::seconds kProgressEvery(2);
constexpr std::chrono::milliseconds kDelivery(30'000);

struct Options {
  std::string topic;
  std::string file;
  std::string bootstrap_servers;
  double sleep_seconds = 0;
};

class Sender {
 public:
  Sender(const Options& options, std::unique_ptr<kafka::Producer> producer)
      : options_(options), producer_(std::move(producer)) {}

  /// Sends everything, or up to the first line that is wrong. What was sent is acknowledged when this returns
  /// without a delivery error.
  Status Send(LineReader* lines);
  void Report(std::FILE* out) const;

 private:
  Status SendLine(std::string_view line, long number);
  void Progress();

  const Options& options_;
  std::unique_ptr<kafka::Producer> producer_;
  std::map<std::string, int64_t> sent_;  ///< records by topic
  SteadyClock::time_point last_progress_ = SteadyClock::now();
};

Status Sender::SendLine(std::string_view line, long number) {
  auto at = [&](Error error) {
    error.message = fmt::format("{}:{}: {}", options_.file, number, error.message);
    return error;
  };
  auto parsed = ParseRecordLine(line);
  if (!parsed) return at(parsed.error());
  const std::string& topic = options_.topic.empty() ? parsed->topic.value_or("") : options_.topic;
  if (topic.empty())
    return at({ErrorKind::kInvalidArgument, "the line names no topic", "cdc produce --topic TOPIC"});
  kafka::Record record;
  record.topic = topic;
  record.partition = parsed->partition;
  record.timestamp_ms = parsed->timestamp_ms;
  record.key = parsed->key;
  record.value = parsed->value;
  for (const auto& [name, value] : parsed->headers) record.headers.emplace_back(name, value);
  const Status status = producer_->Produce(record);
  if (!status) return at(status.error());
  ++sent_[topic];
  return {};
}

Status Sender::Send(LineReader* lines) {
  Status status;
  std::string_view line;
  for (int64_t count = 0; status; ++count) {
    auto more = lines->Next(&line);
    if (!more) status = more.error();
    if (!more || !*more) break;
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    status = SendLine(line, lines->number());
    if (options_.sleep_seconds > 0 && status) {
      CDC_TRY(producer_->Flush(kDelivery));
      std::this_thread::sleep_for(std::chrono::duration<double>(options_.sleep_seconds));
    }
    if (count % 256 == 0) {
      producer_->Poll();
      Progress();
      if (producer_->failed() > 0) break;
    }
  }
  // Also after an error: what came before the bad line was handed over and is not taken back.
  const Status flushed = producer_->Flush(kDelivery + std::chrono::seconds(5));
  return status ? flushed : status;
}

void Sender::Progress() {
  const auto now = SteadyClock::now();
  if (now - last_progress_ < kProgressEvery) return;
  last_progress_ = now;
  fmt::print(stderr, "{} records acknowledged\n", producer_->acknowledged());
}

void Sender::Report(std::FILE* out) const {
  fmt::print(out, "{} records acknowledged", producer_->acknowledged());
  if (producer_->failed() > 0) fmt::print(out, ", {} failed", producer_->failed());
  fmt::print(out, "\n");
  if (sent_.size() > 1) {
    for (const auto& [topic, count] : sent_) fmt::print(out, "  {}: {}\n", topic, count);
  }
}

Result<int> Run(const Command& command, const Options& options) {
  kafka::ProducerOptions settings;
  settings.bootstrap_servers = options.bootstrap_servers;
  settings.delivery_timeout = kDelivery;
  if (options.bootstrap_servers.empty()) {
    CDC_ASSIGN(auto config, LoadConfig(command));
    settings.bootstrap_servers = config->kafka.bootstrap_servers;
    settings.properties = kafka::PropertiesOf(config->kafka.properties);
  }
  CDC_ASSIGN(LineReader lines, LineReader::Open(options.file));
  CDC_ASSIGN(auto producer, kafka::Producer::Make(std::move(settings)));
  Sender sender(options, std::move(producer));
  const Status status = sender.Send(&lines);
  sender.Report(status ? stdout : stderr);
  if (!status) return status.error();
  return kOk;
}

}  // namespace

void AddProduce(CLI::App& app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = AddSubcommand(
      app, "produce",
      "Send a file's lines to Kafka in order: each an event, or an object of key, value, headers, "
      "topic, partition, timestamp with key and value as strings");
  sub->add_option("--topic", options->topic, "topic; without it each line names its own");
  sub->add_option("--file", options->file, "JSON lines, may be gzip-compressed; -: standard input")
      ->required();
  sub->add_option("--sleep", options->sleep_seconds, "seconds to wait after each line")
      ->check(CLI::NonNegativeNumber);
  sub->add_option("--bootstrap-servers", options->bootstrap_servers,
                  "host:port,…; then no configuration is needed");
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *options); }); });
}

}  // namespace cdc::cli
