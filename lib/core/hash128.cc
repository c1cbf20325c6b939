#include "lib/core/hash128.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cdc {

Hash128 HashBytes(std::string_view bytes) {
  const XXH128_hash_t h = XXH3_128bits(bytes.data(), bytes.size());
  return Hash128{h.low64, h.high64};
}

}  // namespace cdc
