#pragma once

/// \file lib/parquet/bounds_internal.h
/// Smallest and largest value of a column, kept while it is written and told in Iceberg's single-value form
/// (specification, Appendix D). Ours and not Parquet's statistics, which leave out long values.

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "lib/core/decimal.h"

namespace cdc::parquet {

/// Java's default metrics mode, truncate(16): code points of a string, bytes of a binary.
inline constexpr size_t kBoundLength = 16;

/// The longest prefix of at most 16 code points; never cuts one.
std::string_view TruncateText(std::string_view text);
/// The shortest text above every text that begins with `prefix`: its last code point raised by one, dropping
/// those that cannot be. Nothing when none can, or when `prefix` is no UTF-8.
std::optional<std::string> TextAbove(std::string_view prefix);
/// As TextAbove, for bytes.
std::optional<std::string> BytesAbove(std::string_view prefix);

static_assert(std::endian::native == std::endian::little, "single-value form is little-endian");

/// Integers, dates, times and timestamps.
template <typename T>
class OrderedBounds {
 public:
  void Add(T v) {
    if (v < min_ || !any_) min_ = v;
    if (v > max_ || !any_) max_ = v;
    any_ = true;
  }
  std::optional<std::string> lower() const { return any_ ? std::optional(Bytes(min_)) : std::nullopt; }
  std::optional<std::string> upper() const { return any_ ? std::optional(Bytes(max_)) : std::nullopt; }
  int64_t nan_count() const { return 0; }

 private:
  static std::string Bytes(T v) {
    if constexpr (std::is_same_v<T, Int128>) {
      return DecimalToBigEndian(v);
    } else {
      return {reinterpret_cast<const char*>(&v), sizeof v};
    }
  }
  T min_{};
  T max_{};
  bool any_ = false;
};

/// float and double: NaN is counted, never a bound; −0.0 is below +0.0.
template <typename T>
class FloatBounds {
 public:
  void Add(T v) {
    if (std::isnan(v)) {
      ++nan_count_;
      return;
    }
    if (!any_ || Less(v, min_)) min_ = v;
    if (!any_ || Less(max_, v)) max_ = v;
    any_ = true;
  }
  std::optional<std::string> lower() const { return any_ ? std::optional(Bytes(min_)) : std::nullopt; }
  std::optional<std::string> upper() const { return any_ ? std::optional(Bytes(max_)) : std::nullopt; }
  int64_t nan_count() const { return nan_count_; }

 private:
  static bool Less(T a, T b) { return a < b || (a == b && std::signbit(a) && !std::signbit(b)); }
  static std::string Bytes(T v) { return {reinterpret_cast<const char*>(&v), sizeof v}; }
  T min_{};
  T max_{};
  int64_t nan_count_ = 0;
  bool any_ = false;
};

/// Strings (kText), binaries, and fixed bytes of at most 16 (uuid). Keeps prefixes only: 64 bytes hold 16
/// code points.
template <bool kText>
class BytesBounds {
 public:
  void Add(std::string_view v) {
    const std::string_view head = v.substr(0, kKept);
    if (!any_ || head < min_) min_ = head;
    const int order = any_ ? head.compare(max_) : 1;
    if (order > 0) {
      max_ = head;
      max_is_prefix_ = v.size() > kKept;
    } else if (order == 0) {
      max_is_prefix_ |= v.size() > kKept;
    }
    any_ = true;
  }
  std::optional<std::string> lower() const {
    return any_ ? std::optional(std::string(Cut(min_))) : std::nullopt;
  }
  std::optional<std::string> upper() const {
    if (!any_) return std::nullopt;
    const std::string_view cut = Cut(max_);
    if (cut.size() == max_.size() && !max_is_prefix_) return max_;
    return kText ? TextAbove(cut) : BytesAbove(cut);
  }
  int64_t nan_count() const { return 0; }

 private:
  static constexpr size_t kKept = 4 * kBoundLength;
  static std::string_view Cut(std::string_view v) {
    return kText ? TruncateText(v) : v.substr(0, kBoundLength);
  }
  std::string min_;
  std::string max_;
  bool max_is_prefix_ = false;  // some value goes on after max_
  bool any_ = false;
};

}  // namespace cdc::parquet
