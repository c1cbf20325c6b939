#pragma once

/// \file lib/core/hash128.h
/// 128-bit hashes that stand for keys. Two keys are taken as equal when their hashes are: among n keys the
/// chance of any collision is about n²/2^129, i.e. 1.5e-23 at 100 million keys (docs/decisions/0003).

#include <cstdint>
#include <functional>
#include <string_view>

namespace cdc {

struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

/// XXH3-128 of `bytes`, seed 0. The result is stored on disk (lib/index): never change it without a new
/// format version.
Hash128 HashBytes(std::string_view bytes);

}  // namespace cdc

template <>
struct std::hash<cdc::Hash128> {
  size_t operator()(const cdc::Hash128& h) const noexcept { return h.low; }
};
