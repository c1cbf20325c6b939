#pragma once

/// \file lib/index/hash_order_internal.h
/// The order in which a batch of keys meets the key index front to back: its slots lie in hash order.

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "lib/core/hash128.h"

namespace cdc::index {

/// Numbers 0 … count - 1 roughly by hash: exact to a 4096th of the index, so that what is looked at together
/// lies in few pages. Stable: changes of one key keep their order. \param key (size_t) → const Hash128&
template <typename KeyAt>
std::vector<uint32_t> HashOrder(size_t count, KeyAt key) {
  constexpr int kBits = 12;
  const auto part = [&](size_t i) { return static_cast<size_t>(key(i).low >> (64 - kBits)); };
  std::array<uint32_t, (1 << kBits) + 1> begins{};
  for (size_t i = 0; i < count; ++i) ++begins[part(i) + 1];
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  std::vector<uint32_t> order(count);
  for (size_t i = 0; i < count; ++i) order[begins[part(i)]++] = static_cast<uint32_t>(i);
  return order;
}

/// Whether the order is worth its making: below, all that a batch looks at stays in the cache, or each key
/// has a page of its own anyway.
inline bool WorthOrdering(size_t count, uint64_t index_bytes) {
  return count >= 4096 && index_bytes >= (4 << 20);
}

}  // namespace cdc::index
