#pragma once

/// \file jobs/run/replay_judge.h
/// Whether a dead letter may be applied after all. Pure.

#include <cstdint>
#include <optional>
#include <string>

namespace cdc::run {

/// Why a letter is not applied; kSafe: it is.
enum class ReplayVerdict {
  kSafe,
  kAlready,          ///< it was replayed before
  kStillBad,         ///< what was wrong with it still is
  kLaterChange,      ///< its row has changed since
  kTruncated,        ///< the table was emptied since
  kLaterUnreadable,  ///< a record that came later may be of its row
  kKeyUnreadable,    ///< nobody can say which row it is about
  kNotPassed,        ///< the worker comes to its record by itself
  kOtherRecord,      ///< the topic has another record at its place: it was made anew
  kRecordGone,       ///< the topic does not have its record any more
  kNotOfTable,       ///< the table's history does not say that it was left out
};

/// A word for JSON and tables: "later change".
const char* WordOf(ReplayVerdict verdict);

/// What is known of one letter and of its place in the topic.
struct LetterFacts {
  int64_t offset = 0;
  bool append = false;
  bool replayed = false;     ///< the table says so
  bool passed_over = false;  ///< the table says so
  int64_t next = 0;          ///< of the table in its partition
  int64_t low = 0, end = 0;  ///< of the partition
  enum class Place { kSame, kOther, kAbsent } place = Place::kAbsent;
  bool key_readable = true;
  std::optional<int64_t> later_change, truncated, later_unreadable;  ///< offsets of later records
};

struct ReplayJudgement {
  ReplayVerdict verdict = ReplayVerdict::kSafe;
  std::string why;        ///< empty when safe
  bool forcible = false;  ///< only a doubt stands against it, which `--force` takes on
};

/// Does not know kStillBad: that shows when it is tried.
ReplayJudgement Judge(const LetterFacts& letter);

}  // namespace cdc::run
