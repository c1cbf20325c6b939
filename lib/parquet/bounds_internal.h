#pragma once

/// \file lib/parquet/bounds_internal.h
/// Smallest and largest value of a column, kept while it is written: of a row group for Parquet's statistics,
/// of the file in Iceberg's single-value form (specification, Appendix D).

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
  void AddAll(const T* values, size_t count) {
    if constexpr (std::is_floating_point_v<T>) {
      for (size_t i = 0; i < count; ++i) Add(values[i]);
    } else if (count > 0) {
      T least = any_ ? min_ : values[0], most = any_ ? max_ : values[0];
      for (size_t i = 0; i < count; ++i) {
        least = values[i] < least ? values[i] : least;
        most = values[i] > most ? values[i] : most;
      }
      min_ = least;
      max_ = most;
      any_ = true;
    }
  }
  void Merge(const OrderedBounds& other) {
    nan_count_ += other.nan_count_;
    if (!other.any_) return;
    Add(other.min_);
    Add(other.max_);
  }
  bool any() const { return any_; }
  T min() const { return min_; }
  T max() const { return max_; }
  std::optional<std::string> lower() const { return any_ ? std::optional(Serialize(min_)) : std::nullopt; }
  std::optional<std::string> upper() const { return any_ ? std::optional(Serialize(max_)) : std::nullopt; }
  int64_t nan_count() const { return nan_count_; }

  /// Iceberg's single-value form.
  static std::string Serialize(T v) {
    if constexpr (std::is_same_v<T, uint8_t>) return iceberg::SerializeBoolean(v != 0);
    if constexpr (std::is_same_v<T, int32_t>) return iceberg::SerializeInt(v);
    if constexpr (std::is_same_v<T, int64_t>) return iceberg::SerializeLong(v);
    if constexpr (std::is_same_v<T, float>) return iceberg::SerializeFloat(v);
    if constexpr (std::is_same_v<T, double>) return iceberg::SerializeDouble(v);
    if constexpr (std::is_same_v<T, Int128>) return iceberg::SerializeDecimal(v);
  }

 private:
  static bool Less(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      return a < b || (a == b && std::signbit(a) && !std::signbit(b));
    } else {
      return a < b;
    }
  }

  T min_{};
  T max_{};
  int64_t nan_count_ = 0;
  bool any_ = false;
};

/// Strings (kText) and binaries.
template <bool kText>
class BytesBounds {
 public:
  /// A longer value is no statistic: every reader of a footer would read it (Arrow's limit as well).
  static constexpr size_t kMostStatistic = 4096;

  BytesBounds() = default;
  BytesBounds(const BytesBounds&) = delete;  // the bounds point into it
  BytesBounds& operator=(const BytesBounds&) = delete;

  void Add(std::string_view v) {
    Show(v);
    Settle();
  }
  /// As Add(), but `v` must stay until Settle() is called.
  void Show(std::string_view v) {
    // The first sixteen bytes tell nearly all values that are inside the bounds, or are one.
    const Start start(v);
    if (any_ && min_start_ < start && start < max_start_) return;
    if (any_ && v.size() <= Start::kBytes &&
        (IsThat(v, start, min_, min_start_) || IsThat(v, start, max_, max_start_)))
      return;
    ShowBound(v.substr(0, kKept), start);
  }
  void Settle() {
    Keep(&min_, &min_kept_);
    Keep(&max_, &max_kept_);
  }
  void Merge(const BytesBounds& other) {
    if (!other.any_) return;
    Add(other.min_);
    Add(other.max_);
  }
  void Clear() {
    any_ = false;
    min_ = max_ = {};
  }

  /// The values themselves; nothing for one that is too long.
  std::optional<std::string_view> least() const { return Statistic(min_); }
  std::optional<std::string_view> most() const { return Statistic(max_); }
  /// Cut to so many code points or bytes. No upper bound: there is none that short.
  std::optional<std::string> lower(size_t length = iceberg::kBoundLength) const {
    if (!any_) return std::nullopt;
    return kText ? iceberg::TruncateStringLower(min_, length) : iceberg::TruncateBinaryLower(min_, length);
  }
  std::optional<std::string> upper(size_t length = iceberg::kBoundLength) const {
    if (!any_) return std::nullopt;
    return kText ? iceberg::TruncateStringUpper(max_, length) : iceberg::TruncateBinaryUpper(max_, length);
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

  static bool IsThat(std::string_view v, const Start& start, std::string_view bound, const Start& its) {
    return start == its && v.size() == bound.size();
  }

  void ShowBound(std::string_view head, const Start& start) {
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
  static void Keep(std::string_view* bound, std::string* kept) {
    if (bound->data() == kept->data()) return;
    kept->assign(*bound);
    *bound = *kept;
  }
  std::optional<std::string_view> Statistic(std::string_view bound) const {
    return any_ && bound.size() <= kMostStatistic ? std::optional(bound) : std::nullopt;
  }

  // A value cut here is still seen to be too long for a statistic, and for a bound.
  static constexpr size_t kKept = kMostStatistic + 1;
  std::string_view min_, max_;  // of what was shown, or kept
  std::string min_kept_, max_kept_;
  Start min_start_, max_start_;
  bool any_ = false;
};

}  // namespace cdc::parquet
