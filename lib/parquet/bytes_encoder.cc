#include "lib/parquet/bytes_encoder_internal.h"

#include "lib/parquet/bounds_internal.h"
#include "lib/parquet/dictionary_internal.h"

namespace cdc::parquet {
namespace {

/// Copies in steps of sixteen, beyond `size` as well: for where both sides have that much room.
void CopyLoosely(const char* from, size_t size, char* to) {
  for (size_t at = 0; at < size; at += 16) std::memcpy(to + at, from + at, 16);
}

template <bool kText>
class BytesEncoder final : public ValueEncoder {
 public:
  explicit BytesEncoder(const ColumnLimits& limits) : ValueEncoder(limits) {}

  void BeginChunk(bool dictionary) override {
    distinct_.Clear();
    page_bounds_.Clear();
    bounds_.Clear();
    dictionary_ = dictionary;
  }

  void Append(const rows::Column& column, const Rows& rows) override {
    if (rows.numbers.empty()) return;
    if (dictionary_) return AppendIndices(column, rows.numbers);
    const int64_t* const offsets = column.offsets().data();
    size_t bytes = 0;
    if (rows.consecutive) {
      bytes = static_cast<size_t>(offsets[rows.numbers.back() + 1] - offsets[rows.numbers.front()]);
    } else {
      for (const uint32_t row : rows.numbers) bytes += static_cast<size_t>(offsets[row + 1] - offsets[row]);
    }
    bytes += 4 * rows.numbers.size();
    CopyTexts(column, rows.numbers, page_.Room(bytes));
    page_.Use(bytes);
    page_bounds_.Settle();
  }

  LeastAndMost EndChunk() override {
    for (size_t i = 0; i < distinct_.entries(); ++i) bounds_.Show(distinct_[static_cast<uint16_t>(i)]);
    bounds_.Settle();
    file_bounds_.Merge(bounds_);
    LeastAndMost out;
    if (const auto least = bounds_.least()) out.least = *least;
    if (const auto most = bounds_.most()) out.most = *most;
    return out;
  }

  size_t dictionary_entries() const override { return distinct_.entries(); }
  size_t dictionary_bytes() const override { return distinct_.body().size(); }
  std::string_view DictionaryPage(PageScratch*) override { return distinct_.body(); }

  void AddMetrics(int id, bool bounds, iceberg::DataFile* file) const override {
    if (!bounds) return;
    if (auto bound = file_bounds_.lower()) file->lower_bounds[id] = *std::move(bound);
    if (auto bound = file_bounds_.upper()) file->upper_bounds[id] = *std::move(bound);
  }

 private:
  void CopyTexts(const rows::Column& column, std::span<const uint32_t> rows, char* to) {
    const char* const texts = column.bytes_data().data();
    const int64_t* const offsets = column.offsets().data();
    const auto end = static_cast<int64_t>(column.bytes_data().size());
    for (const uint32_t row : rows) {
      const int64_t begin = offsets[row];
      const auto size = static_cast<size_t>(offsets[row + 1] - begin);
      const auto prefix = static_cast<uint32_t>(size);
      std::memcpy(to, &prefix, 4);
      if (size <= 64 && begin + 64 <= end) {
        CopyLoosely(texts + begin, size, to + 4);
      } else if (size > 0) {  // texts may be null
        std::memcpy(to + 4, texts + begin, size);
      }
      page_bounds_.Show({texts + begin, size});
      to += 4 + size;
    }
  }

  void AppendIndices(const rows::Column& column, std::span<const uint32_t> rows) {
    uint16_t* const to = IndexRoom(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) to[i] = distinct_.NumberOf(column.bytes(rows[i]));
    page_.Use(2 * rows.size());
  }

  LeastAndMost EndPlainPage() override {
    bounds_.Merge(page_bounds_);
    LeastAndMost out{page_bounds_.lower(kPageBound), page_bounds_.upper(kPageBound)};
    page_bounds_.Clear();
    return out;
  }

  static constexpr size_t kPageBound = 64;  // code points, or bytes
  BytesDictionary distinct_;
  BytesBounds<kText> page_bounds_;           // of plain values
  BytesBounds<kText> bounds_, file_bounds_;  // of the chunk, without the dictionary's values at first
};

}  // namespace

std::unique_ptr<ValueEncoder> MakeBytesEncoder(bool text, const ColumnLimits& limits) {
  if (text) return std::make_unique<BytesEncoder<true>>(limits);
  return std::make_unique<BytesEncoder<false>>(limits);
}

}  // namespace cdc::parquet
