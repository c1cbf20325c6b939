#pragma once

/// \file orchestrator/letter_desk.h
/// Reads dead letters for people, beside everything else.

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "lib/config/config.h"
#include "orchestrator/ports.h"

namespace cdc::orchestrator {

/// Any thread. Reads on a thread of its own, one question at a time: Kafka may take seconds.
class LetterDesk {
 public:
  using Done = std::function<void(Result<Letters>)>;

  LetterDesk() = default;
  /// Waits for the question under way, some seconds at most; the others are not answered.
  ~LetterDesk();

  void Configure(std::shared_ptr<const config::Config> config);
  /// `done` is called on the desk's thread; or at once with kTransient: too many wait already.
  void Ask(const std::string& table, int limit, Done done);

 private:
  struct Question {
    std::string table;
    int limit = 0;
    Done done;
  };
  void Work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const config::Config> config_;
  std::deque<Question> waiting_;
  bool ended_ = false;
  std::thread thread_;  ///< since the first question
};

/// The newest dead letters of a table, each once. Blocks some seconds at most.
/// \return kNotFound: no such table; else as kafka::Consumer
Result<Letters> ReadLetters(const config::Config& config, const std::string& table, int limit);

}  // namespace cdc::orchestrator
