#pragma once

/// \file lib/iceberg/random_internal.h
/// Random bytes, for the room's own .cc files.

#include <unistd.h>

#include <cstddef>
#include <random>

namespace cdc::iceberg {

/// From the system each time: a generator of our own would give a forked child its parent's. In one call,
/// for std::random_device asks the processor what it can do, which a virtual machine answers slowly.
/// \param size at most 256
inline void RandomBytes(void* to, size_t size) {
  if (::getentropy(to, size) == 0) return;
  std::random_device device;
  for (size_t i = 0; i < size; ++i) static_cast<unsigned char*>(to)[i] = static_cast<unsigned char>(device());
}

}  // namespace cdc::iceberg
