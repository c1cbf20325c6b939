#pragma once

/// \file lib/parquet/format_internal.h
/// Words and pieces of the Parquet format that all files of ours are made of: its numbers (parquet.thrift)
/// and the header of a page.

#include <cstdint>
#include <string>
#include <string_view>

namespace cdc::parquet {

constexpr std::string_view kMagic = "PAR1";

enum class Physical : int32_t {
  kBoolean = 0,
  kInt32 = 1,
  kInt64 = 2,
  kFloat = 4,
  kDouble = 5,
  kByteArray = 6,
  kFixedBytes = 7
};
enum class Codec : int32_t { kNone = 0, kZstd = 6 };
enum class PageKind : int32_t { kData = 0, kDictionary = 2 };
enum class Encoding : int32_t { kPlain = 0, kRle = 3, kDeltaBinaryPacked = 5, kRleDictionary = 8 };

/// Seven bits a byte, lowest first (unsigned LEB128).
inline void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

/// Appends what precedes a page's bytes. \param values of a data page with its nulls, of a dictionary its
/// entries; \param plain_bytes size before compression; \param bytes the page as it is in the file
void AppendPageHeader(PageKind kind, size_t values, Encoding encoding, size_t plain_bytes,
                      std::string_view bytes, std::string* out);

}  // namespace cdc::parquet
