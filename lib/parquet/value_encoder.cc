#include "lib/parquet/value_encoder_internal.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <type_traits>
#include <utility>
#include <vector>

#include "lib/parquet/bounds_internal.h"
#include "lib/parquet/bytes_encoder_internal.h"
#include "lib/parquet/dictionary_internal.h"

namespace cdc::parquet {
namespace {

using rows::TypeKind;

template <size_t kBytes>
struct BitsOf;
template <>
struct BitsOf<4> {
  using Type = uint32_t;
};
template <>
struct BitsOf<8> {
  using Type = uint64_t;
};
template <>
struct BitsOf<16> {
  using Type = UInt128;
};

template <typename T>
T LoadFixed(const char* values, uint32_t row) {
  T v;
  std::memcpy(&v, values + size_t{row} * sizeof(T), sizeof v);
  return v;
}

// A codec tells how a batch's value is stored in the file (Stored, the one that is compared), and whether
// (kTold) and how a bound of it is told.

/// Numbers that are stored as batches have them.
template <typename T>
struct NumberCodec {
  using Stored = T;
  static constexpr bool kAsInBatch = true, kTold = true;
  explicit NumberCodec(const rows::Type&) {}
  static constexpr size_t width() { return sizeof(T); }
  static T Load(const char* values, uint32_t row) { return LoadFixed<T>(values, row); }
  static void Put(T v, char* to) { std::memcpy(to, &v, sizeof v); }
  static std::string Single(T v) { return OrderedBounds<T>::Serialize(v); }
};

/// Decimals of up to 18 digits.
template <typename T>
struct ShortDecimalCodec {
  using Stored = T;
  static constexpr bool kAsInBatch = false, kTold = true;
  explicit ShortDecimalCodec(const rows::Type&) {}
  static constexpr size_t width() { return sizeof(T); }
  static T Load(const char* values, uint32_t row) {
    T v;  // the low half, in host order
    std::memcpy(&v, values + size_t{row} * sizeof(Int128), sizeof v);
    return v;
  }
  static void Put(T v, char* to) { std::memcpy(to, &v, sizeof v); }
  static std::string Single(T v) { return iceberg::SerializeDecimal(v); }
};

struct LongDecimalCodec {
  using Stored = Int128;
  static constexpr bool kAsInBatch = false, kTold = true;
  explicit LongDecimalCodec(const rows::Type& type)
      : width_(static_cast<size_t>(DecimalBytes(type.precision))) {}
  size_t width() const { return width_; }
  static Int128 Load(const char* values, uint32_t row) { return LoadFixed<Int128>(values, row); }
  void Put(Int128 v, char* to) const {
    for (size_t i = width_; i-- > 0; v >>= 8) to[i] = static_cast<char>(v & 0xFF);
  }
  static std::string Single(Int128 v) { return iceberg::SerializeDecimal(v); }
  size_t width_;
};

/// As the number that orders as the sixteen bytes do. Bounds are not told: Iceberg's Java library before the
/// one of pull request 14500 compares the halves as signed numbers and would drop files that have the row.
struct UuidCodec {
  using Stored = UInt128;
  static constexpr bool kAsInBatch = false, kTold = false;
  explicit UuidCodec(const rows::Type&) {}
  static constexpr size_t width() { return 16; }
  static UInt128 Load(const char* values, uint32_t row) {
    const char* const at = values + size_t{row} * 16;
    return UInt128{__builtin_bswap64(LoadWord(at))} << 64 | __builtin_bswap64(LoadWord(at + 8));
  }
  static void Put(UInt128 v, char* to) {
    const uint64_t words[] = {__builtin_bswap64(static_cast<uint64_t>(v >> 64)),
                              __builtin_bswap64(static_cast<uint64_t>(v))};
    std::memcpy(to, words, sizeof words);
  }
  static std::string Single(UInt128 v) {
    char bytes[16];
    Put(v, bytes);
    return std::string(bytes, sizeof bytes);
  }
};

template <typename Codec>
class FixedEncoder final : public ValueEncoder {
 public:
  FixedEncoder(const rows::Type& type, const ColumnLimits& limits) : ValueEncoder(limits), codec_(type) {}

  void BeginChunk(bool dictionary) override {
    distinct_.Clear();
    page_bounds_ = bounds_ = {};
    dictionary_ = dictionary;
  }

  void Append(const rows::Column& column, const Rows& rows) override {
    const char* const values = column.fixed_data().data();
    if (dictionary_) return AppendIndices(values, rows.numbers);
    const size_t count = rows.numbers.size();
    char* const to = page_.Room(count * codec_.width());
    if constexpr (std::is_same_v<Stored, UInt128> || std::is_same_v<Stored, Int128>) {
      char* at = to;
      for (const uint32_t row : rows.numbers) {
        const Stored v = codec_.Load(values, row);
        codec_.Put(v, at);
        at += codec_.width();
        page_bounds_.Add(v);
      }
    } else {
      auto* const out = reinterpret_cast<Stored*>(to);  // the headroom keeps it aligned
      if (Codec::kAsInBatch && rows.consecutive && count > 0) {
        std::memcpy(to, values + rows.numbers[0] * sizeof(Stored), count * sizeof(Stored));
      } else {
        for (size_t i = 0; i < count; ++i) out[i] = codec_.Load(values, rows.numbers[i]);
      }
      page_bounds_.AddAll(out, count);
    }
    page_.Use(count * codec_.width());
  }

  LeastAndMost EndChunk() override {
    for (const Bits bits : distinct_.values()) {
      const auto v = std::bit_cast<Stored>(bits);
      if (v == v) bounds_.Add(v);
    }
    file_bounds_.Merge(bounds_);
    return Told(bounds_);
  }

  size_t dictionary_entries() const override { return distinct_.values().size(); }
  size_t dictionary_bytes() const override { return dictionary_entries() * codec_.width(); }
  std::string_view DictionaryPage(PageScratch* scratch) override {
    scratch->body.Clear();
    char* to = scratch->body.Room(dictionary_bytes());
    for (const Bits bits : distinct_.values()) {
      codec_.Put(std::bit_cast<Stored>(bits), to);
      to += codec_.width();
    }
    scratch->body.Use(dictionary_bytes());
    return scratch->body.view();
  }

  void AddMetrics(int id, bool bounds, iceberg::DataFile* file) const override {
    if (std::is_floating_point_v<Stored>) file->nan_value_counts[id] = nans_ + file_bounds_.nan_count();
    if (!bounds || !Codec::kTold || !file_bounds_.any()) return;
    file->lower_bounds[id] = Codec::Single(file_bounds_.min());
    file->upper_bounds[id] = Codec::Single(file_bounds_.max());
  }

 private:
  using Stored = typename Codec::Stored;
  using Bits = typename BitsOf<sizeof(Stored)>::Type;

  void AppendIndices(const char* values, std::span<const uint32_t> rows) {
    uint16_t* const to = IndexRoom(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      const Stored v = codec_.Load(values, rows[i]);
      nans_ += v != v;
      to[i] = distinct_.NumberOf(std::bit_cast<Bits>(v));
    }
    page_.Use(2 * rows.size());
  }

  LeastAndMost EndPlainPage() override {
    bounds_.Merge(page_bounds_);
    return Told(std::exchange(page_bounds_, {}));
  }

  LeastAndMost Told(const OrderedBounds<Stored>& bounds) const {
    if (!Codec::kTold || !bounds.any()) return {};
    Stored least = bounds.min(), most = bounds.max();
    if constexpr (std::is_floating_point_v<Stored>) {
      // Readers of older files could not tell the zeros apart (parquet.thrift, ColumnOrder).
      if (least == 0) least = Stored(-0.0);
      if (most == 0) most = Stored(0.0);
    }
    return {Plain(least), Plain(most)};
  }

  std::string Plain(Stored v) const {
    std::string out(codec_.width(), '\0');
    codec_.Put(v, out.data());
    return out;
  }

  const Codec codec_;
  FixedDictionary<Bits> distinct_;
  OrderedBounds<Stored> page_bounds_;           // of plain values
  OrderedBounds<Stored> bounds_, file_bounds_;  // of the chunk, without the dictionary's values at first
  int64_t nans_ = 0;                            // among the dictionary's values
};

/// One bit each. They never have a dictionary.
class BooleanEncoder final : public ValueEncoder {
 public:
  explicit BooleanEncoder(const ColumnLimits& limits) : ValueEncoder(limits) {}

  void BeginChunk(bool) override { page_bounds_ = bounds_ = {}; }
  /// A byte each until the page is taken.
  void Append(const rows::Column& column, const Rows& rows) override {
    const char* const values = column.fixed_data().data();
    char* const to = page_.Room(rows.numbers.size());
    for (size_t i = 0; i < rows.numbers.size(); ++i) to[i] = values[rows.numbers[i]];
    page_bounds_.AddAll(reinterpret_cast<const uint8_t*>(to), rows.numbers.size());
    page_.Use(rows.numbers.size());
  }
  LeastAndMost EndChunk() override {
    file_bounds_.Merge(bounds_);
    return {bounds_.lower(), bounds_.upper()};
  }
  size_t dictionary_entries() const override { return 0; }
  size_t dictionary_bytes() const override { return 0; }
  std::string_view DictionaryPage(PageScratch*) override { return {}; }
  void AddMetrics(int id, bool bounds, iceberg::DataFile* file) const override {
    if (!bounds || !file_bounds_.any()) return;
    file->lower_bounds[id] = *file_bounds_.lower();
    file->upper_bounds[id] = *file_bounds_.upper();
  }

 private:
  std::string_view EncodePlain(std::string_view levels, PageScratch* scratch) override {
    scratch->body.Clear();
    scratch->body.Append(levels);
    const size_t count = page_.size() - kHeadroom;
    const char* const values = page_.data() + kHeadroom;
    char* const to = scratch->body.Room((count + 7) / 8);
    std::memset(to, 0, (count + 7) / 8);
    for (size_t i = 0; i < count; ++i) to[i / 8] = static_cast<char>(to[i / 8] | values[i] << (i % 8));
    scratch->body.Use((count + 7) / 8);
    return scratch->body.view();
  }

  LeastAndMost EndPlainPage() override {
    const auto page = std::exchange(page_bounds_, {});
    bounds_.Merge(page);
    return {page.lower(), page.upper()};
  }

  OrderedBounds<uint8_t> page_bounds_, bounds_, file_bounds_;
};

template <typename Codec>
std::unique_ptr<ValueEncoder> MakeFixed(const rows::Type& type, const ColumnLimits& limits) {
  return std::make_unique<FixedEncoder<Codec>>(type, limits);
}

}  // namespace

ValueEncoder::ValueEncoder(const ColumnLimits& limits) : limits_(limits) {
  page_.Room(kHeadroom);
  page_.Use(kHeadroom);
}

size_t ValueEncoder::page_bytes() const {
  const size_t bytes = page_.size() - kHeadroom;
  if (!dictionary_) return bytes;
  return bytes / 2 * static_cast<size_t>(RunWidth(dictionary_entries())) / 8;
}

bool ValueEncoder::page_full() const {
  return page_bytes() >= limits_.page_bytes || page_.size() - kHeadroom >= 2 * limits_.page_bytes;
}

std::string_view ValueEncoder::TakePage(std::string_view levels, PageScratch* scratch, LeastAndMost* bounds) {
  std::string_view body;
  if (encoding() == Encoding::kRleDictionary) {
    const size_t entries = dictionary_entries();
    const int width = RunWidth(entries - 1);
    scratch->indices.Reset(width);
    scratch->indices.Append(reinterpret_cast<const uint16_t*>(page_.data() + kHeadroom),
                            (page_.size() - kHeadroom) / 2);
    scratch->body.Clear();
    scratch->body.Append(levels);
    const char first = static_cast<char>(width);
    scratch->body.Append({&first, 1});
    scratch->body.Append(scratch->indices.Finish());
    body = scratch->body.view();
  } else {
    body = EncodePlain(levels, scratch);
    *bounds = EndPlainPage();
  }
  page_.Clear();
  page_.Use(kHeadroom);  // still there: the body may lie in it
  return body;
}

void ValueEncoder::Trim() {
  page_.Clear(4 * limits_.page_bytes);
  page_.Room(kHeadroom);
  page_.Use(kHeadroom);
}

std::string_view ValueEncoder::EncodePlain(std::string_view levels, PageScratch* scratch) {
  if (levels.size() <= kHeadroom) {
    char* const begin = page_.data() + kHeadroom - levels.size();
    std::memcpy(begin, levels.data(), levels.size());
    return {begin, levels.size() + page_.size() - kHeadroom};
  }
  scratch->body.Clear();
  scratch->body.Append(levels);
  scratch->body.Append(page_.view().substr(kHeadroom));
  return scratch->body.view();
}

std::unique_ptr<ValueEncoder> ValueEncoder::Make(const rows::Type& leaf, const ColumnLimits& limits) {
  switch (leaf.kind) {
    case TypeKind::kBoolean: return std::make_unique<BooleanEncoder>(limits);
    case TypeKind::kInt:
    case TypeKind::kDate: return MakeFixed<NumberCodec<int32_t>>(leaf, limits);
    case TypeKind::kLong:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz: return MakeFixed<NumberCodec<int64_t>>(leaf, limits);
    case TypeKind::kFloat: return MakeFixed<NumberCodec<float>>(leaf, limits);
    case TypeKind::kDouble: return MakeFixed<NumberCodec<double>>(leaf, limits);
    case TypeKind::kDecimal:
      if (leaf.precision <= 9) return MakeFixed<ShortDecimalCodec<int32_t>>(leaf, limits);
      if (leaf.precision <= 18) return MakeFixed<ShortDecimalCodec<int64_t>>(leaf, limits);
      return MakeFixed<LongDecimalCodec>(leaf, limits);
    case TypeKind::kUuid: return MakeFixed<UuidCodec>(leaf, limits);
    case TypeKind::kString: return MakeBytesEncoder(true, limits);
    case TypeKind::kBinary: return MakeBytesEncoder(false, limits);
    case TypeKind::kList: break;
  }
  return nullptr;
}

}  // namespace cdc::parquet
