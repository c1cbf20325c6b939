#pragma once

/// \file lib/parquet/bounds_internal.h
/// Smallest and largest value of a column, kept while it is written and told in Iceberg's single-value form
/// (specification, Appendix D). Ours and not Parquet's statistics, which leave out long values.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "lib/core/decimal.h"
#include "lib/iceberg/value.h"

namespace cdc::parquet {

/// Values with an order of their own. NaN is counted and never a bound; −0.0 is below +0.0.
template <typename T>
class OrderedBounds {
 public:
  void Add(T v) {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(v)) {
        ++nan_count_;
        return;
      }
    }
    if (!any_ || Less(v, min_)) min_ = v;
    if (!any_ || Less(max_, v)) max_ = v;
    any_ = true;
  }
  std::optional<std::string> lower() const { return any_ ? std::optional(Serialize(min_)) : std::nullopt; }
  std::optional<std::string> upper() const { return any_ ? std::optional(Serialize(max_)) : std::nullopt; }
  int64_t nan_count() const { return nan_count_; }

 private:
  static bool Less(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      return a < b || (a == b && std::signbit(a) && !std::signbit(b));
    } else {
      return a < b;
    }
  }
  static std::string Serialize(uint8_t v) { return iceberg::SerializeBoolean(v != 0); }
  static std::string Serialize(int32_t v) { return iceberg::SerializeInt(v); }
  static std::string Serialize(int64_t v) { return iceberg::SerializeLong(v); }
  static std::string Serialize(float v) { return iceberg::SerializeFloat(v); }
  static std::string Serialize(double v) { return iceberg::SerializeDouble(v); }
  static std::string Serialize(Int128 v) { return iceberg::SerializeDecimal(v); }

  T min_{};
  T max_{};
  int64_t nan_count_ = 0;
  bool any_ = false;
};

/// Strings (kText), binaries, and fixed bytes (uuid: never longer than a bound).
template <bool kText>
class BytesBounds {
 public:
  void Add(std::string_view v) {
    // The first sixteen bytes tell nearly all values that are inside the bounds, or are one.
    const Start start(v);
    if (any_ && min_start_ < start && start < max_start_) return;
    if (any_ && v.size() <= Start::kBytes &&
        (IsThat(v, start, min_, min_start_) || IsThat(v, start, max_, max_start_)))
      return;
    const std::string_view head = v.substr(0, kKept);
    if (!any_ || start < min_start_ || (start == min_start_ && head < min_)) {
      min_ = head;
      min_start_ = start;
    }
    if (!any_ || max_start_ < start || (start == max_start_ && head > max_)) {
      max_ = head;
      max_start_ = start;
    }
    any_ = true;
  }
  std::optional<std::string> lower() const {
    if (!any_) return std::nullopt;
    return kText ? iceberg::TruncateStringLower(min_) : iceberg::TruncateBinaryLower(min_);
  }
  std::optional<std::string> upper() const {
    if (!any_) return std::nullopt;
    return kText ? iceberg::TruncateStringUpper(max_) : iceberg::TruncateBinaryUpper(max_);
  }
  int64_t nan_count() const { return 0; }

 private:
  /// The first bytes as a number that orders as they do; a shorter value counts as if zeros followed.
  struct Start {
    static constexpr size_t kBytes = 16;
    Start() = default;
    explicit Start(std::string_view v) {
      if (v.size() >= kBytes) {
        high = Load(v.data());
        low = Load(v.data() + 8);
      } else if (v.size() > 8) {
        high = Load(v.data());
        low = Load(v.data() + v.size() - 8) << (8 * (kBytes - v.size()));
      } else {
        for (size_t i = 0; i < v.size(); ++i) high |= uint64_t{static_cast<uint8_t>(v[i])} << (56 - 8 * i);
      }
    }
    static uint64_t Load(const char* at) {
      uint64_t bytes;
      std::memcpy(&bytes, at, sizeof bytes);
      return __builtin_bswap64(bytes);
    }
    bool operator==(const Start&) const = default;
    bool operator<(const Start& other) const {
      return high != other.high ? high < other.high : low < other.low;
    }
    uint64_t high = 0, low = 0;
  };

  static bool IsThat(std::string_view v, const Start& start, const std::string& bound, const Start& its) {
    return start == its && v.size() == bound.size();
  }

  // More than any bound of 16 code points has, so that a value cut here is still seen to be too long for a
  // bound.
  static constexpr size_t kKept = 4 * iceberg::kBoundLength + 4;
  std::string min_;
  std::string max_;
  Start min_start_, max_start_;
  bool any_ = false;
};

}  // namespace cdc::parquet
