#pragma once

/// \file lib/core/hash128.h
/// 128-bit hashes. Those that stand for keys are made with a secret (keyed_hash.h).

#include <cstdint>
#include <functional>
#include <string_view>

namespace cdc {

struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

/// XXH3-128 of `bytes`, seed 0: against accidents. Who chooses the bytes can make two that collide. The
/// result is stored on disk (lib/index) and in snapshots (lib/contract): never change it.
Hash128 HashBytes(std::string_view bytes);

}  // namespace cdc

template <>
struct std::hash<cdc::Hash128> {
  size_t operator()(const cdc::Hash128& h) const noexcept { return h.low; }
};
