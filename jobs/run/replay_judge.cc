#include "jobs/run/replay_judge.h"

#include <fmt/format.h>

namespace cdc::run {

const char* WordOf(ReplayVerdict verdict) {
  switch (verdict) {
    case ReplayVerdict::kSafe: return "safe";
    case ReplayVerdict::kAlready: return "already replayed";
    case ReplayVerdict::kStillBad: return "still bad";
    case ReplayVerdict::kLaterChange: return "later change";
    case ReplayVerdict::kTruncated: return "truncated";
    case ReplayVerdict::kLaterUnreadable: return "unreadable record later";
    case ReplayVerdict::kKeyUnreadable: return "key unreadable";
    case ReplayVerdict::kNotPassed: return "not passed yet";
    case ReplayVerdict::kOtherRecord: return "another topic";
    case ReplayVerdict::kRecordGone: return "record gone";
    case ReplayVerdict::kNotOfTable: return "not of this table";
  }
  return "";
}

ReplayJudgement Judge(const LetterFacts& letter) {
  using Place = LetterFacts::Place;
  if (letter.replayed) return {ReplayVerdict::kAlready, "it was replayed before"};
  if (letter.offset >= letter.end || letter.place == Place::kOther) {
    return {
        ReplayVerdict::kOtherRecord,
        letter.offset >= letter.end
            ? fmt::format("the topic ends at {}: the letter is of another topic of the same name", letter.end)
            : "another record is at its place: the topic was made anew since"};
  }
  if (letter.offset >= letter.next) {
    return {ReplayVerdict::kNotPassed,
            fmt::format("the table is at offset {}: the worker comes to it by itself", letter.next)};
  }
  if (!letter.append) {
    if (letter.truncated)
      return {ReplayVerdict::kTruncated,
              fmt::format("the table was emptied at offset {}", *letter.truncated)};
    if (letter.later_change)
      return {ReplayVerdict::kLaterChange, fmt::format("its row changed at offset {}", *letter.later_change)};
    if (!letter.key_readable)
      return {ReplayVerdict::kKeyUnreadable, "its key cannot be read, so nobody knows which row it is about"};
  }
  if (letter.offset < letter.low || letter.place == Place::kAbsent) {
    return {ReplayVerdict::kRecordGone,
            letter.append
                ? "its record is not in the topic any more: nothing tells whether it is of this topic"
                : "its record is not in the topic any more, so there may have been a later change of "
                  "its row that is gone, too",
            true};
  }
  if (letter.append && !letter.passed_over) {
    return {
        ReplayVerdict::kNotOfTable,
        "the table's history does not say that it was left out: the table may have its row (rebuilt since, "
        "or the letter's run was killed), or has too many letters to remember",
        true};
  }
  if (letter.later_unreadable && !letter.append) {
    return {ReplayVerdict::kLaterUnreadable,
            fmt::format("the record at offset {} may be of its row, for its key cannot be read",
                        *letter.later_unreadable),
            true};
  }
  return {};
}

}  // namespace cdc::run
