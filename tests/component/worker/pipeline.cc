#include "tests/component/worker/pipeline.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "lib/kafka/consumer.h"

namespace cdc::worker {
namespace {

using namespace std::chrono_literals;  // NOLINT

constexpr auto kPatience = 60s;

template <typename Outcome>
void Must(const Outcome& outcome, const std::string& what) {
  if (!outcome) throw std::runtime_error(what + ": " + Describe(outcome.error()));
}

std::string ReadAll(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string LastLine(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const size_t at = text.rfind('\n');
  return at == std::string::npos ? text : text.substr(at + 1);
}

}  // namespace

Worker::Worker(const std::filesystem::path& config, const std::string& table, bool drain) {
  std::string path = (config.parent_path() / "run-XXXXXX").string();
  const int unique = ::mkstemp(path.data());
  if (unique < 0) throw std::runtime_error("no output file " + path);
  ::close(unique);
  output_ = path;
  const std::string program = std::string(CDC_BINARY_DIR) + "/jobs/upsert", errors = path + ".err";
  std::vector<std::string> words = {program, "--config", config.string(), "--table", table};
  if (drain) words.emplace_back("--drain");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, path.c_str(), O_WRONLY | O_TRUNC, 0644);
  posix_spawn_file_actions_addopen(&actions, 2, errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  const int failed = ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("cannot start " + program);
}

Worker::~Worker() {
  if (status_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Worker::Signal(int signal) const {
  if (!status_) ::kill(pid_, signal);
}

bool Worker::running() {
  int status = 0;
  if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
  return !status_.has_value();
}

Ended Worker::Wait() {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (running()) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("the worker does not end:\n" + ReadAll(output_.string() + ".err"));
    }
    std::this_thread::sleep_for(2ms);
  }
  Ended ended;
  if (WIFEXITED(*status_)) ended.exit = WEXITSTATUS(*status_);
  if (WIFSIGNALED(*status_)) ended.signal = WTERMSIG(*status_);
  ended.log = ReadAll(output_.string() + ".err");
  if (auto report = contract::DecodeReport(LastLine(ReadAll(output_)))) ended.report = std::move(*report);
  return ended;
}

Pipeline::Pipeline() {
  std::string name = (std::filesystem::temp_directory_path() / "cdc-worker-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  folder_ = name;
  ReplaceBroker();
}

Pipeline::~Pipeline() {
  producer_.reset();
  std::error_code ignored;
  std::filesystem::permissions(folder_ / "data", std::filesystem::perms::owner_all, ignored);
  if (std::getenv("CDC_TEST_KEEP") == nullptr) std::filesystem::remove_all(folder_, ignored);
}

void Pipeline::ReplaceBroker() {
  producer_.reset();
  broker_.reset();
  auto broker = kafka::EmbeddedBroker::Start({});
  Must(broker, "broker");
  broker_ = std::move(*broker);
  kafka::ProducerOptions options;
  options.bootstrap_servers = broker_->bootstrap_servers();
  auto producer = kafka::Producer::Make(std::move(options));
  Must(producer, "producer");
  producer_ = std::move(*producer);
  if (!tables_.empty()) Configure(tables_, source_);
}

void Pipeline::Configure(const std::string& tables, const std::string& source) {
  tables_ = tables;
  source_ = source;
  std::ofstream(folder_ / "tables.toml") << fmt::format(R"([kafka]
bootstrap_servers = "{}"
[source]
topic_prefix = "university-server"
schemas = ["public", "hr"]
{}[catalog]
uri = "data/catalog.db"
warehouse = "data/warehouse"
namespace = "university"
[orchestrator]
state_dir = "state"
)",
                                                        broker_->bootstrap_servers(), source)
                                         << tables;
}

void Pipeline::MakeTopic(const std::string& topic, int partitions) {
  Must(broker_->CreateTopic(topic, partitions), "topic " + topic);
}

void Pipeline::DeleteTopic(const std::string& topic) {
  Must(broker_->DeleteTopic(topic), "delete topic " + topic);
}

void Pipeline::RemakeTopic(const std::string& topic, int partitions) {
  DeleteTopic(topic);
  MakeTopic(topic, partitions);
}

void Pipeline::Trim(const std::string& topic, int64_t first, int32_t partition) {
  Must(broker_->DeleteRecords(topic, partition, first), "trim " + topic);
}

void Pipeline::Send(const std::string& topic, const std::vector<Event>& events, int32_t partition) {
  Queue(topic, events, partition);
  Must(producer_->Flush(30s), "flush " + topic);
}

void Pipeline::Send(const std::map<std::string, std::vector<Event>>& by_topic) {
  for (const auto& [topic, events] : by_topic) Queue(topic, events, 0);
  Must(producer_->Flush(30s), "flush");
}

void Pipeline::Queue(const std::string& topic, const std::vector<Event>& events, int32_t partition) {
  for (const Event& event : events) {
    kafka::Record record;
    record.topic = topic;
    record.partition = partition;
    if (event.key) record.key = *event.key;
    if (event.value) record.value = *event.value;
    for (const auto& [name, value] : event.headers) record.headers.emplace_back(name, value);
    Must(producer_->Produce(record), "produce to " + topic);
  }
}

std::unique_ptr<Worker> Pipeline::Start(const std::string& table, bool drain) {
  return std::make_unique<Worker>(folder_ / "tables.toml", table, drain);
}

std::vector<Event> Pipeline::Read(const std::string& topic) {
  kafka::ConsumerOptions options;
  options.bootstrap_servers = broker_->bootstrap_servers();
  options.group_id = "test";
  auto consumer = kafka::Consumer::Make(options);
  Must(consumer, "consumer");
  Must((*consumer)->Assign({{topic, 0, kafka::kEarliest}}), "assign " + topic);
  std::vector<Event> events;
  const auto deadline = std::chrono::steady_clock::now() + 15s;
  while (std::chrono::steady_clock::now() < deadline) {
    kafka::MessageBatch batch;
    (void)(*consumer)->Poll(100ms, 1000, &batch);
    for (const kafka::Message& message : batch) {
      Event event;
      if (message.key()) event.key = std::string(*message.key());
      if (message.value()) event.value = std::string(*message.value());
      for (const auto& [name, value] : message.headers()) {
        event.headers.emplace_back(name, std::string(value.value_or("")));
      }
      events.push_back(std::move(event));
    }
    if (!batch.ends().empty()) return events;
  }
  throw std::runtime_error("the end of " + topic + " was not reached");
}

}  // namespace cdc::worker
