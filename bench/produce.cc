/// bench/produce: change events into a topic, generated or repeated from a file, at some hundred thousand a
/// second.
///
///   produce --bootstrap HOST:PORT --topic T [--file EVENTS.jsonl --repeat N] [--snapshot N] [--changes N] …

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "bench/event_source.h"
#include "lib/kafka/producer.h"

namespace cdc::bench {
namespace {

constexpr std::chrono::minutes kPatience{5};

struct Arguments {
  std::string bootstrap = "127.0.0.1:9092", topic, file;
  int64_t records = 0;
  EventShape shape;
};

struct StoredRecord {
  std::optional<std::string> key, value;
  std::vector<std::pair<std::string, std::string>> headers;
};

std::optional<std::string> Text(const nlohmann::json& record, const char* member) {
  const auto found = record.find(member);
  if (found == record.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::vector<StoredRecord> ReadRecords(std::istream& in) {
  std::vector<StoredRecord> records;
  for (std::string line; std::getline(in, line);) {
    const auto json = nlohmann::json::parse(line);
    StoredRecord record{Text(json, "key"), Text(json, "value"), {}};
    if (json.contains("headers") && json["headers"].is_array()) {
      for (const auto& header : json["headers"]) record.headers.emplace_back(header[0], header[1]);
    }
    records.push_back(std::move(record));
  }
  return records;
}

/// The file's records from the beginning again and again, until there are as many as asked for.
Status ProduceFile(const Arguments& arguments, kafka::Producer& producer) {
  std::ifstream file;
  if (arguments.file != "-") file.open(arguments.file);
  const std::vector<StoredRecord> records = ReadRecords(arguments.file == "-" ? std::cin : file);
  if (records.empty()) return Error{ErrorKind::kInvalidArgument, "no records in " + arguments.file};
  for (int64_t i = 0; i < arguments.records; ++i) {
    const StoredRecord& stored = records[static_cast<size_t>(i) % records.size()];
    kafka::Record record{.topic = arguments.topic, .partition = 0};
    if (stored.key) record.key = *stored.key;
    if (stored.value) record.value = *stored.value;
    for (const auto& [name, value] : stored.headers) record.headers.emplace_back(name, value);
    CDC_TRY(producer.Produce(record));
  }
  return {};
}

Status ProduceGenerated(const Arguments& arguments, kafka::Producer& producer) {
  EventSource source(arguments.shape);
  while (const auto event = source.Next()) {
    kafka::Record record{.topic = arguments.topic, .partition = 0};
    record.key = event->key;
    record.value = event->value;
    CDC_TRY(producer.Produce(record));
  }
  return {};
}

Status Run(const Arguments& arguments) {
  kafka::ProducerOptions options;
  options.bootstrap_servers = arguments.bootstrap;
  options.queued_bytes = 64 << 20;
  options.linger = std::chrono::milliseconds(20);
  options.properties = {{"batch.size", "900000"}, {"compression.type", "none"}};
  CDC_ASSIGN(auto producer, kafka::Producer::Make(std::move(options)));
  CDC_TRY(arguments.file.empty() ? ProduceGenerated(arguments, *producer)
                                 : ProduceFile(arguments, *producer));
  CDC_TRY(producer->Flush(kPatience));
  std::printf("%lld\n", static_cast<long long>(producer->acknowledged()));
  return {};
}

}  // namespace
}  // namespace cdc::bench

int main(int argc, char** argv) {
  cdc::bench::Arguments arguments;
  cdc::bench::EventShape& shape = arguments.shape;
  CLI::App app{"change events into a Kafka topic, for benchmarks", "bench/produce"};
  app.add_option("--bootstrap", arguments.bootstrap)->capture_default_str();
  app.add_option("--topic", arguments.topic)->required();
  app.add_option("--file", arguments.file,
                 "events of a file (JSON lines; - = stdin) instead of generated ones");
  app.add_option("--records", arguments.records, "how many of them, from the beginning again at its end");
  app.add_option("--table", shape.table)->capture_default_str();
  app.add_option("--snapshot", shape.snapshot, "`r` events of as many keys");
  app.add_option("--changes", shape.changes, "events after them");
  app.add_option("--updates", shape.updates)->capture_default_str();
  app.add_option("--deletes", shape.deletes)->capture_default_str();
  app.add_option("--skip", shape.skip, "as many keys are there already");
  app.add_option("--hot", shape.hot, "updates and deletes hit as many keys only");
  app.add_option("--columns", shape.columns)->capture_default_str();
  app.add_option("--text-bytes", shape.text_bytes, "of one more text column");
  app.add_flag("--uuid-keys", shape.uuid_keys);
  app.add_flag("--schema", shape.schema, "with embedded schemas");
  app.add_option("--seed", shape.seed)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const cdc::Status done = cdc::bench::Run(arguments);
  if (done) return 0;
  std::fprintf(stderr, "%s\n", Describe(done.error()).c_str());
  return 1;
}
