#include "orchestrator/scheduler.h"

#include <algorithm>

#include "lib/config/settings.h"
#include "lib/contract/lock_file.h"
#include "lib/contract/names.h"

namespace cdc::orchestrator {
namespace {

constexpr Millis kSaveInterval{1'000};
constexpr Millis kLongestSleep{1'000};

}  // namespace

Scheduler::Scheduler(const Clock& clock, Launcher& launcher, TriggerSource& source, contract::Ledger& ledger,
                     log::Logger logger, SchedulerOptions options)
    : clock_(clock),
      launcher_(launcher),
      source_(source),
      ledger_(ledger),
      log_(std::move(logger)),
      options_(std::move(options)),
      started_(clock.steady()) {
  if (!options_.lock_holder) options_.lock_holder = contract::LockFile::Holder;
}

Scheduler::~Scheduler() { *alive_ = false; }

JobEntry* Scheduler::Find(const std::string& table) {
  auto it = entries_.find(table);
  return it == entries_.end() ? nullptr : it->second.get();
}

log::Logger Scheduler::LoggerOf(const JobEntry& entry) const {
  log::Logger logger = log_.With("table", entry.name());
  return entry.run ? logger.With("run", entry.run->id) : logger;
}

Status Scheduler::Apply(std::shared_ptr<const config::Config> config) {
  std::shared_ptr<const config::Config> before = std::exchange(config_, std::move(config));
  if (before) {
    ApplyDifference(*before);
    return {};
  }
  CDC_ASSIGN(std::vector<contract::TableRecord> records, ledger_.Tables());
  for (const config::Table& table : config_->tables) Add(table);
  for (const contract::TableRecord& record : records) {
    JobEntry* entry = Find(record.table);
    if (!entry && config_->discover) {
      if (auto settings = config_->FindTable(record.table)) entry = &Add(*settings);
    }
    if (!entry) continue;
    Restore(record, clock_, entry);
    NoteAwake(*entry);
  }
  return {};
}

JobEntry& Scheduler::Add(const config::Table& table) {
  auto entry = std::make_unique<JobEntry>();
  entry->settings = table;
  entry->rules.rate_limit = config_->orchestrator.rate_limit;
  entry->rules.jitter = Jitter(table.name, entry->rules.rate_limit);
  entry->fingerprint = config::Fingerprint(*config_, table);
  dirty_.insert(entry.get());
  return *(entries_[table.name] = std::move(entry));
}

void Scheduler::ApplyLimits() {
  for (auto& [name, entry] : entries_) {
    entry->rules.rate_limit = config_->orchestrator.rate_limit;
    entry->rules.jitter = Jitter(name, entry->rules.rate_limit);
  }
}

void Scheduler::ApplyDifference(const config::Config& before) {
  for (const std::string& setting : config::NeedRestart(before, *config_))
    log_.Warn("{} was changed: workers use it from their next start on, the orchestrator after `cdc restart`",
              setting);
  for (const config::Table& table : config_->tables) {
    if (Find(table.name)) continue;
    Add(table);
    log_.With("table", table.name).Info("added");
  }
  // A table may leave the list and stay by `discover`, or the other way round.
  for (auto& [name, entry] : entries_) {
    if (auto settings = config_->FindTable(name)) {
      ApplySettings(*entry, *settings);
    } else if (!entry->removed) {
      entry->removed = true;
      log_.With("table", name).Info("removed");
      NoteAwake(*entry);
      Feed(*entry, StopAsked{});
    }
  }
  ApplyLimits();
  unlisted_.clear();
  topics_.clear();
  topics_due_ = clock_.steady();
}

void Scheduler::ApplySettings(JobEntry& entry, const config::Table& settings) {
  entry.removed = false;
  NoteAwake(entry);
  std::string fingerprint = config::Fingerprint(*config_, settings);
  if (fingerprint == entry.fingerprint) return;
  bool moved = settings.topics != entry.settings.topics;
  entry.settings = settings;
  entry.fingerprint = fingerprint;
  dirty_.insert(&entry);
  LoggerOf(entry).Info("settings changed");
  if (moved && entry.topic) {
    LeaveTopic(entry);
    entry.topic.reset();
    entry.spans.clear();
  }
  Feed(entry, SettingsChanged{});
}

void Scheduler::OnChange(const std::string& topic, const std::string& op) {
  const std::vector<JobEntry*> waiting = WaitingFor(topic);
  const contract::PartitionOffsets heard_from = EarliestNext(waiting);
  for (JobEntry* entry : waiting) {
    // What is new to the one that is behind may be old to the others: they go on listening from their own
    // place.
    if (!BeginsAt(*entry, heard_from)) continue;
    LoggerOf(*entry).Info("{}", contract::DetectedLine(op, entry->name()));
    entry->detected_op = op;
    Feed(*entry, LagSeen{});
  }
}

Status Scheduler::Trigger(const std::string& table) {
  JobEntry* entry = Find(table);
  if (!entry || entry->removed) {
    return Error{ErrorKind::kInvalidConfig, fmt::format("trigger {}: no such table", table),
                 config_->discover ? fmt::format("no topic of it has been seen; or add [tables.{}]", table)
                                   : fmt::format("add [tables.{}]", table)};
  }
  LoggerOf(*entry).Info("triggered by an operator");
  entry->detected_op.clear();
  Feed(*entry, Triggered{});
  return {};
}

void Scheduler::Feed(JobEntry& entry, const Event& event) {
  const TableState before = entry.state;
  Step step = Next(entry.state, event, clock_.steady(), entry.rules, entry.name());
  entry.state = std::move(step.state);
  NoteAwake(entry);
  if (entry.state.phase != before.phase) {
    LogTransition(entry, before.phase);
    // What must survive our death at once; progress can wait.
    Write({ToRecord(entry, clock_)});
    if (ledger_down_) {
      dirty_.insert(&entry);
    } else {
      dirty_.erase(&entry);
    }
  } else if (entry.state.due != before.due || entry.state.crashes != before.crashes) {
    dirty_.insert(&entry);
  }
  for (Action action : step.actions) Perform(entry, action);
}

void Scheduler::NoteAwake(JobEntry& entry) {
  const Phase phase = entry.state.phase;
  if (entry.removed || (phase != Phase::kIdle && phase != Phase::kHeld)) {
    awake_[entry.name()] = &entry;
  } else {
    awake_.erase(entry.name());
  }
}

void Scheduler::LogTransition(const JobEntry& entry, Phase before) {
  log::Logger logger = LoggerOf(entry);
  const TableState& s = entry.state;
  switch (s.phase) {
    case Phase::kHeld: logger.Error("held: {} -- {}", s.reason, s.hint); return;
    case Phase::kBackoff:
    case Phase::kPending: {
      auto wait = std::chrono::duration_cast<Millis>(s.due - clock_.steady());
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
    case Phase::kStopping: logger.Debug("{} -> {}", ToString(before), ToString(s.phase)); return;
  }
}

void Scheduler::Perform(JobEntry& entry, Action action) {
  auto say = [&](contract::Command command) {
    if (entry.run && entry.run->process) entry.run->process->Say(command);
  };
  auto end = [&](const char* verb, void (Launcher::Run::*act)()) {
    if (!entry.run || !entry.run->process) return;
    LoggerOf(entry).Info("{} {}", verb, entry.run->process->ref());
    (entry.run->process.get()->*act)();
  };
  switch (action) {
    case Action::kListen: return Listen(entry);
    case Action::kMute: return Listen(entry);  // for those that it shares its topic with
    case Action::kStart: return StartWorker(entry);
    case Action::kSayStop: return say(contract::Command::kStop);
    case Action::kSayYield:
      LoggerOf(entry).Info("yields its slot to a waiting table");
      return say(contract::Command::kYield);
    case Action::kSayGo: return say(contract::Command::kGo);
    case Action::kSayStay: return say(contract::Command::kStay);
    case Action::kTerminate: return end("terminates", &Launcher::Run::Terminate);
    case Action::kKill: return end("kills", &Launcher::Run::Kill);
  }
}

void Scheduler::Advance() {
  ended_.clear();
  SteadyTime now = clock_.steady();
  FeedTimePassed();
  DropRemoved();
  if (!stopping_) {
    GiveSlots();
    if (now >= topics_due_ && !topics_asked_) AskTopics();
    if (now >= sweep_due_ && !spans_asked_ && topics_known_) AskSpans();
  }
  if (now >= save_due_) Save();
}

void Scheduler::FeedTimePassed() {
  SteadyTime now = clock_.steady();
  std::vector<JobEntry*> due;  // what is fed may fall asleep
  for (const auto& [name, entry] : awake_) {
    auto wake = orchestrator::NextWake(entry->state);
    if (wake && *wake <= now) due.push_back(entry);
  }
  for (JobEntry* entry : due) Feed(*entry, TimePassed{});
}

void Scheduler::DropRemoved() {
  std::erase_if(awake_, [&](const auto& item) {
    JobEntry& entry = *item.second;
    if (!entry.removed || IsActive(entry.state.phase)) return false;
    if (entry.topic) LeaveTopic(entry);
    dirty_.erase(&entry);
    (void)ledger_.Remove(item.first);  // left behind it only shows an old line
    entries_.erase(item.first);
    return true;
  });
}

SteadyTime Scheduler::NextWake() const {
  SteadyTime now = clock_.steady();
  SteadyTime wake = std::min(now + kLongestSleep, save_due_);
  for (const auto& [name, entry] : awake_) {
    auto due = orchestrator::NextWake(entry->state);
    // A Pending table that is due waits for a slot, which comes with another event, or with a slice's end.
    if (due && entry->state.phase == Phase::kPending && *due <= now) due = now + Millis(250);
    if (due) wake = std::min(wake, *due);
  }
  if (!stopping_ && !topics_asked_) wake = std::min(wake, topics_due_);
  if (!stopping_ && !spans_asked_ && topics_known_) wake = std::min(wake, sweep_due_);
  return std::max(wake, now);
}

int Scheduler::ActiveJobs() const {
  return static_cast<int>(std::count_if(awake_.begin(), awake_.end(),
                                        [](const auto& e) { return IsActive(e.second->state.phase); }));
}

void Scheduler::GiveSlots() {
  SteadyTime now = clock_.steady();
  std::vector<JobEntry*> due;
  for (const auto& [name, entry] : awake_) {
    if (entry->state.phase == Phase::kPending && entry->state.due <= now && !entry->removed)
      due.push_back(entry);
  }
  if (due.empty()) return;
  std::stable_sort(due.begin(), due.end(),
                   [](const JobEntry* a, const JobEntry* b) { return a->state.due < b->state.due; });
  int active = ActiveJobs();
  int waiting = 0;
  for (JobEntry* entry : due) {
    if (active >= config_->orchestrator.max_jobs) {
      ++waiting;
    } else if (int pid = options_.lock_holder(options_.layout.table_lock(entry->name())); pid > 0) {
      Feed(*entry, LockBusy{pid});
    } else {
      Feed(*entry, SlotFree{});
      if (IsActive(entry->state.phase)) ++active;
    }
  }
  AskYields(waiting);
}

void Scheduler::AskYields(int waiting) {
  SteadyTime now = clock_.steady();
  std::vector<JobEntry*> willing;
  for (const auto& [name, entry] : awake_) {
    if (entry->state.phase == Phase::kStopping) --waiting;  // a slot is on its way
    if (WouldYield(entry->state, now, entry->rules)) willing.push_back(entry);
  }
  // Who has nothing to do goes first, then who had the slot longest.
  std::stable_sort(willing.begin(), willing.end(), [](const JobEntry* a, const JobEntry* b) {
    if (a->state.caught_up != b->state.caught_up) return a->state.caught_up;
    return a->state.running_since < b->state.running_since;
  });
  for (JobEntry* entry : willing) {
    if (waiting-- <= 0) return;
    Feed(*entry, SlotWanted{});
  }
}

void Scheduler::Shutdown() {
  stopping_ = true;
  for (auto& [name, entry] : entries_) Feed(*entry, StopAsked{});
}

bool Scheduler::idle() const { return ActiveJobs() == 0; }

bool Scheduler::any_held() const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const auto& e) { return e.second->state.phase == Phase::kHeld; });
}

std::vector<contract::TableRecord> Scheduler::Records() const {
  std::vector<contract::TableRecord> records;
  for (const auto& [name, entry] : entries_) records.push_back(ToRecord(*entry, clock_));
  return records;
}

void Scheduler::Save() {
  save_due_ = clock_.steady() + kSaveInterval;
  if (dirty_.empty()) return;
  std::vector<contract::TableRecord> records;
  for (const JobEntry* entry : dirty_) records.push_back(ToRecord(*entry, clock_));
  Write(records);
  if (!ledger_down_) dirty_.clear();
}

void Scheduler::Write(const std::vector<contract::TableRecord>& records) {
  Status status = ledger_.Save(records);
  if (status.has_error() && !ledger_down_)
    log_.Error("{}; tables go on, their state is written later", Describe(status.error()));
  if (status && ledger_down_) log_.Info("the ledger can be written again");
  ledger_down_ = status.has_error();
}

}  // namespace cdc::orchestrator
