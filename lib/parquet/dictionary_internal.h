#pragma once

/// \file lib/parquet/dictionary_internal.h
/// Distinct values of a column chunk and their numbers, in the order in which they came. The table of places
/// grows with the values and keeps its size from row group to row group.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "lib/core/decimal.h"
#include "lib/parquet/byte_buffer_internal.h"

namespace cdc::parquet {

/// Mixes two words as the product of both halves does.
inline uint64_t Mix(uint64_t a, uint64_t b) {
  const UInt128 product = static_cast<UInt128>(a ^ 0x9E3779B97F4A7C15u) * (b ^ 0xE7037ED1A0B428DBu);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t LoadWord(const char* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// A value's hash, of use in memory only.
inline uint32_t QuickHash(std::string_view v) {
  const char* at = v.data();
  size_t left = v.size();
  uint64_t hash = left;
  for (; left > 16; at += 16, left -= 16) hash = Mix(LoadWord(at) ^ hash, LoadWord(at + 8));
  if (left >= 8) return static_cast<uint32_t>(Mix(LoadWord(at) ^ hash, LoadWord(at + left - 8)));
  uint64_t word = 0;
  if (left >= 4) {
    uint32_t low, high;
    std::memcpy(&low, at, 4);
    std::memcpy(&high, at + left - 4, 4);
    word = uint64_t{high} << 32 | low;
  } else if (left > 0) {
    word = uint64_t{static_cast<uint8_t>(at[0])} << 16 | uint64_t{static_cast<uint8_t>(at[left / 2])} << 8 |
           static_cast<uint8_t>(at[left - 1]);
  }
  return static_cast<uint32_t>(Mix(word, hash));
}
inline uint32_t QuickHash(uint64_t v) { return static_cast<uint32_t>(Mix(v, v >> 32)); }
inline uint32_t QuickHash(uint32_t v) { return QuickHash(uint64_t{v}); }
inline uint32_t QuickHash(UInt128 v) {
  return static_cast<uint32_t>(Mix(static_cast<uint64_t>(v), static_cast<uint64_t>(v >> 64)));
}

/// Without a call for the short ones.
inline bool SameBytes(std::string_view a, std::string_view b) {
  const size_t size = a.size();
  if (size != b.size()) return false;
  if (size > 16) return std::memcmp(a.data(), b.data(), size) == 0;
  if (size >= 8) {
    return LoadWord(a.data()) == LoadWord(b.data()) &&
           LoadWord(a.data() + size - 8) == LoadWord(b.data() + size - 8);
  }
  for (size_t i = 0; i < size; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

/// Where a hash's number is: open addressing, at most half full.
class DictionaryPlaces {
 public:
  static constexpr uint16_t kFree = 0xFFFF;
  static constexpr size_t kMostEntries = 0xFFFF;  // one number is kFree

  DictionaryPlaces() : places_(kFewest, kFree) {}

  /// \param same says of a number whether it is the value's \return the value's number, or kFree: then Add()
  /// may follow at once
  template <typename Same>
  uint16_t Find(uint32_t hash, const Same& same) {
    const size_t mask = places_.size() - 1;
    for (at_ = hash & mask;; at_ = (at_ + 1) & mask) {
      const uint16_t number = places_[at_];
      if (number == kFree || same(number)) return number;
    }
  }

  /// Gives the value that was not found the next number.
  uint16_t Add(uint32_t hash) {
    const auto number = static_cast<uint16_t>(hashes_.size());
    places_[at_] = number;
    hashes_.push_back(hash);
    if (2 * hashes_.size() > places_.size()) Grow();
    return number;
  }
  void Clear() {
    if (!hashes_.empty()) std::fill(places_.begin(), places_.end(), kFree);
    hashes_.clear();
  }
  size_t size() const { return hashes_.size(); }
  uint32_t hash(uint16_t number) const { return hashes_[number]; }

 private:
  static constexpr size_t kFewest = 128;

  void Grow() {
    places_.assign(4 * places_.size(), kFree);
    for (size_t i = 0; i < hashes_.size(); ++i) {
      size_t at = hashes_[i] & (places_.size() - 1);
      while (places_[at] != kFree) at = (at + 1) & (places_.size() - 1);
      places_[at] = static_cast<uint16_t>(i);
    }
  }

  std::vector<uint16_t> places_;  // a power of two
  std::vector<uint32_t> hashes_;  // of each entry
  size_t at_ = 0;                 // where Find() ended
};

/// Strings and binaries, kept as the body of the dictionary's page: each with its length before it.
class BytesDictionary {
 public:
  uint16_t NumberOf(std::string_view v) {
    const uint32_t hash = QuickHash(v);
    const uint16_t found = places_.Find(
        hash, [&](uint16_t number) { return places_.hash(number) == hash && (*this)[number] == v; });
    if (found != DictionaryPlaces::kFree) return found;
    const auto size = static_cast<uint32_t>(v.size());
    char* const to = body_.Room(4 + v.size());
    std::memcpy(to, &size, 4);
    if (!v.empty()) std::memcpy(to + 4, v.data(), v.size());
    at_.push_back(body_.size());
    body_.Use(4 + v.size());
    return places_.Add(hash);
  }
  std::string_view operator[](uint16_t number) const {
    const char* const at = body_.data() + at_[number];
    uint32_t size;
    std::memcpy(&size, at, 4);
    return {at + 4, size};
  }
  size_t entries() const { return at_.size(); }
  std::string_view body() const { return body_.view(); }
  void Clear() {
    places_.Clear();
    body_.Clear();
    at_.clear();
  }

 private:
  DictionaryPlaces places_;
  ByteBuffer body_;
  std::vector<size_t> at_;
};

/// Numbers and fixed bytes by their bits. Bits: uint32_t, uint64_t or UInt128.
template <typename Bits>
class FixedDictionary {
 public:
  uint16_t NumberOf(Bits v) {
    const uint32_t hash = QuickHash(v);
    const uint16_t found = places_.Find(hash, [&](uint16_t number) { return values_[number] == v; });
    if (found != DictionaryPlaces::kFree) return found;
    values_.push_back(v);
    return places_.Add(hash);
  }
  const std::vector<Bits>& values() const { return values_; }
  void Clear() {
    places_.Clear();
    values_.clear();
  }

 private:
  DictionaryPlaces places_;
  std::vector<Bits> values_;
};

}  // namespace cdc::parquet
