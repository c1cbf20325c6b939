#pragma once

/// \file jobs/sink/iceberg/shared_deletes.h
/// Which deletes lie in one file for many data files, and which in a file for each: a decision alone, without
/// effects (docs/decisions/0012).

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "jobs/sink/iceberg/words.h"
#include "lib/parquet/position_deletes.h"

namespace cdc::iceberg_sink {

/// Delete files of several data files each, and what they say of data files that are live.
struct DeleteLevel {
  std::vector<std::string> files;
  DeletesByFile positions;
};

/// No row is in both. There is one file of ours in each at most, and those of another engine in `settled`;
/// delete files that are too large to be kept here are aside.
struct SharedDeletes {
  DeleteLevel settled;  ///< most of them; rewritten now and then
  DeleteLevel recent;   ///< what came since: few; rewritten by each commit that deletes

  size_t files() const { return settled.files.size() + recent.files.size(); }
  /// Whether a delete file is one of them.
  bool Has(const std::string& path) const;
  /// Calls take() with the positions of a data file's rows that each level deletes.
  template <typename Take>
  void EachOf(const std::string& data_path, const Take& take) const {
    for (const DeleteLevel* level : {&settled, &recent}) {
      const auto of_file = level->positions.find(data_path);
      if (of_file != level->positions.end()) take(std::span<const int64_t>(of_file->second));
    }
  }
  /// Rows of a data file that they delete.
  int64_t CountOf(const std::string& data_path) const;
};

/// A reader of one data file reads past the shared deletes of all others, and every few commits they are
/// rewritten. With this many, either takes a fraction of a millisecond.
constexpr int64_t kMaxShared = 32'768;
/// A commit rewrites the recent ones: this many are some kilobytes. Four in five commits of a thousand
/// changes leave the settled ones alone.
constexpr int64_t kMaxRecent = 4'096;

/// What a commit makes of a level. It touches some of a thousand data files: what it leaves alone is not
/// copied. Paths are those of the level and of the commit's deletes, which must stay until it is applied.
struct LevelChange {
  struct Now {
    std::string_view data_path;
    std::vector<int64_t> positions;
  };

  bool emptied = false;                ///< it speaks of nothing any more
  std::set<std::string_view> dropped;  ///< data files of which it speaks no more
  std::vector<Now> changed;            ///< in the order of paths: what it says now of these
  std::vector<std::string> files;      ///< its delete files

  /// What the level says of all data files once it is applied, in the order of paths. \return valid as long
  /// as neither is changed
  std::vector<parquet::FileDeletes> After(const DeleteLevel& before) const;
  void ApplyTo(DeleteLevel* level) &&;
};

/// What a commit does with shared deletes: what is to be written into which file, and what is known then. A
/// level whose file stays has no change.
struct SharedChange {
  std::optional<LevelChange> settled, recent;
  /// What leaves the shared deletes for a file of its data file's own. Valid, as the next two, as long as the
  /// deletes that it was planned for stay as they are; moving this leaves them valid.
  std::vector<parquet::FileDeletes> own;
  std::vector<parquet::FileDeletes> settled_file, recent_file;  ///< to be written; empty: no file
  std::vector<std::string> replaced;                            ///< delete files that go

  void ApplyTo(SharedDeletes* deletes) &&;
};

/// Puts a commit's deletes where they belong: with the recent ones as long as those are few, else together
/// with the settled ones, where the data files of most positions get a file of their own beyond kMaxShared.
/// \param gone data files that leave the table, and others
/// \param more the commit's deletes, of data files that stay
/// \param split whether each data file is to have its deletes for itself in any case
SharedChange PlanShared(const SharedDeletes& now, std::span<const std::string> gone,
                        const DeletesByFile& more, bool split);

/// Takes out of `deletes`, which stay in order, what is to lie in a delete file of its data file's own, so
/// that the rest is worth sharing: those of most positions first. Each commit so writes about as many
/// positions of its own files anew as it found room for in the shared one, and no commit writes a file for
/// every data file.
std::vector<parquet::FileDeletes> TakeOwn(std::vector<parquet::FileDeletes>* deletes);

/// Both ascending, without duplicates, as the result is.
std::vector<int64_t> Union(std::span<const int64_t> a, std::span<const int64_t> b);

}  // namespace cdc::iceberg_sink
