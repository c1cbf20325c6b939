#pragma once

/// \file lib/parquet/run_encoding_internal.h
/// Parquet's hybrid of runs and bit-packed groups of eight (format, "Run Length Encoding / Bit-Packing
/// Hybrid"): levels and indices of dictionaries.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "lib/parquet/byte_buffer_internal.h"

namespace cdc::parquet {

/// Bits of numbers up to `most`; at least one, since not every reader takes a width of none.
inline int RunWidth(uint64_t most) { return most == 0 ? 1 : 64 - __builtin_clzll(most); }

/// Encodes numbers below 2^width as they come. T: uint8_t or uint16_t, the form they come in. One thread.
template <typename T>
class RunEncoder {
 public:
  explicit RunEncoder(int width) : width_(width) {}

  /// Forgets all. \param width bits of a number, 1 to 16, at most those of T
  void Reset(int width) {
    width_ = width;
    out_.Clear();
    held_ = literal_groups_ = 0;
    run_ = 0;
  }

  /// `count` times the same number: of no cost when it goes on as before.
  void AppendRun(T number, size_t count) {
    for (; held_ > 0 && count > 0; --count) Hold(number);
    const size_t eights = count & ~size_t{7};
    if (eights > 0) AddToRun(number, eights);
    for (count -= eights; count > 0; --count) Hold(number);
  }

  void Append(const T* numbers, size_t count) {
    for (; held_ > 0 && count > 0; --count) Hold(*numbers++);
    for (; count >= 8; count -= 8, numbers += 8) AddGroup(numbers);
    for (; count > 0; --count) Hold(*numbers++);
  }

  /// The encoded numbers; Reset() must follow before more of them come.
  std::string_view Finish() {
    if (held_ > 0) {
      const bool goes_on = run_ > 0 && std::all_of(group_, group_ + held_, [&](T n) { return n == of_; });
      if (goes_on) {
        run_ += held_;
      } else {
        EndRun();
        std::fill(group_ + held_, group_ + 8, T{0});
        PutLiteral(group_);
      }
      held_ = 0;
    }
    EndRun();
    EndLiterals();
    return out_.view();
  }

  /// About what Finish() would give.
  size_t bytes() const { return out_.size() + 8; }

 private:
  /// A shorter run inside packed groups is packed as well: a run takes a byte more than its number, and the
  /// groups after it another one.
  static constexpr uint64_t kShortestRun = 32;
  static constexpr size_t kMostGroups = 63;  // the count has its place in one byte

  void Hold(T number) {
    group_[held_++] = number;
    if (held_ < 8) return;
    held_ = 0;
    AddGroup(group_);
  }

  static bool AllEqual(const T* group) {
    if constexpr (sizeof(T) == 1) {
      uint64_t eight;
      std::memcpy(&eight, group, 8);
      return eight == group[0] * 0x0101010101010101u;
    } else {
      uint64_t four[2];
      std::memcpy(four, group, 16);
      return four[0] == four[1] && four[0] == group[0] * 0x0001000100010001u;
    }
  }

  void AddGroup(const T* group) {
    if (AllEqual(group)) return AddToRun(group[0], 8);
    EndRun();
    PutLiteral(group);
  }

  /// \param count a multiple of eight
  void AddToRun(T number, uint64_t count) {
    if (run_ > 0 && of_ != number) EndRun();
    of_ = number;
    run_ += count;
  }

  void EndRun() {
    if (run_ == 0) return;
    if (literal_groups_ > 0 && run_ < kShortestRun && run_ % 8 == 0) {
      T same[8];
      std::fill(same, same + 8, of_);
      for (; run_ > 0; run_ -= 8) PutLiteral(same);
      return;
    }
    EndLiterals();
    char* const begin = out_.Room(12);
    char* to = begin;
    uint64_t header = run_ << 1;
    for (; header >= 0x80; header >>= 7) *to++ = static_cast<char>(header | 0x80);
    *to++ = static_cast<char>(header);
    for (int bit = 0; bit < width_; bit += 8) *to++ = static_cast<char>(of_ >> bit);
    out_.Use(static_cast<size_t>(to - begin));
    run_ = 0;
  }

  void PutLiteral(const T* group) {
    if (literal_groups_ == kMostGroups) EndLiterals();
    if (literal_groups_ == 0) {
      literals_at_ = out_.size();
      *out_.Room(1) = 0;
      out_.Use(1);
    }
    ++literal_groups_;
    // Four numbers in each half, first ones lowest: eight of 16 bits are two words.
    uint64_t low = 0, high = 0;
    for (int i = 3; i >= 0; --i) {
      low = low << width_ | group[i];
      high = high << width_ | group[i + 4];
    }
    const int half = 4 * width_;
    uint64_t packed[2] = {low, high};
    if (half < 64) {
      packed[0] = low | high << half;
      packed[1] = half > 32 ? high >> (64 - half) : 0;
    }
    std::memcpy(out_.Room(sizeof packed), packed, sizeof packed);
    out_.Use(static_cast<size_t>(width_));
  }

  void EndLiterals() {
    if (literal_groups_ > 0) out_.data()[literals_at_] = static_cast<char>(literal_groups_ << 1 | 1);
    literal_groups_ = 0;
  }

  int width_;
  ByteBuffer out_;
  T group_[8] = {};
  size_t held_ = 0;  // of group_
  T of_ = 0;
  uint64_t run_ = 0;  // how often of_ came last
  size_t literal_groups_ = 0, literals_at_ = 0;
};

}  // namespace cdc::parquet
