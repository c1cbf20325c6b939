#pragma once

/// \file jobs/source/letter_streak.h
/// One bad message among good ones is a dead letter; a table whose every change is one has a problem that
/// somebody must solve.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "lib/core/result.h"

namespace cdc::source {

/// A dead letter's reason without the values in it: the same for every message that fails in the same way.
std::string ReasonWithoutValues(std::string_view reason);

/// How many changes in a row, up to the last one, became dead letters for one reason, over this run and those
/// before. Not thread-safe.
class LetterStreak {
 public:
  /// So many in a row, and the table is to be held.
  static constexpr int64_t kTooMany = 10;

  /// \param file need not exist; damaged is as good as missing. Empty: kept in memory only.
  static LetterStreak Load(std::filesystem::path file);

  /// One more. \param change number of the change in this run, from 1: those in between that are no letters
  /// end the streak \return whether it is one too many
  bool Note(int64_t change, int32_t partition, int64_t offset, std::string_view reason);

  /// Before a commit: what it passes is on disk. \param changes of this run so far \return kTransient.
  Status Save(int64_t changes);

  int64_t count() const { return count_; }

 private:
  Status Write() const;

  std::filesystem::path file_;
  std::string reason_;  // without values
  int64_t count_ = 0;   //
  std::map<int32_t, int64_t>
      counted_;           // partition → offset of its last letter: one that is read again is no news
  int64_t last_ = 0;      // number of the last letter's change in this run
  bool changed_ = false;  // the file says something else
};

}  // namespace cdc::source
