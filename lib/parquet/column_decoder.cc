#include "lib/parquet/column_decoder_internal.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace cdc::parquet {
namespace {

namespace pq = ::parquet;
using rows::TypeKind;

/// Values at a time: their scratch is per column, and there may be many columns.
constexpr int64_t kBatchValues = 1024;

Error EndsEarly() { return {ErrorKind::kCorrupt, "a column has fewer rows than its row group"}; }

// Appends one physical value of a file's column as a value of the wanted kind. `length` is the bytes of a
// FIXED_LEN_BYTE_ARRAY. False: the value is outside what the type can hold.

bool AppendBytesAs(std::string_view bytes, rows::Column* out) {
  switch (out->type().kind) {
    case TypeKind::kDecimal: {
      const auto v = DecimalFromBigEndian(bytes);
      if (!v || !DecimalFits(*v, out->type().precision)) return false;
      out->AppendDecimal(*v);
      return true;
    }
    case TypeKind::kUuid: {
      if (bytes.size() != 16) return false;
      char uuid[16];
      std::memcpy(uuid, bytes.data(), 16);
      out->AppendUuid(uuid);
      return true;
    }
    default: out->AppendBytes(bytes); return true;
  }
}

bool Append(bool v, int, rows::Column* out) {
  out->AppendBoolean(v);
  return true;
}
bool Append(float v, int, rows::Column* out) {
  if (out->type().kind == TypeKind::kDouble) {
    out->AppendDouble(v);
  } else {
    out->AppendFloat(v);
  }
  return true;
}
bool Append(double v, int, rows::Column* out) {
  out->AppendDouble(v);
  return true;
}
bool Append(int64_t v, int, rows::Column* out) {
  if (out->type().kind != TypeKind::kDecimal) {
    out->AppendLong(v);
  } else if (DecimalFits(v, out->type().precision)) {
    out->AppendDecimal(v);
  } else {
    return false;
  }
  return true;
}
bool Append(int32_t v, int length, rows::Column* out) {
  const TypeKind kind = out->type().kind;
  if (kind == TypeKind::kLong || kind == TypeKind::kDecimal) return Append(int64_t{v}, length, out);
  out->AppendInt(v);
  return true;
}
bool Append(const pq::ByteArray& v, int, rows::Column* out) {
  return AppendBytesAs({reinterpret_cast<const char*>(v.ptr), v.len}, out);
}
bool Append(const pq::FixedLenByteArray& v, int length, rows::Column* out) {
  return AppendBytesAs({reinterpret_cast<const char*>(v.ptr), static_cast<size_t>(length)}, out);
}

/// Which rows the page in hand has. Rows are page values in a flat column.
struct PageWindow {
  int64_t begin = 0;
  int64_t end = 0;     // rows of all pages seen
  int64_t loaded = 0;  // pages handed out: a change means that a new page is in hand
};

template <typename DType>
class DecoderBase : public ColumnDecoder {
 protected:
  using Value = typename DType::c_type;

  DecoderBase(const pq::ColumnDescriptor* descriptor, std::unique_ptr<pq::PageReader> pages)
      : length_(descriptor->type_length()),
        max_level_(descriptor->max_definition_level()),
        reader_(std::static_pointer_cast<pq::TypedColumnReader<DType>>(
            pq::ColumnReader::Make(descriptor, std::move(pages)))),
        values_(std::make_unique<Value[]>(kBatchValues)),
        definition_(kBatchValues) {}

  const int length_;
  const int16_t max_level_;
  std::shared_ptr<pq::TypedColumnReader<DType>> reader_;
  std::unique_ptr<Value[]> values_;
  std::vector<int16_t> definition_;
};

template <typename DType>
class FlatDecoder final : public DecoderBase<DType> {
 public:
  FlatDecoder(const pq::ColumnDescriptor* descriptor, std::unique_ptr<pq::PageReader> pages,
              std::span<const int64_t> only_rows)
      : FlatDecoder(descriptor, WithFilter(std::move(pages), only_rows)) {}

  Status Read(int64_t row, int64_t count, rows::Column* out) override {
    while (count > 0) {
      // One page at a time: a page may be followed by others that the filter has passed over.
      if (next_ >= window_->end || seen_ == 0) {
        if (!this->reader_->HasNext()) return EndsEarly();
        Arrive(next_);
      }
      if (row < next_) return EndsEarly();
      if (row >= window_->end) {
        Consume([this](int64_t n) { return this->reader_->Skip(n); }, window_->end - next_);
        continue;
      }
      if (row > next_) {
        Consume([this](int64_t n) { return this->reader_->Skip(n); }, row - next_);
        continue;
      }
      const int64_t before = next_;
      CDC_TRY(ReadHere(std::min({count, window_->end - next_, kBatchValues}), out));
      if (last_read_ == 0) return EndsEarly();
      row = before + last_read_;
      count -= last_read_;
    }
    return {};
  }

 private:
  using Filtered = std::pair<std::unique_ptr<pq::PageReader>, std::unique_ptr<PageWindow>>;

  FlatDecoder(const pq::ColumnDescriptor* descriptor, Filtered filtered)
      : DecoderBase<DType>(descriptor, std::move(filtered.first)), window_(std::move(filtered.second)) {}

  /// The callback runs once per data page in file order.
  static Filtered WithFilter(std::unique_ptr<pq::PageReader> pages, std::span<const int64_t> only_rows) {
    auto window = std::make_unique<PageWindow>();
    pages->set_data_page_filter([w = window.get(), only_rows](const pq::DataPageStats& page) {
      const int64_t begin = w->end;
      w->end += page.num_values;
      const auto at = std::lower_bound(only_rows.begin(), only_rows.end(), begin);
      if (!only_rows.empty() && (at == only_rows.end() || *at >= w->end)) return true;
      w->begin = begin;
      ++w->loaded;
      return false;
    });
    return {std::move(pages), std::move(window)};
  }

  /// The next unread row is `row`, unless a new page came in meanwhile: then it is that page's first.
  void Arrive(int64_t row) {
    next_ = seen_ == window_->loaded ? row : window_->begin;
    seen_ = window_->loaded;
  }

  template <typename Body>
  int64_t Consume(Body&& body, int64_t count) {
    const int64_t from = next_;
    const int64_t done = body(count);
    Arrive(from + done);
    return done;
  }

  Status ReadHere(int64_t count, rows::Column* out) {
    int64_t values = 0;
    last_read_ = Consume(
        [&](int64_t n) {
          return this->reader_->ReadBatch(n, this->definition_.data(), nullptr, this->values_.get(), &values);
        },
        count);
    int64_t used = 0;
    for (int64_t i = 0; i < last_read_; ++i) {
      if (this->max_level_ > 0 && this->definition_[static_cast<size_t>(i)] < this->max_level_) {
        out->AppendNull();
      } else if (used >= values || !Append(this->values_[static_cast<size_t>(used++)], this->length_, out)) {
        return Error{ErrorKind::kCorrupt, "a value is outside its column's type " + ToString(out->type())};
      }
    }
    return {};
  }

  std::unique_ptr<PageWindow> window_;
  int64_t next_ = 0;  // row that the reader would give next
  int64_t seen_ = 0;  // window_->loaded when next_ was set
  int64_t last_read_ = 0;
};

/// Rows of lists have no fixed number of values: decoded in order into a small buffer of whole rows.
template <typename DType>
class ListDecoder final : public DecoderBase<DType> {
 public:
  ListDecoder(const pq::ColumnDescriptor* descriptor, std::unique_ptr<pq::PageReader> pages,
              const FileColumn& column, const rows::Type& wanted)
      : DecoderBase<DType>(descriptor, std::move(pages)),
        repetition_(kBatchValues),
        column_(column),
        buffer_(wanted) {}

  Status Read(int64_t row, int64_t count, rows::Column* out) override {
    for (; count > 0; ++row, --count) {
      while (row >= buffer_begin_ + buffer_.size()) {
        if (ended_) return EndsEarly();
        CDC_TRY(Refill());
      }
      out->AppendFrom(buffer_, static_cast<uint32_t>(row - buffer_begin_));
    }
    return {};
  }

 private:
  enum class Open { kNone, kNull, kList };

  Status Refill() {
    buffer_begin_ += buffer_.size();
    // Elements of the unfinished last row stay in the buffer's element column behind the last offset.
    std::vector<rows::Column> carried;
    if (open_ == Open::kList) {
      carried.emplace_back(buffer_.type().element_type());
      for (uint32_t i = finished_elements_; i < buffer_.element().size(); ++i) {
        carried[0].AppendFrom(buffer_.element(), i);
      }
    }
    buffer_ = rows::Column(buffer_.type());
    finished_elements_ = 0;
    if (!carried.empty()) {
      for (uint32_t i = 0; i < carried[0].size(); ++i) buffer_.BeginList().AppendFrom(carried[0], i);
    }
    if (!this->reader_->HasNext()) {
      FinishRow();
      ended_ = true;
      return {};
    }
    int64_t values = 0;
    const int64_t levels = this->reader_->ReadBatch(kBatchValues, this->definition_.data(),
                                                    repetition_.data(), this->values_.get(), &values);
    int64_t used = 0;
    for (int64_t i = 0; i < levels; ++i) {
      const int16_t level = this->definition_[static_cast<size_t>(i)];
      if (repetition_[static_cast<size_t>(i)] == 0) {
        FinishRow();
        open_ = level <= column_.null_list_level ? Open::kNull : Open::kList;
        if (level <= column_.empty_list_level) continue;
      }
      if (level < this->max_level_) {
        buffer_.BeginList().AppendNull();
      } else if (used >= values ||
                 !Append(this->values_[static_cast<size_t>(used++)], this->length_, &buffer_.BeginList())) {
        return Error{ErrorKind::kCorrupt,
                     "an element is outside its list's type " + ToString(buffer_.type())};
      }
    }
    return {};
  }

  void FinishRow() {
    if (open_ == Open::kNull) buffer_.AppendNull();
    if (open_ == Open::kList) buffer_.EndList();
    finished_elements_ = buffer_.element().size();
    open_ = Open::kNone;
  }

  std::vector<int16_t> repetition_;
  const FileColumn column_;
  rows::Column buffer_;
  int64_t buffer_begin_ = 0;  // row of the row group that is buffer_'s first
  uint32_t finished_elements_ = 0;
  Open open_ = Open::kNone;
  bool ended_ = false;
};

template <typename DType>
std::unique_ptr<ColumnDecoder> MakeTyped(const pq::ColumnDescriptor* descriptor,
                                         std::unique_ptr<pq::PageReader> pages, const FileColumn& column,
                                         const rows::Type& wanted, std::span<const int64_t> only_rows) {
  if (wanted.kind == TypeKind::kList) {
    return std::make_unique<ListDecoder<DType>>(descriptor, std::move(pages), column, wanted);
  }
  return std::make_unique<FlatDecoder<DType>>(descriptor, std::move(pages), only_rows);
}

}  // namespace

std::unique_ptr<ColumnDecoder> ColumnDecoder::Make(const pq::ColumnDescriptor* descriptor,
                                                   std::unique_ptr<pq::PageReader> pages,
                                                   const FileColumn& column, const rows::Type& wanted,
                                                   std::span<const int64_t> only_rows) {
  switch (descriptor->physical_type()) {
    case pq::Type::BOOLEAN:
      return MakeTyped<pq::BooleanType>(descriptor, std::move(pages), column, wanted, only_rows);
    case pq::Type::INT32:
      return MakeTyped<pq::Int32Type>(descriptor, std::move(pages), column, wanted, only_rows);
    case pq::Type::INT64:
      return MakeTyped<pq::Int64Type>(descriptor, std::move(pages), column, wanted, only_rows);
    case pq::Type::FLOAT:
      return MakeTyped<pq::FloatType>(descriptor, std::move(pages), column, wanted, only_rows);
    case pq::Type::DOUBLE:
      return MakeTyped<pq::DoubleType>(descriptor, std::move(pages), column, wanted, only_rows);
    case pq::Type::BYTE_ARRAY:
      return MakeTyped<pq::ByteArrayType>(descriptor, std::move(pages), column, wanted, only_rows);
    case pq::Type::FIXED_LEN_BYTE_ARRAY:
      return MakeTyped<pq::FLBAType>(descriptor, std::move(pages), column, wanted, only_rows);
    default: return nullptr;
  }
}

}  // namespace cdc::parquet
