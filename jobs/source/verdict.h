#pragma once

/// \file jobs/source/verdict.h
/// What became of a message.

namespace cdc::source {

enum class Verdict {
  kTaken,
  kCommitFirst,  ///< nothing taken: the table's schema must change, and the fold holds rows of the old one
};

}  // namespace cdc::source
