#include "orchestrator/daemon.h"

#include <unistd.h>

#include <csignal>

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "lib/contract/ledger.h"
#include "lib/contract/lock_file.h"
#include "lib/contract/overview.h"
#include "lib/contract/state_layout.h"
#include "orchestrator/config_watcher.h"
#include "orchestrator/control_server.h"
#include "orchestrator/kafka_table_group.h"
#include "orchestrator/kafka_trigger_source.h"
#include "orchestrator/operator_site.h"
#include "orchestrator/private_file.h"
#include "orchestrator/process_launcher.h"
#include "orchestrator/scheduler.h"
#include "orchestrator/service_manager.h"
#include "lib/inspection/source_question.h"
#include "orchestrator/source_watch.h"

namespace cdc::orchestrator {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr Millis kWatchInterval{500};
constexpr Millis kLagPatience{1'000};     ///< with Kafka, for ends that people are shown
constexpr Millis kDrainPatience{30'000};  ///< with a Kafka that does not answer

}  // namespace

struct Daemon::Impl {
  Impl(std::shared_ptr<const config::Config> c, log::Logger l, contract::LockFile lf, contract::Ledger led,
       DaemonOptions o)
      : config(std::move(c)),
        log(std::move(l)),
        lock(std::move(lf)),
        ledger(std::move(led)),
        options(std::move(o)),
        layout(config->orchestrator.state_dir),
        accepted(layout.accepted_config()),
        signals(io, SIGTERM, SIGINT, SIGHUP),
        timer(io),
        watch_timer(io),
        launcher(io),
        watcher(config->file) {}

  Status Prepare() {
    CDC_ASSIGN(source, KafkaTriggerSource::Make(io, *config, log,
                                                [this](const std::string& topic, const std::string& op) {
                                                  scheduler->OnChange(topic, op);
                                                  TurnSoon();
                                                }));
    CDC_TRY(JoinGroup());
    scheduler.emplace(clock, launcher, *source, ledger, log,
                      SchedulerOptions{.jobs_folder = options.jobs_folder,
                                       .layout = layout,
                                       .drain = options.drain,
                                       .wake = [this] { TurnSoon(); },
                                       .group = group.get()});
    CDC_TRY(scheduler->Apply(config));
    GiveWorkersConfig();
    // For `cdc status` alone: without it that says less.
    if (const Status saved = WritePrivateFile(config->text, layout.started_config()); !saved)
      log.Warn("{}", Describe(saved.error()));
    if (!options.drain) {
      CDC_ASSIGN(control,
                 ControlServer::Make(io, layout.control_socket(), [this](const auto& request, auto client) {
                   OnRequest(request, std::move(client));
                 }));
      source_watch = std::make_unique<SourceWatch>(io, clock, log, inspection::AskSource);
      source_watch->Configure(config->source);
      CDC_TRY(ServeOperators());
    }
    return {};
  }

  /// A drain takes all tables of its configuration.
  Status JoinGroup() {
    if (!config->orchestrator.share || options.drain) return {};
    CDC_ASSIGN(group, KafkaTableGroup::Make(io, *config, log,
                                            {.on_share =
                                                 [this](auto topics, auto wanted_back) {
                                                   scheduler->sharing().OnShare(std::move(topics), std::move(wanted_back));
                                                   TurnSoon();
                                                 },
                                             .on_owners =
                                                 [this](auto owners) {
                                                   scheduler->sharing().OnOwners(std::move(owners));
                                                   TurnSoon();
                                                 }}));
    return {};
  }

  Status ServeOperators() {
    if (config->orchestrator.listen.empty()) return {};
    CDC_ASSIGN(site, OperatorSite::Open(io, *config, layout, log,
                                        {.look = [this] { return Look(); },
                                         .with_fresh_lag = [this](auto show) { WithFreshLag(std::move(show)); },
                                         .detail = [this](const auto& table) { return LookAtTable(table); },
                                         .source = [this] { return LookAtSource(); },
                                         .carry = [this](const auto& request) { return Carry(request); }}));
    return {};
  }

  std::optional<TableDetail> LookAtTable(const std::string& table) const {
    const JobEntry* entry = scheduler->tables().Find(table);
    return entry == nullptr ? std::nullopt : std::optional<TableDetail>(DetailOf(*entry));
  }

  SourceDetail LookAtSource() const {
    SourceDetail source = scheduler->backlogs().Topics();
    source.topic_prefix = config->source.topic_prefix;
    if (source_watch) source.facts = source_watch->facts();
    return source;
  }

  void Go() {
    started = clock.steady();
    AwaitSignal();
    if (!options.drain) AwaitChange();
    TellServiceManager("READY=1");
    Turn();
    io.run();
  }

  /// After every event: do what is due, and sleep until something is.
  void Turn() {
    scheduler->Advance();
    if (Finished()) return io.stop();
    timer.expires_at(scheduler->NextWake());
    timer.async_wait([this](error_code ec) {
      if (!ec) Turn();
    });
  }

  /// Once for all events that wait already, and never from inside one.
  void TurnSoon() {
    if (std::exchange(turn_posted, true)) return;
    asio::post(io, [this] {
      turn_posted = false;
      Turn();
    });
  }

  bool Finished() {
    if (stopping) return scheduler->idle();
    if (!options.drain) return false;
    if (scheduler->backlogs().drained()) return drained = true;
    silent = clock.steady() - scheduler->backlogs().last_answer().value_or(started) > kDrainPatience;
    if (silent) Stop("Kafka does not answer");
    return false;
  }

  void Stop(std::string_view why) {
    if (stopping) return;
    stopping = true;
    log.Info("stops: {}", why);
    TellServiceManager("STOPPING=1");
    scheduler->Shutdown();
  }

  void AwaitSignal() {
    signals.async_wait([this](error_code ec, int number) {
      if (ec) return;
      if (number == SIGHUP) {
        (void)Reload("SIGHUP");
      } else {
        Stop(number == SIGTERM ? "SIGTERM" : "SIGINT");
      }
      Turn();
      AwaitSignal();
    });
  }

  void AwaitChange() {
    watch_timer.expires_after(kWatchInterval);
    watch_timer.async_wait([this](error_code ec) {
      if (ec) return;
      LookAtStateFolder();
      if (watcher.Changed()) {
        (void)Reload("it was changed");
        Turn();
      }
      AwaitChange();
    });
  }

  /// Without it nobody reaches this process any more, and nothing keeps another one from the same tables.
  void LookAtStateFolder() {
    if (stopping || !lock.LostTo(layout.pid_file())) return;
    lost = Error{
        ErrorKind::kTransient,
        fmt::format("somebody deleted or replaced [orchestrator] state_dir {}, in which this orchestrator "
                    "works",
                    layout.root().string()),
        "cdc start begins anew: nothing of the tables is lost, rate limits and Held states are forgotten"};
    log.Error("{}", Describe(*lost));
    Stop("its state_dir is gone");
    Turn();
  }

  Status Reload(std::string_view why) {
    if (stopping) return Error{ErrorKind::kShuttingDown, "the orchestrator is stopping"};
    auto loaded = config::Load(config->file);
    if (!loaded) {
      log.Error("{} is not used, the old one stays: {}", config->file.string(), Describe(loaded.error()));
      return loaded.error();
    }
    log.Info("read {} again: {}", config->file.filename().string(), why);
    config = *loaded;
    GiveWorkersConfig();
    if (source_watch) source_watch->Configure(config->source);
    if (site) site->Configure(config);
    return scheduler->Apply(config);
  }

  /// Without the copy workers read the file itself, as it is when they start.
  void GiveWorkersConfig() {
    const Status saved = WritePrivateFile(config->text, accepted);
    if (!saved) log.Warn("{}; workers read {} itself", Describe(saved.error()), config->file.string());
    scheduler->GiveWorkers(saved ? accepted : std::filesystem::path());
  }

  /// Calls `show` when the tables' lag is of now, but after kLagPatience at the latest.
  void WithFreshLag(std::function<void()> show) {
    auto once = std::make_shared<std::function<void()>>(std::move(show));
    const auto call = [once] {
      if (const auto function = std::exchange(*once, nullptr)) function();
    };
    scheduler->RefreshLag(call);
    if (!*once) return;
    auto patience = std::make_shared<asio::steady_timer>(io, kLagPatience);
    patience->async_wait([patience, call](error_code) { call(); });
  }

  View Look() const {
    View view = scheduler->Look();
    if (source_watch) view.source = source_watch->facts();
    view.actions = site && site->actions();
    return view;
  }

  contract::Overview LookAtAll() const {
    const View view = Look();
    contract::Overview all{.pid = ::getpid(),
                           .uptime_ms = view.uptime.count(),
                           .workers = view.running,
                           .max_jobs = view.max_jobs,
                           .source = contract::SourceWord(view.source)};
    const contract::Facts facts = FactsOf(view);
    all.kafka = contract::KafkaWord(facts.kafka);
    all.verdict = contract::Judge(facts);
    all.tables = scheduler->Records();
    return all;
  }

  void OnRequest(const contract::ControlRequest& request, std::shared_ptr<ControlClient> client) {
    switch (request.command) {
      case contract::ControlCommand::kStatus:
        return WithFreshLag([this, client] {
          client->Answer(contract::EncodeStatus(scheduler->Records(), UnixMillis(clock.wall())));
        });
      case contract::ControlCommand::kOverview:
        return WithFreshLag([this, client] {
          client->Answer(contract::EncodeOverview(LookAtAll(), UnixMillis(clock.wall())));
        });
      case contract::ControlCommand::kLend: return Lend(request, client);
      default: return client->Answer(Carry(request));
    }
  }

  /// Until the client has ended, the table has no worker.
  void Lend(const contract::ControlRequest& request, const std::shared_ptr<ControlClient>& client) {
    const Status lent =
        scheduler->repairs().Lend(request.table, request.by.empty() ? "a command" : request.by,
                                  [client] { client->Answer(std::string()); });
    if (!lent) return client->Answer(lent.error());
    client->AwaitEnd([this, table = request.table](bool finished) {
      scheduler->repairs().TakeBack(table, finished);
      TurnSoon();
    });
    TurnSoon();
  }

  Result<std::string> Carry(const contract::ControlRequest& request) {
    switch (request.command) {
      case contract::ControlCommand::kStatus:
      case contract::ControlCommand::kOverview:
      case contract::ControlCommand::kLend: break;
      case contract::ControlCommand::kTrigger: CDC_TRY(scheduler->repairs().Trigger(request.table)); break;
      case contract::ControlCommand::kPause: CDC_TRY(scheduler->repairs().Pause(request.table)); break;
      case contract::ControlCommand::kResume: CDC_TRY(scheduler->repairs().Resume(request.table)); break;
      case contract::ControlCommand::kRestart: CDC_TRY(scheduler->repairs().Restart(request.table)); break;
      case contract::ControlCommand::kReload: CDC_TRY(Reload("cdc asked for it")); break;
      case contract::ControlCommand::kStop: Stop("cdc stop"); break;
    }
    TurnSoon();
    return std::string();
  }

  SystemClock clock;
  std::shared_ptr<const config::Config> config;
  log::Logger log;
  contract::LockFile lock;
  contract::Ledger ledger;
  DaemonOptions options;
  contract::StateLayout layout;  ///< of the folder it began in: a new state_dir needs a restart
  std::filesystem::path accepted;
  bool stopping = false;
  bool turn_posted = false;
  bool silent = false;
  bool drained = false;
  std::optional<Error> lost;  ///< the state folder
  SteadyTime started{};

  // The event loop is made before and destroyed after everything that uses it.
  asio::io_context io{1};
  asio::signal_set signals;
  asio::steady_timer timer;
  asio::steady_timer watch_timer;
  ProcessLauncher launcher;
  ConfigWatcher watcher;
  std::unique_ptr<KafkaTriggerSource> source;
  std::unique_ptr<KafkaTableGroup> group;  ///< null: every table is here
  std::optional<Scheduler> scheduler;
  std::unique_ptr<SourceWatch> source_watch;
  std::unique_ptr<ControlServer> control;
  std::unique_ptr<OperatorSite> site;
};

Daemon::Daemon(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Daemon::~Daemon() = default;

Result<std::unique_ptr<Daemon>> Daemon::Make(std::shared_ptr<const config::Config> config, log::Logger logger,
                                             DaemonOptions options) {
  contract::StateLayout layout(config->orchestrator.state_dir);
  auto lock = contract::LockFile::TryAcquire(layout.pid_file());
  if (!lock && lock.error().kind == ErrorKind::kConflict) {
    return Error{
        ErrorKind::kConflict,
        fmt::format("an orchestrator already works in {}: {}", layout.root().string(), lock.error().message),
        "cdc status, cdc stop, or another [orchestrator] state_dir"};
  }
  if (!lock) return lock.error();
  std::filesystem::path damaged;
  CDC_ASSIGN(contract::Ledger ledger, contract::Ledger::OpenOrReplace(layout.ledger(), &damaged));
  if (!damaged.empty()) {
    logger.Warn("the ledger was damaged: it is {} now, and a new one is begun. Rate limits and Held states are forgotten, "
                "no data is",
                damaged.string());
  }
  auto impl = std::make_unique<Impl>(std::move(config), std::move(logger), std::move(*lock),
                                     std::move(ledger), std::move(options));
  CDC_TRY(impl->Prepare());
  return std::unique_ptr<Daemon>(new Daemon(std::move(impl)));
}

Result<bool> Daemon::Run() {
  ::signal(SIGPIPE, SIG_IGN);
  impl_->log.Info("cdc-orchestrator {} started: {} tables, at most {} workers, state in {}", CDC_VERSION,
                  impl_->config->tables.size(), impl_->config->orchestrator.max_jobs,
                  impl_->config->orchestrator.state_dir.string());
  impl_->Go();
  impl_->scheduler->Save();
  impl_->log.Info("stopped");
  if (impl_->lost) return *impl_->lost;
  if (impl_->silent) {
    return Error{ErrorKind::kTransient,
                 fmt::format("drain: Kafka at {} does not answer", impl_->config->kafka.bootstrap_servers),
                 "see that it runs, and [kafka] in the configuration"};
  }
  if (impl_->options.drain && !impl_->drained) {
    return Error{ErrorKind::kTransient, "drain: told to stop before everything was read", "run it again"};
  }
  return !impl_->options.drain || !impl_->scheduler->tables().any_held();
}

Result<std::filesystem::path> JobsFolder() {
  std::error_code ec;
  std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", ec);
  if (ec)
    return Error{ErrorKind::kInvalidConfig, fmt::format("find the folder of this program: {}", ec.message()),
                 "mount /proc"};
  return self.parent_path() / "jobs";
}

}  // namespace cdc::orchestrator
