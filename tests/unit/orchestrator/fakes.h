#pragma once

/// \file tests/unit/orchestrator/fakes.h
/// A hand-moved clock and the two ports, scripted: no processes, no Kafka, no waiting.

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lib/core/clock.h"
#include "orchestrator/launcher.h"
#include "orchestrator/trigger_source.h"

namespace cdc::orchestrator {

class FakeClock final : public Clock {
 public:
  SteadyTime steady() const override { return SteadyTime(passed_ + std::chrono::hours(1000)); }
  WallTime wall() const override { return WallTime(passed_ + std::chrono::hours(500'000)); }
  void Pass(Millis time) { passed_ += time; }

 private:
  Millis passed_{0};
};

class FakeLauncher final : public Launcher {
 public:
  struct Worker {
    JobSpec spec;
    Callbacks callbacks;
    std::vector<contract::Command> told;
    int terminated = 0;  ///< calls of Terminate()
    int killed = 0;      ///< calls of Kill()
    bool alive = true;
    int pid = 0;
  };

  Result<std::unique_ptr<Run>> Start(const JobSpec& spec, Callbacks callbacks) override {
    if (before_start) before_start();
    if (fail_with) return *fail_with;
    auto worker = std::make_shared<Worker>();
    *worker = {spec, std::move(callbacks), {}, 0, 0, true, static_cast<int>(1000 + starts.size())};
    starts.push_back(worker);
    return std::unique_ptr<Run>(std::make_unique<FakeRun>(worker));
  }

  /// The newest worker of a table; null: never started.
  std::shared_ptr<Worker> Of(const std::string& table) {
    for (auto it = starts.rbegin(); it != starts.rend(); ++it) {
      if ((*it)->spec.table == table) return *it;
    }
    return nullptr;
  }
  int Alive() const {
    int alive = 0;
    for (const auto& worker : starts) alive += worker->alive ? 1 : 0;
    return alive;
  }

  std::vector<std::shared_ptr<Worker>> starts;
  std::optional<Error> fail_with;
  std::function<void()> before_start;

 private:
  class FakeRun final : public Run {
   public:
    explicit FakeRun(std::shared_ptr<Worker> worker) : worker_(std::move(worker)) {}
    ~FakeRun() override { worker_->alive = false; }
    std::string ref() const override { return "worker " + std::to_string(worker_->pid); }
    int pid() const override { return worker_->pid; }
    void Say(contract::Command command) override { worker_->told.push_back(command); }
    void Terminate() override { ++worker_->terminated; }
    void Kill() override { ++worker_->killed; }

   private:
    std::shared_ptr<Worker> worker_;
  };
};

/// Topics with their end offsets; answers when told to.
class FakeSource final : public TriggerSource {
 public:
  void Listen(const Topic& topic, const contract::PartitionOffsets& next) override {
    if (!full) listening[topic.name] = next;
  }
  void Mute(const std::string& topic) override { listening.erase(topic); }
  bool Listens(const std::string& topic) const override { return listening.contains(topic); }
  void AskTopics(std::function<void(Result<std::vector<Topic>>)> done) override {
    topic_questions.push_back(std::move(done));
  }
  void AskSpans(std::vector<SpanQuery> queries, std::function<void(Result<Spans>)> done) override {
    span_questions.emplace_back(std::move(queries), std::move(done));
  }

  void AnswerTopics() {
    std::vector<Topic> topics;
    for (const auto& [name, ends] : contents) topics.push_back({name, static_cast<int32_t>(ends.size())});
    for (auto& done : std::exchange(topic_questions, {})) done(topics);
  }
  void AnswerSpans() {
    for (auto& [queries, done] : std::exchange(span_questions, {})) {
      Spans spans;
      for (const SpanQuery& query : queries) {
        for (const auto& [partition, end] : contents[query.topic]) {
          if (!silent.contains(partition))
            spans[query.topic][partition] = {query.low ? std::optional<int64_t>(0) : std::nullopt, end};
        }
      }
      done(spans);
    }
  }
  void Answer() {
    AnswerTopics();
    AnswerSpans();
  }

  std::map<std::string, std::map<int32_t, int64_t>> contents;  ///< topic → partition → end
  bool full = false;                                           ///< no room to listen to anything
  bool deaf = false;                                           ///< listening brings nothing
  std::map<int32_t, bool> silent;                              ///< partitions that are missing from answers
  std::map<std::string, contract::PartitionOffsets> listening;
  std::vector<std::function<void(Result<std::vector<Topic>>)>> topic_questions;
  std::vector<std::pair<std::vector<SpanQuery>, std::function<void(Result<Spans>)>>> span_questions;
};

}  // namespace cdc::orchestrator
