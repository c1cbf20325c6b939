#pragma once

/// \file lib/contract/job_message.h
/// What orchestrator and worker say to each other over the worker's descriptor 3: one JSON object per line,
/// both ways. Unknown fields are ignored, so that the two may differ in version by one.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "lib/contract/offsets.h"
#include "lib/core/result.h"

namespace cdc::contract {

/// The worker's descriptor of the socket pair, and the environment variable that says it is one: a worker run
/// by hand may have anything open there.
inline constexpr int kJobChannelFd = 3;
inline constexpr const char* kJobChannelVariable = "CDC_JOB_CHANNEL";

/// Worker → orchestrator: the table is open, consuming begins.
struct Ready {};

/// Worker → orchestrator: after each commit, and at least every 5 s as a sign of life.
struct Progress {
  PartitionOffsets next = {};       ///< Next offsets committed.
  std::optional<int64_t> lag = {};  ///< Records behind the end; nothing: unknown.
  bool caught_up = false;           ///< Everything seen is committed.
  bool in_doubt = false;            ///< A commit's outcome is unknown: do not stop me for idleness.
  int64_t events = 0;               ///< Since the run began, as all counts here.
  int64_t rows = 0;
  int64_t deletes = 0;  ///< Rows deleted or superseded.
  int64_t dead_letters = 0;
  int64_t left_alone = 0;  ///< Records of other tables in the topic.
  std::optional<int64_t> snapshot_id = {};
  int64_t last_commit_ms = 0;  ///< Unix milliseconds; 0: none in this run.
  int64_t changes = 0;         ///< Applied: events less dead letters and records left alone.
  std::optional<int64_t> live_rows = {};  ///< In the table now; nothing: its sink does not tell.
  int64_t upto_ms = 0;         ///< When the last committed record was written, Unix time; 0: not known.
  std::string doing = {};      ///< What takes long beside reading, for people; empty: nothing.
};

/// Worker → orchestrator: idle, I would leave at these next offsets. Wait for kGo or kStay.
struct Exiting {
  PartitionOffsets next;
};

using WorkerMessage = std::variant<Ready, Progress, Exiting>;

/// Orchestrator → worker.
enum class Command {
  kStop,      ///< Finish the batch, commit, exit 0.
  kYield,     ///< The same; another table waits for the slot.
  kGo,        ///< Answer to Exiting: nothing new, exit 0.
  kStay,      ///< Answer to Exiting: there is more, go on.
  kOrphaned,  ///< Never sent: what the worker sees when the orchestrator is gone. The same as kStop.
};

/// One line of JSON, newline included.
std::string EncodeMessage(const WorkerMessage& message);
std::string EncodeCommand(Command command);

/// \return kCorrupt: no such message.
Result<WorkerMessage> DecodeMessage(std::string_view line);
Result<Command> DecodeCommand(std::string_view line);

}  // namespace cdc::contract
