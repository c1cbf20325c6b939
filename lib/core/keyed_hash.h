#pragma once

/// \file lib/core/keyed_hash.h
/// 128-bit hashes that nobody can steer who does not know the secret: what stands for a key that somebody
/// else chose (docs/decisions/0014). SipHash-2-4.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/core/hash128.h"

namespace cdc {

/// What hashes are made with. Two tables have two.
struct KeySecret {
  std::array<uint8_t, 16> bytes{};

  /// From the system's source of randomness, which must be there.
  static KeySecret Random();
  /// 32 lower-case hexadecimal digits, and back; nothing for anything else.
  std::string Hex() const;
  static std::optional<KeySecret> FromHex(std::string_view text);
  /// Tells secrets apart and says nothing of them: what is made with one carries it.
  uint64_t fingerprint() const;

  friend bool operator==(const KeySecret&, const KeySecret&) = default;
};

/// The result is stored on disk (lib/index): never change it without a new format version.
Hash128 KeyedHash(const KeySecret& secret, std::string_view bytes);

}  // namespace cdc
