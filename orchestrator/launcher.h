#pragma once

/// \file orchestrator/launcher.h
/// Port to what runs workers: starts one per call and reports what it says and how it ended.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/contract/job_message.h"
#include "lib/core/result.h"
#include "orchestrator/job_end.h"

namespace cdc::orchestrator {

/// One worker run. Built by Scheduler; the launcher adds nothing to it but the job channel.
struct JobSpec {
  std::string table;
  std::filesystem::path program;  ///< absolute; never run through a shell
  std::vector<std::string> args;  ///< without argv[0]; no secrets (visible in ps)
  std::string run = {};           ///< name of the run, in all logs and the ledger
  std::filesystem::path log;      ///< the worker's stderr is appended to it
};

/// ProcessLauncher is real; tests have a fake. Not thread-safe: call it from the main thread only, because a
/// worker gets its parent-death signal when the thread that spawned it ends.
class Launcher {
 public:
  struct Callbacks {
    /// Called any number of times before on_end; never from inside Start() or a method of Run.
    std::function<void(contract::WorkerMessage)> on_message;
    /// Called once per started run, after all its messages. `last_line`: of its stdout; empty if none.
    std::function<void(JobEnd, std::string last_line)> on_end;
  };

  /// A live run, or one whose on_end was called. Destroying a live one kills the worker; on_end is then not
  /// called.
  class Run {
   public:
    virtual ~Run() = default;
    /// Names the run where its launcher keeps it, for people: "pid 1234".
    virtual std::string ref() const = 0;
    /// Its process on this machine, for its memory and for `cdc status`; 0: it has none.
    virtual int pid() const { return 0; }
    /// Tells the worker; lost when it does not read.
    virtual void Say(contract::Command command) = 0;
    /// Asks the worker, and what it started, to commit and leave at once; nothing when it has ended.
    virtual void Terminate() = 0;
    /// Ends the worker, and what it started, without asking; nothing when it has ended.
    virtual void Kill() = 0;
  };

  virtual ~Launcher() = default;

  /// Returns once the worker's program runs, which is not yet "ready".
  /// \return kNotFound: `program` is missing or not executable; kTransient: a shortage (processes, memory,
  /// files).
  virtual Result<std::unique_ptr<Run>> Start(const JobSpec& spec, Callbacks callbacks) = 0;
};

}  // namespace cdc::orchestrator
