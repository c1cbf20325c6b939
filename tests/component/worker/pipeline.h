#pragma once

/// \file tests/component/worker/pipeline.h
/// A broker in this process, a folder with a tables.toml, and real `jobs/upsert` processes on both.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/contract/report.h"
#include "lib/kafka/embedded_broker.h"
#include "lib/kafka/producer.h"

namespace cdc::worker {

/// One Kafka record as tests write it; nothing = null.
struct Event {
  std::optional<std::string> key = {};
  std::optional<std::string> value = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// How a worker ended.
struct Ended {
  int exit = -1;                 ///< exit code; -1: by a signal
  int signal = 0;                ///< 0: by itself
  contract::Report report = {};  ///< its last line on stdout; empty when there was none
  std::string log = {};          ///< its stderr
};

/// A running worker. Killed when destroyed.
class Worker {
 public:
  Worker(const std::filesystem::path& config, const std::string& table, bool drain);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void Signal(int signal) const;
  bool running();
  /// Waits for its end; after 60 s the test fails.
  Ended Wait();

 private:
  pid_t pid_ = -1;
  std::optional<int> status_;
  std::filesystem::path output_;  // stdout and stderr, in files: a pipe could fill up
};

/// Throws std::runtime_error where the set-up itself fails. Not thread-safe.
class Pipeline {
 public:
  Pipeline();
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path catalog() const { return folder_ / "data" / "catalog.db"; }
  std::filesystem::path state() const { return folder_ / "state"; }

  /// Writes tables.toml: the sections every test shares, with further lines of `[source]`, then `tables`
  /// (TOML).
  void Configure(const std::string& tables, const std::string& source = "");

  void MakeTopic(const std::string& topic, int partitions = 1);
  void Send(const std::string& topic, const std::vector<Event>& events, int32_t partition = 0);
  void DeleteTopic(const std::string& topic);
  /// Deletes the topic and makes it again, empty.
  void RemakeTopic(const std::string& topic, int partitions = 1);
  /// As retention does: `first` is the oldest record that stays.
  void Trim(const std::string& topic, int64_t first, int32_t partition = 0);
  /// To partition 0 of several topics at once: the first records of each topic cost a second otherwise.
  void Send(const std::map<std::string, std::vector<Event>>& by_topic);

  std::unique_ptr<Worker> Start(const std::string& table, bool drain = true);
  Ended Drain(const std::string& table) { return Start(table)->Wait(); }

  /// Everything in `topic`, partition 0, up to its present end.
  std::vector<Event> Read(const std::string& topic);

  /// The same tables and state with an empty broker, as after a restored or replaced Kafka cluster.
  void ReplaceBroker();

 private:
  std::filesystem::path folder_;
  std::unique_ptr<kafka::EmbeddedBroker> broker_;
  std::unique_ptr<kafka::Producer> producer_;
  std::string tables_, source_;

  void Queue(const std::string& topic, const std::vector<Event>& events, int32_t partition);
};

}  // namespace cdc::worker
