#pragma once

/// \file lib/contract/verdict.h
/// Whether the pipeline is well, as one pure function: facts in, verdict with reasons out. `cdc status`,
/// /health and /metrics all ask it, so that they cannot disagree. No clock, no I/O.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/clock.h"

namespace cdc::contract {

/// So long Kafka may be silent before the orchestrator counts as unable to work.
inline constexpr Millis kKafkaPatience{60'000};
/// So long the first answer of Kafka may take before that counts as trouble.
inline constexpr Millis kKafkaFirstAnswer{10'000};
/// Dead letters and records that were left alone are trouble for so long after the newest.
inline constexpr Millis kFreshTrouble{3'600'000};
/// Dead letters in a row, nothing applied in between, after which the table counts as getting nothing.
inline constexpr int64_t kAllDeadLetters = 3;

// Times are Unix milliseconds, 0: never, or not known.

struct KafkaFacts {
  bool connected = false;     ///< the last question was answered
  Millis silence{0};          ///< since its last answer, or since the start
  int64_t away_since_ms = 0;  ///< when the first question of the present outage failed
  std::string error = {};     ///< what that failure said
};

/// One connector of Kafka Connect, as its REST interface tells.
struct ConnectorFacts {
  struct Task {
    int id = 0;
    std::string state = {};
    std::string trace = {};  ///< first line; empty: none
  };
  std::string name = {};
  std::string state = {};  ///< RUNNING, PAUSED, STOPPED, FAILED, UNASSIGNED, RESTARTING
  std::string trace = {};
  std::string slot = {};  ///< `slot.name`
  std::vector<Task> tasks = {};
};

/// `[source] connect_url`. `error` is empty when it answered.
struct ConnectFacts {
  bool asked = false;
  std::string error = {};
  std::vector<ConnectorFacts> connectors = {};  ///< those of `topic_prefix`
  int64_t others = 0;                           ///< connectors of other prefixes
};

struct SlotFacts {
  std::string name = {};
  bool active = false;
  std::string wal_status = {};  ///< reserved, extended, unreserved, lost; empty: not told
  int64_t held_bytes = 0;       ///< of WAL that PostgreSQL keeps for it
};

/// `[source] dsn`. `error` is empty when it answered.
struct DatabaseFacts {
  bool asked = false;
  std::string error = {};
  std::string database = {};
  std::vector<SlotFacts> slots = {};  ///< logical ones of this database
  int64_t held_limit = 0;             ///< bytes of WAL a slot may hold back without being a worry
};

struct SourceFacts {
  ConnectFacts connect = {};
  DatabaseFacts database = {};
  int64_t unwell_since_ms = 0;  ///< since when each look has found something
};

struct TableFacts {
  std::string_view table;
  std::string_view state = {};  ///< public name: "Held"
  std::string_view reason = {};
  std::string_view hint = {};
  std::string_view waiting_for = {};  ///< what the failed runs said; empty: the last one did not fail
  int64_t waiting_since_ms = 0;       ///< when the first of them ended
  int64_t dead_letters = 0;
  int64_t dead_letter_ms = 0;  ///< when the newest was counted
  int64_t letters_in_a_row = 0;
  int64_t left_alone = 0;
  int64_t left_alone_ms = 0;  ///< when the newest was counted
};

/// What is known at one moment. Views live as long as what they were taken from.
struct Facts {
  int64_t now_ms = 0;
  bool running = true;  ///< there is an orchestrator; without one only the tables' records are known
  bool stopping = false;
  bool ledger_writable = true;
  KafkaFacts kafka = {};
  SourceFacts source = {};
  std::vector<TableFacts> tables = {};
};

enum class Level {
  kOk,
  kAttention,  ///< somebody should look; what can go on does
  kDown,       ///< the orchestrator cannot do its work
};
/// "ok", "degraded", "down"
const char* ToString(Level level);

struct Reason {
  Level level = Level::kAttention;
  std::string code;  ///< stable word: kafka_away, ledger, connect_away, connector, database_away, slot,
                     ///< wal_held, held, waiting, all_dead_letters, dead_letters, left_alone
  std::string table = {};  ///< empty: it concerns all
  std::string text;        ///< one line, foreign text made printable
  std::string hint = {};   ///< what solves it; may be empty
  int64_t since_ms = 0;
};

struct Verdict {
  Level level = Level::kOk;
  std::vector<Reason> reasons = {};  ///< what concerns all first, then by table
};

Verdict Judge(const Facts& facts);

/// The part of it that concerns the source.
std::vector<Reason> JudgeSource(const SourceFacts& facts);

/// "ok", "away", "starting"
const char* KafkaWord(const KafkaFacts& facts);
/// "ok", "silent"; "unknown": nobody was asked
const char* SourceWord(const SourceFacts& facts);

}  // namespace cdc::contract
