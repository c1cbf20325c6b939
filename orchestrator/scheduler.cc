#include "orchestrator/scheduler.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "lib/config/settings.h"
#include "lib/contract/lock_file.h"

namespace cdc::orchestrator {
namespace {

constexpr Millis kLongestSleep{1'000};
constexpr Millis kSlotPoll{250};

Millis Between(SteadyTime then, SteadyTime now) { return std::chrono::duration_cast<Millis>(now - then); }

Slots::LockHolder HolderOf(SchedulerOptions options) {
  if (!options.lock_holder) options.lock_holder = contract::LockFile::Holder;
  return [options = std::move(options)](const std::string& table) {
    return options.lock_holder(options.layout.table_lock(table));
  };
}

void LogTransition(const log::Logger& log, const JobEntry& entry, Phase before, SteadyTime now) {
  const log::Logger logger = LoggerOf(log, entry);
  const TableState& s = entry.state;
  switch (s.phase) {
    case Phase::kHeld: logger.Error("held: {} -- {}", s.reason, s.hint); return;
    case Phase::kBackoff:
    case Phase::kPending: {
      const Millis wait = Between(now, s.due);
      if (s.phase == Phase::kBackoff) {
        logger.Warn("{}; next start in {} ms", s.reason, std::max<int64_t>(0, wait.count()));
      } else if (wait > Millis(0) && before == Phase::kIdle) {
        logger.Info("rate limit: starts in {} ms", wait.count());
      }
      return;
    }
    case Phase::kIdle:
    case Phase::kStarting:
    case Phase::kRunning:
    case Phase::kStopping:
    case Phase::kElsewhere:
    case Phase::kPaused: logger.Debug("{} -> {}", ToString(before), ToString(s.phase)); return;
  }
}

}  // namespace

Scheduler::Scheduler(const Clock& clock, Launcher& launcher, TriggerSource& source, contract::Ledger& ledger,
                     log::Logger logger, SchedulerOptions options)
    : clock_(clock),
      log_(std::move(logger)),
      started_(clock.steady()),
      guard_(options.wake),
      ledger_(ledger, clock, log_),
      slots_(
          tables_, [this](JobEntry& entry, const Event& event) { Step(entry, event); }, HolderOf(options)),
      backlogs_(
          clock, source, tables_, ledger_, guard_, log_,
          [this](JobEntry& entry, const Event& event) { Step(entry, event); },
          BacklogOptions{.drain = options.drain}),
      runs_(
          clock, launcher, tables_, backlogs_, ledger_, guard_, log_,
          [this](JobEntry& entry, const Event& event) { Step(entry, event); },
          RunOptions{options.jobs_folder, options.layout, options.drain}),
      repairs_(tables_, ledger_, log_, [this](JobEntry& entry, const Event& event) { Step(entry, event); }),
      sharing_(tables_, options.group, [this](JobEntry& entry, const Event& event) { Step(entry, event); }) {}

Status Scheduler::Apply(std::shared_ptr<const config::Config> config) {
  const std::shared_ptr<const config::Config> before = std::exchange(config_, std::move(config));
  slots_.Limit(config_->orchestrator.max_jobs);
  runs_.Configure(config_->file);
  if (before) {
    ApplyDifference(*before);
  } else {
    CDC_TRY(Restore());
  }
  backlogs_.Configure(config_);
  return {};
}

JobEntry& Scheduler::Add(const config::Table& table) {
  JobEntry& entry = tables_.Add(*config_, table);
  ledger_.Note(entry);
  return entry;
}

Status Scheduler::Restore() {
  CDC_ASSIGN(const std::vector<contract::TableRecord> records, ledger_.Load());
  for (const config::Table& table : config_->tables) Add(table);
  for (const contract::TableRecord& record : records) {
    JobEntry* entry = tables_.Find(record.table);
    if (!entry && config_->discover) {
      if (const auto settings = config_->FindTable(record.table)) entry = &Add(*settings);
    }
    if (!entry) continue;
    orchestrator::Restore(record, clock_, entry);
    tables_.NoteAwake(*entry);
  }
  return {};
}

void Scheduler::ApplyDifference(const config::Config& before) {
  for (const std::string& setting : config::NeedRestart(before, *config_))
    log_.Warn("{} was changed: workers use it from their next start on, the orchestrator after `cdc restart`",
              setting);
  for (const config::Table& table : config_->tables) {
    if (tables_.Find(table.name)) continue;
    LoggerOf(log_, Add(table)).Info("added");
  }
  // A table may leave the list and stay by `discover`, or the other way round.
  for (const auto& [name, entry] : tables_.all()) {
    if (const auto settings = config_->FindTable(name)) {
      ApplySettings(*entry, *settings);
    } else if (!entry->removed) {
      entry->removed = true;
      log_.With("table", name).Info("removed");
      tables_.NoteAwake(*entry);
      Step(*entry, StopAsked{});
    }
  }
  tables_.ApplyLimits(*config_);
}

void Scheduler::ApplySettings(JobEntry& entry, const config::Table& settings) {
  entry.removed = false;
  tables_.NoteAwake(entry);
  std::string fingerprint = config::Fingerprint(*config_, settings);
  if (fingerprint == entry.fingerprint) return;
  const bool moved = settings.topics != entry.settings.topics;
  entry.settings = settings;
  entry.fingerprint = std::move(fingerprint);
  ledger_.Note(entry);
  LoggerOf(log_, entry).Info("settings changed");
  if (moved) backlogs_.DropTopic(entry);
  Step(entry, SettingsChanged{});
}

void Scheduler::Step(JobEntry& entry, const Event& event) {
  const TableState before = entry.state;
  orchestrator::Step step = Next(entry.state, event, clock_.steady(), entry.rules, entry.name());
  entry.state = std::move(step.state);
  tables_.NoteAwake(entry);
  if (entry.state.phase != before.phase) {
    LogTransition(log_, entry, before.phase, clock_.steady());
    NoteState(UnixMillis(clock_.wall()), &entry);
    ledger_.Write(entry);  // what must survive our death at once; progress can wait
  } else if (entry.state.due != before.due || entry.state.crashes != before.crashes) {
    ledger_.Note(entry);
  }
  for (const Action action : step.actions) Perform(entry, action);
  repairs_.NoteStep(entry);
}

void Scheduler::Perform(JobEntry& entry, Action action) {
  switch (action) {
    case Action::kListen: return backlogs_.Listen(entry);
    case Action::kMute: return backlogs_.Listen(entry);  // for those that it shares its topic with
    case Action::kStart: return runs_.Start(entry);
    case Action::kSayStop: return runs_.Say(entry, contract::Command::kStop);
    case Action::kSayYield:
      LoggerOf(log_, entry).Info("yields its slot to a waiting table");
      return runs_.Say(entry, contract::Command::kYield);
    case Action::kSayGo: return runs_.Say(entry, contract::Command::kGo);
    case Action::kSayStay: return runs_.Say(entry, contract::Command::kStay);
    case Action::kTerminate: return runs_.Terminate(entry);
    case Action::kKill: return runs_.Kill(entry);
  }
}

void Scheduler::Advance() {
  runs_.DropEnded();
  const SteadyTime now = clock_.steady();
  FeedTimePassed();
  DropRemoved();
  if (!stopping_) {
    sharing_.Advance();
    slots_.Give(now);
    backlogs_.Advance();
  }
  if (now >= ledger_.due()) Save();
}

void Scheduler::FeedTimePassed() {
  const SteadyTime now = clock_.steady();
  std::vector<JobEntry*> due;  // what is fed may fall asleep
  for (const auto& [name, entry] : tables_.awake()) {
    const auto wake = orchestrator::NextWake(entry->state);
    if (wake && *wake <= now) due.push_back(entry);
  }
  for (JobEntry* entry : due) Step(*entry, TimePassed{});
}

void Scheduler::DropRemoved() {
  std::vector<JobEntry*> gone;
  for (const auto& [name, entry] : tables_.awake()) {
    if (entry->removed && !IsActive(entry->state.phase)) gone.push_back(entry);
  }
  for (JobEntry* entry : gone) {
    backlogs_.DropTopic(*entry);
    ledger_.Forget(*entry);
    tables_.Remove(*entry);
  }
}

SteadyTime Scheduler::NextWake() const {
  const SteadyTime now = clock_.steady();
  SteadyTime wake = std::min(now + kLongestSleep, ledger_.due());
  for (const auto& [name, entry] : tables_.awake()) {
    auto due = orchestrator::NextWake(entry->state);
    // A Pending table that is due waits for a slot, which comes with another event, or with a slice's end.
    if (due && entry->state.phase == Phase::kPending && *due <= now) due = now + kSlotPoll;
    if (due) wake = std::min(wake, *due);
  }
  if (const auto asks = backlogs_.NextWake()) wake = std::min(wake, *asks);
  return std::max(wake, now);
}

void Scheduler::Shutdown() {
  stopping_ = true;
  backlogs_.Stop();
  for (const auto& [name, entry] : tables_.all()) Step(*entry, StopAsked{});
}

std::vector<contract::TableRecord> Scheduler::Records() const {
  std::vector<contract::TableRecord> records;
  for (const auto& [name, entry] : tables_.all()) records.push_back(ToRecord(*entry, clock_));
  return records;
}

View Scheduler::Look() const {
  const SteadyTime now = clock_.steady();
  View view;
  view.uptime = Between(started_, now);
  view.running = tables_.active();
  view.waiting = static_cast<int>(tables_.DueAt(now).size());
  view.max_jobs = slots_.max_jobs();
  view.stopping = stopping_;
  view.ledger_writable = ledger_.writable();
  contract::KafkaFacts kafka = backlogs_.kafka(started_);
  view.kafka_connected = kafka.connected;
  view.kafka_silence = kafka.silence;
  view.kafka_away_since_ms = kafka.away_since_ms;
  view.kafka_error = std::move(kafka.error);
  view.now_ms = UnixMillis(clock_.wall());
  view.tables.reserve(tables_.all().size());
  for (const auto& [name, entry] : tables_.all())
    view.tables.push_back(ViewOf(*entry, view.kafka_connected, clock_));
  return view;
}

}  // namespace cdc::orchestrator
