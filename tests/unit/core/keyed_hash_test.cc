#include "lib/core/keyed_hash.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc {
namespace {

KeySecret Counting() {
  KeySecret secret;
  for (size_t i = 0; i < secret.bytes.size(); ++i) secret.bytes[i] = static_cast<uint8_t>(i);
  return secret;
}

TEST_CASE("keyed hashes are SipHash-2-4 of 128 bits") {
  // The first and the ninth vector of its authors: the key counts up, and so does the input.
  const std::string eight("\0\1\2\3\4\5\6\7", 8);
  CHECK(KeyedHash(Counting(), "") == Hash128{0xe6a825ba047f81a3, 0x930255c71472f66d});
  CHECK(KeyedHash(Counting(), eight) == Hash128{0x61f55862baa9623b, 0xb49714f364e2830f});
}

TEST_CASE("a secret is written and read back, and nothing else is taken for one") {
  const KeySecret secret = KeySecret::Random();
  CHECK(KeySecret::FromHex(secret.Hex()) == secret);
  CHECK(Counting().Hex() == "000102030405060708090a0b0c0d0e0f");
  for (const char* text : {"", "00", "000102030405060708090a0b0c0d0e0", "000102030405060708090a0b0c0d0e0g",
                           "000102030405060708090A0B0C0D0E0F", "000102030405060708090a0b0c0d0e0f00"})
    CHECK_FALSE(KeySecret::FromHex(text));
}

TEST_CASE("two secrets have two hashes and two fingerprints") {
  const KeySecret one = KeySecret::Random(), other = KeySecret::Random();
  CHECK_FALSE(one == other);
  CHECK_FALSE(KeyedHash(one, "key") == KeyedHash(other, "key"));
  CHECK(one.fingerprint() != other.fingerprint());
}

}  // namespace
}  // namespace cdc
