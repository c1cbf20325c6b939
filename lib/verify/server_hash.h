#pragma once

/// \file lib/verify/server_hash.h
/// PostgreSQL's hashtextextended(text, bigint) here, so that both sides of a comparison have the same sums.

#include <cstdint>
#include <string_view>

namespace cdc::verify {

/// hashtextextended() of a text in UTF-8 under a deterministic collation, as a little-endian server computes
/// it: Bob Jenkins' lookup3 with a seed of 64 bits (PostgreSQL, common/hashfn.c, hash_bytes_extended). Hash
/// partitions are told by it, so that a server cannot change it; still each connection is asked for kProbe's.
int64_t HashText(std::string_view text, int64_t seed);

inline constexpr std::string_view kProbe = "does the server hash as we do?";

}  // namespace cdc::verify
