#include "lib/core/keyed_hash.h"

#include <sodium.h>

#include <cstring>

namespace cdc {
namespace {

static_assert(crypto_shorthash_siphashx24_KEYBYTES == sizeof(KeySecret::bytes));
static_assert(crypto_shorthash_siphashx24_BYTES == sizeof(Hash128));

}  // namespace

KeySecret KeySecret::Random() {
  // Once for all threads. What it fails to find it does without; without randomness the next call aborts.
  (void)(sodium_init() == 0);
  KeySecret secret;
  randombytes_buf(secret.bytes.data(), secret.bytes.size());
  return secret;
}

std::string KeySecret::Hex() const {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::optional<KeySecret> KeySecret::FromHex(std::string_view text) {
  KeySecret secret;
  if (text.size() != 2 * secret.bytes.size()) return std::nullopt;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (c < 'a' || c > 'f')) return std::nullopt;
    secret.bytes[i / 2] = static_cast<uint8_t>(secret.bytes[i / 2] << 4 | (digit ? c - '0' : c - 'a' + 10));
  }
  return secret;
}

uint64_t KeySecret::fingerprint() const { return KeyedHash(*this, "cdc key secret").low; }

Hash128 KeyedHash(const KeySecret& secret, std::string_view bytes) {
  unsigned char out[sizeof(Hash128)];
  crypto_shorthash_siphashx24(out, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                              secret.bytes.data());
  Hash128 hash;
  std::memcpy(&hash.low, out, sizeof hash.low);
  std::memcpy(&hash.high, out + sizeof hash.low, sizeof hash.high);
  return hash;
}

}  // namespace cdc
