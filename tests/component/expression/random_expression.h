#pragma once

/// \file tests/component/expression/random_expression.h
/// Expressions of matching types over the sample columns, by a seed.

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace cdc::expression {

/// CDC_TEST_SEED, or a fixed one.
uint64_t RandomSeed();

class RandomExpression {
 public:
  explicit RandomExpression(uint64_t seed) : random_(seed) {}
  std::string Next();

 private:
  enum Kind { kWhole, kExact, kFloating, kText, kTruth, kMoment, kKinds };
  std::string Of(Kind kind, int depth);
  std::string Leaf(Kind kind);
  std::string Pick(const std::vector<const char*>& from);
  /// `form` with its 1, 2, … in braces replaced: "{w} + {e}" takes a whole and an exact number.
  std::string Fill(const char* form, int depth);

  std::mt19937_64 random_;
};

}  // namespace cdc::expression
