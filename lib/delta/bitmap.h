#pragma once

/// \file lib/delta/bitmap.h
/// Sets of row positions in the portable form of 64-bit Roaring bitmaps, as deletion vectors have them
/// (PROTOCOL.md, "Deletion Vector Format"; the 32-bit maps within: RoaringFormatSpec). Pure.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.h"

namespace cdc::delta {

/// \param sorted ascending, without duplicates, 0 and above
std::string EncodeBitmap(std::span<const int64_t> sorted);

/// \return ascending, without duplicates. kCorrupt: not such a bitmap, or one that goes on behind its end.
Result<std::vector<int64_t>> DecodeBitmap(std::string_view bytes);

}  // namespace cdc::delta
