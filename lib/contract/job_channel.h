#pragma once

/// \file lib/contract/job_channel.h
/// The worker's end of the line to its orchestrator.

#include <optional>
#include <string>

#include "lib/contract/job_message.h"
#include "lib/core/clock.h"

namespace cdc::contract {

/// One thread at a time. A worker run by hand has none: then every call does nothing, Poll() never answers
/// and AwaitAnswer() is kGo.
class JobChannel {
 public:
  /// Takes over kJobChannelFd when the environment says it is ours (and removes the variable, so that
  /// children do not take it for theirs), and makes it close-on-exec. Call first thing in main().
  static JobChannel FromEnvironment();
  /// Owns `fd`, a connected stream socket; −1: not connected.
  explicit JobChannel(int fd);
  JobChannel(JobChannel&& other) noexcept;
  JobChannel& operator=(JobChannel&& other) noexcept;
  ~JobChannel();

  /// A worker of an orchestrator, which may be gone by now.
  bool connected() const { return fd_ >= 0; }
  /// To wait for commands in poll(2); −1: not connected.
  int fd() const { return fd_; }

  /// Waits at most a second for a stuck orchestrator, then gives the message up.
  void SendReady();
  /// Never waits: while the socket is full only the newest progress is kept, and sent with a later call.
  void SendProgress(const Progress& progress);
  /// As SendReady. Then AwaitAnswer().
  void SendExiting(const PartitionOffsets& next);

  /// The next command, without waiting. Once the orchestrator is gone: kOrphaned, every time.
  std::optional<Command> Poll();

  /// Waits for the answer to Exiting: kGo, kStay, kStop, kYield or kOrphaned. No answer in `timeout` is kGo:
  /// the orchestrator's sweep finds what came in between.
  Command AwaitAnswer(Millis timeout);

 private:
  bool Flush(Millis timeout);
  void Send(const WorkerMessage& message);
  /// Reads what is there. False: end of file or error.
  bool Fill();
  std::optional<Command> NextCommand();

  int fd_ = -1;
  bool gone_ = false;
  std::string incoming_;
  std::string outgoing_;  ///< The unsent rest of messages that must go first.
  std::string progress_;  ///< Waits behind outgoing_; replaced by newer ones.
};

}  // namespace cdc::contract
