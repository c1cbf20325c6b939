#include "jobs/worker/byte_budget.h"

#include <algorithm>

namespace cdc::worker {
namespace {

constexpr int64_t kMegabyte = 1 << 20;
/// Of a row of a rewrite: its key, and its position if it was deleted meanwhile.
constexpr int64_t kBytesPerRewrittenRow = 24;

}  // namespace

ByteShares ShareOut(int64_t memory) {
  const int64_t shared = std::max(memory - kFixedBytes, kLeastShared);
  ByteShares shares;
  shares.batch = shared / 10;
  // Beyond these a queue or a row group only takes memory.
  shares.queued = std::min(shared / 25, 32 * kMegabyte);
  shares.fetch_partition = std::clamp(shared / 50, kMegabyte, 8 * kMegabyte);
  shares.fetch = 2 * shares.fetch_partition;
  shares.poll = std::min(shared / 50, 8 * kMegabyte);
  shares.row_group = std::min(shared / 14, 16 * kMegabyte);
  shares.open_pages = std::min(shared / 16, 12 * kMegabyte);
  shares.rewrite_rows = std::clamp<int64_t>(shared / 8 / kBytesPerRewrittenRow, 100'000, 1'000'000);
  shares.known_deletes = shared / 16;
  return shares;
}

int64_t MostHeld(const ByteShares& shares) {
  const int64_t folds = 2 * shares.batch;
  // The queue stops one answer late; a poll keeps the answers whose records it has, and the one before may be
  // read still.
  const int64_t kafka = shares.queued + shares.fetch + shares.poll + 2 * shares.fetch_partition;
  const int64_t file = shares.row_group + 2 * shares.open_pages;
  const int64_t keys = shares.rewrite_rows * 16;
  // While its rows go into the index, nothing is being encoded.
  const int64_t finishing = shares.rewrite_rows * kBytesPerRewrittenRow;
  const int64_t writing = std::max(2 * file + keys, file + finishing);
  return kFixedBytes + folds + kafka + writing + shares.known_deletes;
}

}  // namespace cdc::worker
