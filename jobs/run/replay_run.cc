#include "jobs/run/replay_run.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <thread>

#include "jobs/run/end_line.h"
#include "jobs/run/maintain_run.h"
#include "jobs/run/rehearsal_sink.h"
#include "jobs/run/replay_batch.h"
#include "jobs/run/run_setup.h"
#include "jobs/sink/iceberg/iceberg_sink.h"
#include "lib/contract/lock_file.h"
#include "lib/lake/lake.h"

namespace cdc::run {
namespace {

using iceberg_sink::IcebergSink;

/// Letters held at a time, with their bytes.
constexpr size_t kLettersAtOnce = 10'000;
/// Letters told one by one; of the others there are only counts.
constexpr size_t kMostTold = 1'000;

/// One run.
class Replay {
 public:
  Replay(const JobDefinition& job, const config::Config& config, const config::Table& table,
         const ReplayOrder& order, const std::atomic<bool>& stop, const Clock& clock, const log::Logger& log)
      : job_(job),
        config_(config),
        table_(table),
        order_(order),
        stop_(stop),
        clock_(clock),
        log_(log),
        settings_(SettingsOf(config, table)) {
    // What is bad is told, and the next one tried.
    settings_.stop_on_bad = false;
  }

  Status Run(nlohmann::json* line);

 private:
  Status Open();
  Status Windows(nlohmann::json* line);
  Status Apply(ReplayLetters* letters, nlohmann::json* line);
  std::vector<const ReplayLetter*> Choose(const ReplayLetters& letters, nlohmann::json* line);
  void Tell(const LetterPlace& place, const ReplayLetter& letter, ReplayVerdict verdict,
            const std::string& why, nlohmann::json* line);

  const JobDefinition& job_;
  const config::Config& config_;
  const config::Table& table_;
  const ReplayOrder& order_;
  const std::atomic<bool>& stop_;
  const Clock& clock_;
  const log::Logger& log_;
  SourceSettings settings_;
  std::unique_ptr<kafka::Consumer> consumer_;
  std::optional<TopicFound> found_;
  std::unique_ptr<lake::Lake> lake_;
  std::unique_ptr<IcebergSink> sink_;
  std::unique_ptr<RecordKeys> keys_;
  Checkpoint checkpoint_;
  int64_t tried_ = 0;
};

Status Replay::Open() {
  CDC_ASSIGN(consumer_, kafka::Consumer::Make(ConsumerOptionsOf(KafkaSettingsOf(config_, table_.name),
                                                                settings_.memory_bytes)));
  CDC_ASSIGN(found_, FindTopic(*consumer_, table_));
  if (!found_) return Error{ErrorKind::kNotFound, fmt::format("the topic of {} does not exist", table_.name)};
  CDC_TRY(NameTable(config_, *found_, *consumer_, &settings_));
  CDC_ASSIGN(lake_, lake::Open(config_, iceberg_sink::IdentOf(settings_)));
  const std::string source = nlohmann::json{{"cluster", found_->cluster}, {"topic", found_->topic}}.dump();
  IcebergSink::Ports ports{lake_->catalog(), lake_->files(), clock_,
                           [](Millis pause) { std::this_thread::sleep_for(pause); }, log_};
  CDC_ASSIGN(sink_, IcebergSink::Open(settings_, source, ports));
  const worker::Opened opened = sink_->opened();
  if (opened.shape.schema == nullptr || !opened.checkpoint) {
    return Error{ErrorKind::kNotFound,
                 fmt::format("there is no table {} yet", ToString(settings_.ident)),
                 "its worker makes it from the first event that it can read, and reads the topic from its "
                 "start then"};
  }
  checkpoint_ = *opened.checkpoint;
  if (settings_.append) return {};
  if (opened.shape.identity != nullptr) {
    return Error{
        ErrorKind::kUnsupported,
        fmt::format("table {} has no key, so that nothing tells which later changes are of a letter's row",
                    ToString(settings_.ident)),
        fmt::format("`cdc reset {} --yes` rebuilds the table from the topic's start", table_.name)};
  }
  CDC_ASSIGN(keys_, RecordKeys::Make(settings_, *opened.shape.schema, opened.shape.key));
  return {};
}

void Replay::Tell(const LetterPlace& place, const ReplayLetter& letter, ReplayVerdict verdict,
                  const std::string& why, nlohmann::json* line) {
  const bool applied = verdict == ReplayVerdict::kSafe;
  auto& counts = (*line)["counts"];
  const char* word = applied ? "replayed" : WordOf(verdict);
  counts[word] = counts.value(word, int64_t{0}) + 1;
  auto& told = (*line)["letters"];
  if (told.size() >= kMostTold) return;
  told.push_back({{"partition", place.first},
                  {"offset", place.second},
                  {"reason", letter.reason},
                  {"verdict", word},
                  {"why", why}});
}

/// The letters that are safe, in order; the others are told.
std::vector<const ReplayLetter*> Replay::Choose(const ReplayLetters& letters, nlohmann::json* line) {
  std::vector<const ReplayLetter*> chosen;
  for (const auto& [place, letter] : letters) {
    const ReplayJudgement judged = Judge(letter.facts);
    if (judged.verdict != ReplayVerdict::kSafe && !(judged.forcible && order_.force)) {
      Tell(place, letter, judged.verdict, judged.why + (judged.forcible ? " (--force replays it)" : ""),
           line);
    } else if (order_.limit > 0 && tried_ >= order_.limit) {
      (*line)["more"] = true;
    } else {
      ++tried_;
      chosen.push_back(&letter);
    }
  }
  return chosen;
}

Status Replay::Apply(ReplayLetters* letters, nlohmann::json* line) {
  CDC_TRY(LookAtTopic(*consumer_, settings_.topic, found_->partitions, checkpoint_, keys_.get(), letters));
  const auto chosen = Choose(*letters, line);
  if (chosen.empty()) return {};
  RehearsalSink rehearsal(*sink_);
  Table table(order_.dry_run ? static_cast<Sink&>(rehearsal) : *sink_);
  ReplayBatch batch(checkpoint_, order_.dry_run, ShareOut(settings_.memory_bytes).batch);
  CDC_ASSIGN(TaintedKeys tainted, TaintedKeys::Load(settings_.append ? std::filesystem::path()
                                                                     : settings_.index_folder / "tainted",
                                                    table.shape().key_secret, settings_.table));
  const auto mapping = job_.mapping ? job_.mapping() : nullptr;
  Intake intake(settings_, table, batch.letters(), tainted, mapping.get(), DescriberOf(settings_), clock_,
                log_);
  intake.BeginReplay();
  const Status ran = batch.Run({table, intake, tainted}, chosen, found_->partitions);
  if (!order_.dry_run) checkpoint_ = batch.checkpoint();
  const ReplayBatch::Outcome& outcome = batch.outcome();
  for (const LetterPlace& place : outcome.applied)
    Tell(place, letters->at(place), ReplayVerdict::kSafe, "", line);
  for (const auto& [place, reason] : outcome.still_bad)
    Tell(place, letters->at(place), ReplayVerdict::kStillBad, reason, line);
  (*line)["rows"] = line->value("rows", int64_t{0}) + outcome.rows;
  (*line)["deletes"] = line->value("deletes", int64_t{0}) + outcome.deletes;
  if (outcome.snapshot_id != 0) (*line)["snapshot_id"] = outcome.snapshot_id;
  return ran;
}

Status Replay::Windows(nlohmann::json* line) {
  LetterPlace after{-1, -1};
  const int64_t bytes = ShareOut(settings_.memory_bytes).batch;
  for (bool first = true;; first = false) {
    CDC_ASSIGN(LetterWindow window,
               ReadLetters(*consumer_, settings_.topic, table_.dead_letter_topic(settings_.topic), checkpoint_, after, kLettersAtOnce, bytes));
    if (first && window.already > 0) (*line)["counts"][WordOf(ReplayVerdict::kAlready)] = window.already;
    if (window.letters.empty()) return {};
    CDC_TRY(Apply(&window.letters, line));
    after = window.letters.rbegin()->first;
    if (!window.more) return {};
    if (stop_.load(std::memory_order_relaxed) || (order_.limit > 0 && tried_ >= order_.limit)) {
      (*line)["more"] = true;
      return {};
    }
  }
}

Status Replay::Run(nlohmann::json* line) {
  CDC_ASSIGN(const auto lock, TakeTableLock(config_, table_.name));
  CDC_TRY(Open());
  CDC_TRY(Windows(line));
  return order_.dry_run ? Status{} : sink_->Close();
}

}  // namespace

int ReplayTable(const JobDefinition& job, const config::Config& config, const config::Table& table,
                const ReplayOrder& order, const std::atomic<bool>& stop, const Clock& clock,
                const log::Logger& log) {
  const SteadyTime started = clock.steady();
  nlohmann::json line = {
      {"table", table.name},
      {"dry_run", order.dry_run},
      {"more", false},
      {"counts", nlohmann::json::object()},
      {"letters", nlohmann::json::array()}};
  const Status status = Replay(job, config, table, order, stop, clock, log).Run(&line);
  return EndWithLine(std::move(line), status, clock, started, log);
}

}  // namespace cdc::run
