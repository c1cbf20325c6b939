#pragma once

/// \file jobs/sink/lake/position_set.h
/// Deleted positions of one data file as bits: an eighth of a byte for each of its rows, however many are
/// deleted.

#include <cstdint>
#include <span>
#include <vector>

namespace cdc::lake_sink {

/// Puts positions (0 and above) in order, each once.
void SortPositions(std::vector<int64_t>* positions);

/// Value type.
class PositionSet {
 public:
  PositionSet() = default;
  /// \param positions 0 and above, in any order
  explicit PositionSet(std::span<const int64_t> positions);

  /// \param positions 0 and above, in any order
  void Add(std::span<const int64_t> positions);
  bool Has(int64_t position) const {
    const auto word = static_cast<size_t>(position >> 6);
    return word < words_.size() && (words_[word] >> (position & 63) & 1) != 0;
  }
  int64_t size() const { return size_; }
  size_t byte_size() const { return words_.capacity() * sizeof(uint64_t); }

  /// Ascending.
  std::vector<int64_t> ToVector() const;

  /// Where the rows that are in neither set come to lie when those of `gone` are left out: calls
  /// take(position, rank) for each position that is in this set and not in `gone`; rank = position less those
  /// of `gone` before it.
  template <typename Take>
  void EachBeyond(const PositionSet& gone, const Take& take) const {
    int64_t left_out = 0;
    for (size_t i = 0; i < words_.size(); ++i) {
      const uint64_t before = i < gone.words_.size() ? gone.words_[i] : 0;
      for (uint64_t rest = words_[i] & ~before; rest != 0; rest &= rest - 1) {
        const int bit = __builtin_ctzll(rest);
        const auto position = static_cast<int64_t>(i * 64) + bit;
        take(position, position - left_out - __builtin_popcountll(before & ((uint64_t{1} << bit) - 1)));
      }
      left_out += __builtin_popcountll(before);
    }
  }

 private:
  std::vector<uint64_t> words_;
  int64_t size_ = 0;
};

}  // namespace cdc::lake_sink
