#pragma once

/// \file tests/unit/parquet/random_values.h
/// Columns of random values for files that judges from outside the project read: what a seed makes is the
/// same everywhere.

#include <cstdint>
#include <initializer_list>

#include "lib/rows/column.h"

namespace cdc::parquet {

/// splitmix64: cheap to begin anew for each value.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  /// 0 … n − 1
  uint64_t Below(uint64_t n) { return Next() % n; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  template <typename T>
  T Pick(std::initializer_list<T> from) {
    return from.begin()[Below(from.size())];
  }

 private:
  uint64_t state_;
};

/// How one column's values follow each other: how many are null and whether in runs, how many differ, in
/// which order they come, how long texts are. Changes once in the middle, so that what an encoder has
/// decided on the first rows does not suit the others.
class ColumnMaker {
 public:
  /// \param bytes about what texts of the column may hold in all
  ColumnMaker(const rows::Type& type, bool required, uint32_t rows, int64_t bytes, uint64_t seed);

  void Append(rows::Column* column);

 private:
  struct Phase {
    uint64_t null_of_1000;       // nulls among a thousand cells
    uint64_t element_nulls;      // the same of list elements
    uint64_t distinct;           // values that differ, at most; 0: all
    uint64_t longest_run;        // of cells with the same value (or null)
    bool in_order;               // one after the other, else by chance
    uint64_t most_elements;      // of one list
    uint64_t shortest, longest;  // of texts, in code points or bytes
  };

  Phase RandomPhase(int64_t bytes);
  void AppendValue(rows::Column* column, const rows::Type& type);
  void AppendNumbered(rows::Column* column, const rows::Type& type, uint64_t number);

  const rows::Type type_;
  const bool required_;
  const uint32_t rows_;
  const uint64_t seed_;
  const bool extremes_;  // the first values of all are the type's extremes
  Dice dice_;
  Phase phases_[2];
  uint32_t change_at_;
  uint32_t row_ = 0;
  uint64_t value_ = 0;     // of the present run
  uint64_t run_left_ = 0;  // cells of it to come
  bool null_run_ = false;
  uint64_t next_in_order_ = 0;
};

}  // namespace cdc::parquet
