/// cdc broker: an embedded Kafka until SIGINT or SIGTERM.

#include <charconv>
#include <csignal>
#include <cstdio>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "lib/kafka/embedded_broker.h"

namespace cdc::cli {
namespace {

struct Options {
  uint16_t port = 0;
  int partitions = 1;
  std::vector<std::string> topics;
  uint64_t memory_bytes = uint64_t{4} << 30;
};

/// "name:3" or "name".
Result<std::pair<std::string, int>> ParseTopic(const std::string& text, int default_partitions) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::pair(text, default_partitions);
  int partitions = 0;
  const std::string number = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), partitions);
  if (error != std::errc() || end != number.data() + number.size()) {
    return Error{ErrorKind::kInvalidArgument,
                 fmt::format("--topics {}: \"{}\" is no number of partitions", text, number),
                 "--topics orders:3,customers:1"};
  }
  return std::pair(text.substr(0, colon), partitions);
}

Result<int> Run(const Options& options) {
  // Blocked before any thread starts, so that all of them leave these signals to sigwait.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  kafka::EmbeddedBrokerOptions settings;
  settings.port = options.port;
  settings.default_partitions = options.partitions;
  settings.max_bytes = static_cast<int64_t>(options.memory_bytes);
  CDC_ASSIGN(auto broker, kafka::EmbeddedBroker::Start(settings));
  for (const std::string& text : options.topics) {
    CDC_ASSIGN(auto topic, ParseTopic(text, options.partitions));
    CDC_TRY(broker->CreateTopic(topic.first, topic.second));
  }
  fmt::print("bootstrap_servers={}\n", broker->bootstrap_servers());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  return kOk;
}

}  // namespace

void AddBroker(CLI::App& app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* sub =
      AddSubcommand(app, "broker",
                    "Run an embedded Kafka on 127.0.0.1 for demonstrations and tests; its records live in "
                    "memory until it ends");
  sub->add_option("--port", options->port, "port; 0: a free one")->capture_default_str();
  sub->add_option("--topics", options->topics, "topics to make: name:partitions,name,…")->delimiter(',');
  sub->add_option("--partitions", options->partitions, "partitions of topics without a number")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  sub->add_option("--memory", options->memory_bytes,
                  "most bytes of records to keep, e.g. 512MB; beyond it producers are refused")
      ->default_str("4GB")
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/false));
  sub->callback([=] { command->run = Reporting([options] { return Run(*options); }); });
}

}  // namespace cdc::cli
