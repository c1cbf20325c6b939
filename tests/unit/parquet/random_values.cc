#include "tests/unit/parquet/random_values.h"

#include <bit>
#include <limits>
#include <string>
#include <vector>

namespace cdc::parquet {
namespace {

using rows::Type;
using rows::TypeKind;

/// Few bits as often as many, of both signs.
int64_t AnyLong(Dice* dice, int bits) {
  const int kept = 1 + static_cast<int>(dice->Below(static_cast<uint64_t>(bits)));
  return static_cast<int64_t>(dice->Next()) >> (64 - kept);
}

int32_t IntNumbered(Dice* dice, bool extremes, uint64_t number) {
  constexpr int32_t kExtremes[] = {std::numeric_limits<int32_t>::min(),
                                   std::numeric_limits<int32_t>::max(),
                                   0,
                                   -1,
                                   1,
                                   -719'162,
                                   2'932'896,
                                   -719'163};
  if (extremes && number < std::size(kExtremes)) return kExtremes[number];
  return static_cast<int32_t>(AnyLong(dice, 32));
}

int64_t LongNumbered(Dice* dice, bool extremes, uint64_t number) {
  constexpr int64_t kExtremes[] = {std::numeric_limits<int64_t>::min(),
                                   std::numeric_limits<int64_t>::max(),
                                   0,
                                   -1,
                                   1,
                                   -62'135'596'800'000'001,
                                   253'402'300'800'000'000};
  if (extremes && number < std::size(kExtremes)) return kExtremes[number];
  return AnyLong(dice, 64);
}

template <typename T>
T FloatNumbered(Dice* dice, bool extremes, uint64_t number) {
  using Limits = std::numeric_limits<T>;
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  const T values[] = {Limits::quiet_NaN(),
                      T(-0.0),
                      T(0.0),
                      Limits::infinity(),
                      -Limits::infinity(),
                      Limits::min(),
                      Limits::lowest(),
                      Limits::max(),
                      Limits::denorm_min(),
                      -Limits::denorm_min(),
                      T(1),
                      T(-1)};
  if (extremes && number < std::size(values)) return values[(number + dice->Below(2)) % std::size(values)];
  if (dice->OneIn(2)) return static_cast<T>(AnyLong(dice, 40)) / T(64);
  return std::bit_cast<T>(static_cast<Bits>(dice->Next()));  // NaNs with signs and payloads among them
}

Int128 DecimalNumbered(Dice* dice, int precision, bool extremes, uint64_t number) {
  Int128 largest = 0;
  for (int i = 0; i < precision; ++i) largest = largest * 10 + 9;
  if (extremes && number < 6) {
    const Int128 values[] = {largest, -largest, 0, -1, 127 % (largest + 1), -128 % (largest + 1)};
    return values[number];
  }
  const int bits = 1 + static_cast<int>(dice->Below(127));
  const Int128 any = static_cast<Int128>(UInt128{dice->Next()} << 64 | dice->Next()) >> (128 - bits);
  return any % (largest + 1);
}

void AppendCodePoint(uint32_t p, std::string* out) {
  const auto put = [&](uint32_t b) { out->push_back(static_cast<char>(b)); };
  if (p < 0x80) return put(p);
  if (p < 0x800) {
    put(0xC0 | p >> 6);
  } else {
    if (p < 0x10000) {
      put(0xE0 | p >> 12);
    } else {
      put(0xF0 | p >> 18);
      put(0x80 | (p >> 12 & 0x3F));
    }
    put(0x80 | (p >> 6 & 0x3F));
  }
  put(0x80 | (p & 0x3F));
}

/// Ends of the encoding's ranges, beside ordinary letters: all valid, though some look odd.
uint32_t AnyCodePoint(Dice* dice, uint64_t alphabet) {
  if (alphabet == 0) return static_cast<uint32_t>('a' + dice->Below(26));
  if (alphabet == 1) return 0x10FFFF;  // has no successor: a bound of it cannot be rounded up
  if (alphabet == 2) return dice->Pick({0xE4u, 0x20ACu, 0x4E2Du, 0x1F600u, 0x41u});
  return dice->Pick({0u, 1u, 0x7Fu, 0x80u, 0x7FFu, 0x800u, 0xD7FFu, 0xE000u, 0xFEFFu, 0xFFFDu, 0xFFFFu,
                     0x10000u, 0x10FFFFu, 0x61u});
}

std::string AnyBytes(Dice* dice, bool text, uint64_t alphabet, uint64_t length) {
  std::string out;
  // A long value repeats its beginning: nobody needs a megabyte of noise.
  const uint64_t fresh = std::min<uint64_t>(length, 300);
  for (uint64_t i = 0; i < fresh; ++i) {
    if (text) {
      AppendCodePoint(AnyCodePoint(dice, alphabet), &out);
    } else {
      out.push_back(static_cast<char>(alphabet == 1 ? 0xFF : dice->Below(256)));
    }
  }
  const std::string start = out;
  for (uint64_t i = fresh; fresh > 0 && i + fresh <= length; i += fresh) out += start;
  return out;
}

}  // namespace

ColumnMaker::ColumnMaker(const Type& type, bool required, uint32_t rows, int64_t bytes, uint64_t seed)
    : type_(type),
      required_(required),
      rows_(rows),
      seed_(seed),
      extremes_(Dice(~seed).OneIn(2)),
      dice_(seed),
      phases_{RandomPhase(bytes), RandomPhase(bytes)},
      change_at_(dice_.OneIn(2) ? rows : static_cast<uint32_t>(dice_.Below(rows + 1))) {}

ColumnMaker::Phase ColumnMaker::RandomPhase(int64_t bytes) {
  Phase phase{};
  phase.null_of_1000 = required_ ? 0 : dice_.Pick({0u, 0u, 3u, 100u, 500u, 1000u});
  phase.element_nulls = dice_.Pick({0u, 0u, 3u, 300u, 1000u});
  phase.distinct = dice_.Pick({0u,  0u,   0u,   1u,   2u,   3u,   4u,    5u,      15u,     16u,
                               17u, 128u, 129u, 255u, 256u, 257u, 2000u, 65'535u, 65'536u, 65'537u});
  phase.longest_run = dice_.Pick({1u, 1u, 1u, 9u, 100u, 5000u});
  phase.in_order = dice_.OneIn(3);
  phase.most_elements = dice_.Pick({0u, 1u, 3u, 3u, 40u});
  // Longest texts that still keep to the column's bytes, if all are as long.
  const uint64_t room = static_cast<uint64_t>(bytes) / (std::max(1u, rows_) * (phase.most_elements + 1)) / 2;
  phase.longest =
      std::min<uint64_t>(room + 2, dice_.Pick({0u, 7u, 8u, 15u, 16u, 17u, 40u, 300u, 30'000u, 2'000'000u}));
  phase.shortest = dice_.OneIn(3) ? phase.longest : 0;
  return phase;
}

void ColumnMaker::Append(rows::Column* column) {
  const Phase& phase = phases_[row_ >= change_at_];
  ++row_;
  if (run_left_ == 0) {
    run_left_ = 1 + dice_.Below(phase.longest_run);
    null_run_ = dice_.Below(1000) < phase.null_of_1000;
  }
  --run_left_;
  if (null_run_ && !required_) return column->AppendNull();
  if (type_.kind != TypeKind::kList) return AppendValue(column, type_);
  for (uint64_t n = dice_.Below(phase.most_elements + 1); n > 0; --n) {
    rows::Column& element = column->BeginList();
    if (dice_.Below(1000) < phase.element_nulls) {
      element.AppendNull();
    } else {
      AppendValue(&element, type_.element_type());
    }
  }
  column->EndList();
}

void ColumnMaker::AppendValue(rows::Column* column, const Type& type) {
  const Phase& phase = phases_[row_ > change_at_];
  if (type_.kind == TypeKind::kList || phase.longest_run == 1 || dice_.OneIn(phase.longest_run)) {
    ++next_in_order_;
    value_ = phase.in_order || phase.distinct == 0 ? next_in_order_ : dice_.Next();
    if (phase.distinct > 0) value_ %= phase.distinct;
  }
  AppendNumbered(column, type, value_);
}

void ColumnMaker::AppendNumbered(rows::Column* column, const Type& type, uint64_t number) {
  Dice dice(seed_ + 0x2545F4914F6CDD1D * number);
  const Phase& phase = phases_[row_ > change_at_];
  switch (type.kind) {
    case TypeKind::kBoolean: return column->AppendBoolean(dice.OneIn(2));
    case TypeKind::kInt:
    case TypeKind::kDate: return column->AppendInt(IntNumbered(&dice, extremes_, number));
    case TypeKind::kTime:
      if (extremes_ && number < 2) return column->AppendLong(number == 0 ? 86'399'999'999 : 0);
      return column->AppendLong(static_cast<int64_t>(dice.Below(86'400'000'000)));
    case TypeKind::kLong:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz: return column->AppendLong(LongNumbered(&dice, extremes_, number));
    case TypeKind::kFloat: return column->AppendFloat(FloatNumbered<float>(&dice, extremes_, number));
    case TypeKind::kDouble: return column->AppendDouble(FloatNumbered<double>(&dice, extremes_, number));
    case TypeKind::kDecimal:
      return column->AppendDecimal(DecimalNumbered(&dice, type.precision, extremes_, number));
    case TypeKind::kUuid: {
      char uuid[16];
      for (char& c : uuid) c = static_cast<char>(extremes_ && number < 2 ? 0 - number : dice.Below(256));
      return column->AppendUuid(uuid);
    }
    case TypeKind::kString:
    case TypeKind::kBinary: {
      const bool text = type.kind == TypeKind::kString;
      // All values of one seed share a beginning, if it is of that kind: bounds then differ behind their
      // ends.
      Dice shared(seed_);
      const uint64_t alphabet = shared.Below(6);
      std::string value = shared.OneIn(3) ? AnyBytes(&shared, text, alphabet, shared.Below(20)) : "";
      value +=
          AnyBytes(&dice, text, alphabet, phase.shortest + dice.Below(phase.longest - phase.shortest + 1));
      return column->AppendBytes(value);
    }
    case TypeKind::kList: return;
  }
}

}  // namespace cdc::parquet
