#pragma once

/// \file jobs/worker/byte_budget.h
/// How a worker's `memory` is shared out. Decisions alone, so that they can be checked without a worker.

#include <cstdint>

namespace cdc::worker {

/// Bytes, unless the name says otherwise.
struct ByteShares {
  int64_t batch = 0;            ///< a fold of this size is committed; a second one is being written meanwhile
  int64_t queued = 0;           ///< records fetched ahead of the worker
  int64_t fetch = 0;            ///< one answer of a broker …
  int64_t fetch_partition = 0;  ///< … and what it has of one partition
  int64_t poll = 0;             ///< records taken from the queue at a time
  int64_t row_group = 0;        ///< encoded; of the file being written, and again of the one being rewritten
  int64_t open_pages = 0;       ///< of all columns of a file, and again their dictionaries
  int64_t rewrite_rows = 0;     ///< rows of one rewrite, whose keys are held until it is committed
  int64_t known_deletes = 0;    ///< where deleted rows were, remembered from commit to commit
};

/// What a worker holds that does not depend on its input: programs and libraries, and what they need.
constexpr int64_t kFixedBytes = 56 << 20;
/// With less than this the shares would be too small to get on; a smaller `memory` is exceeded.
constexpr int64_t kLeastShared = 32 << 20;

/// \param memory the table's `memory`: resident, less the mapped key index
ByteShares ShareOut(int64_t memory);

/// The most that a worker with these shares knows to hold, of rows that are not wider than a share. The
/// allocator's own loss is not in it.
int64_t MostHeld(const ByteShares& shares);

}  // namespace cdc::worker
