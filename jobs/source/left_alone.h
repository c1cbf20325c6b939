#pragma once

/// \file jobs/source/left_alone.h
/// Records of other source tables in a table's topic, which are left alone: how many, whose, and whether that
/// can be what is wanted. Pure.

#include <cstdint>
#include <set>
#include <string>

#include "lib/core/result.h"

namespace cdc::source {

/// Of one run.
class LeftAlone {
 public:
  /// \param namesake Debezium itself writes that table to this topic, whose name cannot tell the two apart
  void Note(const std::string& schema, const std::string& table, bool namesake);

  int64_t count() const { return count_; }

  /// To be asked before each commit, which passes the records for good.
  /// \param taken records of the table's own that the run has seen \param made the table is there
  /// \return kUnsupported: all records were left alone, and that not because two tables' names share a topic
  /// of which
  ///         this one has taken its part. Names the others, and the line that takes them.
  Status Judge(int64_t taken, bool made, const std::string& entry, const std::string& topic) const;

 private:
  static constexpr size_t kNamesKept = 5;

  int64_t count_ = 0;
  bool routed_ = false;
  std::set<std::string> tables_;  // some
};

}  // namespace cdc::source
