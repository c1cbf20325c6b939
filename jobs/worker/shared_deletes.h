#pragma once

/// \file jobs/worker/shared_deletes.h
/// Which deletes lie in one file for many data files, and which in a file for each: a decision alone, without
/// effects (docs/decisions/0012).

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "lib/parquet/position_deletes.h"

namespace cdc::worker {

/// Data file → positions of deleted rows, ascending, without duplicates.
using DeletesByFile = std::map<std::string, std::vector<int64_t>>;

/// What the live delete files of several data files say of data files that are live. A commit that changes
/// any of it writes it anew, all of it, so that there is one such file of ours at most.
struct SharedDeletes {
  std::vector<std::string> files;  ///< the delete files; those that are too large to be kept here aside
  DeletesByFile positions;
};

/// A reader of one data file reads past the shared deletes of all others, and each commit writes them again:
/// of this many either takes a fraction of a millisecond.
constexpr int64_t kMostShared = 32'768;

/// What a commit makes of them. A commit touches some of a thousand data files: what it leaves alone is not
/// copied.
struct SharedChange {
  std::set<std::string> dropped;   ///< data files of which they speak no more
  DeletesByFile changed;           ///< data files of which they say this now
  std::vector<std::string> files;  ///< the delete files

  /// What they say of all data files once it is applied, in the order of paths. \return valid as long as
  /// neither is changed
  std::vector<parquet::FileDeletes> After(const SharedDeletes& before) const;
  void ApplyTo(SharedDeletes* deletes) &&;
};

/// Takes out of `deletes`, which stay in order, what is to lie in a delete file of its data file's own, so
/// that the rest is worth sharing: those of most positions first. Each commit so writes about as many
/// positions of its own files anew as it found room for in the shared one, and no commit writes a file for
/// every data file.
std::vector<parquet::FileDeletes> TakeOwn(std::vector<parquet::FileDeletes>* deletes);

/// \param more ascending, without duplicates
void AddPositions(std::span<const int64_t> more, std::vector<int64_t>* positions);

}  // namespace cdc::worker
