#include "jobs/worker/byte_budget.h"

#include <catch2/catch_test_macros.hpp>

using cdc::worker::ByteShares;
using cdc::worker::MostHeld;
using cdc::worker::ShareOut;

namespace {

constexpr int64_t kMegabyte = 1 << 20;

}  // namespace

TEST_CASE("what a worker knows to hold is within its memory, with something left for the allocator") {
  for (const int64_t megabytes : {112, 128, 192, 256, 384, 512, 1024, 4096}) {
    CAPTURE(megabytes);
    CHECK(MostHeld(ShareOut(megabytes * kMegabyte)) <= megabytes * kMegabyte * 19 / 20);
  }
}

TEST_CASE("more memory is never a smaller share") {
  ByteShares before = ShareOut(32 * kMegabyte);
  for (int64_t memory = 33 * kMegabyte; memory < 2048 * kMegabyte; memory += kMegabyte) {
    const ByteShares now = ShareOut(memory);
    CAPTURE(memory);
    REQUIRE(now.batch >= before.batch);
    REQUIRE(now.queued >= before.queued);
    REQUIRE(now.fetch >= before.fetch);
    REQUIRE(now.poll >= before.poll);
    REQUIRE(now.row_group >= before.row_group);
    REQUIRE(now.open_pages >= before.open_pages);
    REQUIRE(now.rewrite_rows >= before.rewrite_rows);
    before = now;
  }
  CHECK(before.batch > 100 * kMegabyte);
}

TEST_CASE("the smallest memory still leaves shares to work with") {
  const ByteShares shares = ShareOut(0);
  CHECK(shares.batch >= 3 * kMegabyte);
  CHECK(shares.fetch_partition >= kMegabyte);
  CHECK(shares.poll > 0);
  CHECK(shares.row_group >= 2 * kMegabyte);
  // A queue that an answer fills at once would stop fetching with each.
  CHECK(shares.queued >= shares.fetch_partition);
}
