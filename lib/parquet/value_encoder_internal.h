#pragma once

/// \file lib/parquet/value_encoder_internal.h
/// Gathers the values of one leaf column straight from a batch into the open page, plain or as numbers of a
/// dictionary, and keeps their bounds.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "lib/iceberg/data_file.h"
#include "lib/parquet/byte_buffer_internal.h"
#include "lib/parquet/footer_internal.h"
#include "lib/parquet/run_encoding_internal.h"
#include "lib/rows/column.h"

namespace cdc::parquet {

/// What one column may hold, so that all of them keep to the file's byte budget.
struct ColumnLimits {
  size_t page_bytes, dictionary_bytes;
};

/// Room for putting a page together. One for all columns of a file.
struct PageScratch {
  ByteBuffer body;
  RunEncoder<uint16_t> indices{1};
};

/// One per leaf column and file. Values come between BeginChunk() and EndChunk(), pages are taken between.
/// One thread; may throw std::bad_alloc.
class ValueEncoder {
 public:
  /// Rows that follow each other in a batch, or any.
  struct Rows {
    std::span<const uint32_t> numbers;
    bool consecutive;
  };
  /// As many values as may come at once: a dictionary's limit is looked at between.
  static constexpr size_t kMostAtOnce = 8192;

  static std::unique_ptr<ValueEncoder> Make(const rows::Type& leaf, const ColumnLimits& limits);
  virtual ~ValueEncoder() = default;

  /// \param dictionary whether to begin with one
  virtual void BeginChunk(bool dictionary) = 0;
  /// \param rows each of them has a value
  virtual void Append(const rows::Column& column, const Rows& rows) = 0;
  /// Begins another chunk. What the file's bounds are made of is kept.
  virtual LeastAndMost EndChunk() = 0;

  /// Of the open page once encoded, without levels. What it takes in memory may be twice that.
  size_t page_bytes() const;
  bool page_full() const;
  /// The open page's bytes: `levels` and then its values. It is empty afterwards. Valid until the next call
  /// to this encoder or with this scratch.
  /// \param bounds of a page of plain values: what a page index may say, texts and binaries cut
  std::string_view TakePage(std::string_view levels, PageScratch* scratch, LeastAndMost* bounds);

  /// Gives back the memory of a page that was much too large; after the page was used.
  void Trim();

  /// How the open page is encoded. One without values is plain.
  Encoding encoding() const {
    return dictionary_ && dictionary_entries() > 0 ? Encoding::kRleDictionary : Encoding::kPlain;
  }
  /// Whether the next value goes into the dictionary, be it empty yet.
  bool in_dictionary() const { return dictionary_; }
  bool dictionary_full() const {
    return dictionary_ &&
           (dictionary_bytes() >= limits_.dictionary_bytes || dictionary_entries() >= kMostEntries);
  }
  /// From the next value on they are plain. The open page must have been taken.
  void LeaveDictionary() { dictionary_ = false; }
  virtual size_t dictionary_entries() const = 0;
  virtual size_t dictionary_bytes() const = 0;
  /// The dictionary's page; valid as TakePage()'s.
  virtual std::string_view DictionaryPage(PageScratch* scratch) = 0;

  /// Adds what was seen in all chunks. \param bounds whether to tell them, too
  virtual void AddMetrics(int id, bool bounds, iceberg::DataFile* file) const = 0;

 protected:
  explicit ValueEncoder(const ColumnLimits& limits);
  static constexpr size_t kMostEntries = 32 * 1024;  // and kMostAtOnce more: below 2^16
  /// Room for this many indices.
  uint16_t* IndexRoom(size_t count) { return reinterpret_cast<uint16_t*>(page_.Room(2 * count)); }
  virtual std::string_view EncodePlain(std::string_view levels, PageScratch* scratch);
  /// Makes the open page's bounds part of the chunk's, and tells them.
  virtual LeastAndMost EndPlainPage() = 0;

  static constexpr size_t kHeadroom = 64;  // for levels: those of a page without nulls fit
  const ColumnLimits limits_;
  ByteBuffer page_;  // after kHeadroom: plain values, or indices as uint16_t
  bool dictionary_ = false;
};

}  // namespace cdc::parquet
