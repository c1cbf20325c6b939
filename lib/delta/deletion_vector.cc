#include "lib/delta/deletion_vector.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <charconv>
#include <memory>

#include "lib/delta/bitmap.h"
#include "lib/iceberg/metadata.h"

namespace cdc::delta {
namespace {

constexpr uint32_t kMagic = 1681511377;  ///< of the portable form (PROTOCOL.md, "Deletion Vector Format")
constexpr char kVersion = 1;             ///< a file's first byte
constexpr std::string_view kAlphabet =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
constexpr size_t kUuidText = 20;  ///< characters of a uuid in Z85

void PutBigEndian(uint32_t value, std::string* out) {
  for (int shift = 24; shift >= 0; shift -= 8) out->push_back(static_cast<char>(value >> shift));
}

uint32_t BigEndian(const char* bytes) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

uint32_t Crc32(std::string_view bytes) {
  return static_cast<uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

/// "01234567-89ab-…" → 16 bytes.
std::string UuidBytes(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i + 1 < text.size();) {
    if (text[i] == '-') {
      ++i;
      continue;
    }
    unsigned byte = 0;
    std::from_chars(&text[i], &text[i] + 2, byte, 16);
    bytes.push_back(static_cast<char>(byte));
    i += 2;
  }
  return bytes;
}

std::string UuidText(std::string_view bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
  }
  return text;
}

/// \param data magic and bitmap
Result<std::vector<int64_t>> Decode(std::string_view data) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(data[i])); };
  if (data.size() < 4 || (byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24) != kMagic)
    return Error{ErrorKind::kCorrupt, "reading a deletion vector: not of the portable form"};
  return DecodeBitmap(data.substr(4));
}

}  // namespace

std::string DeletionVector::unique_id() const {
  return storage_type + path_or_inline + (offset ? "@" + std::to_string(*offset) : "");
}

std::string EncodeZ85(std::string_view bytes) {
  std::string text;
  for (size_t at = 0; at + 4 <= bytes.size(); at += 4) {
    uint32_t value = BigEndian(bytes.data() + at);
    char digits[5];
    for (int i = 4; i >= 0; --i, value /= 85) digits[i] = kAlphabet[value % 85];
    text.append(digits, 5);
  }
  return text;
}

std::optional<std::string> DecodeZ85(std::string_view text) {
  if (text.size() % 5 != 0) return std::nullopt;
  std::string bytes;
  for (size_t at = 0; at < text.size(); at += 5) {
    uint64_t value = 0;
    for (size_t i = 0; i < 5; ++i) {
      const size_t digit = kAlphabet.find(text[at + i]);
      if (digit == std::string_view::npos) return std::nullopt;
      value = value * 85 + digit;
    }
    if (value > UINT32_MAX) return std::nullopt;
    PutBigEndian(static_cast<uint32_t>(value), &bytes);
  }
  return bytes;
}

Result<std::string> FileOf(const DeletionVector& vector, const std::string& table_root) {
  if (vector.storage_type == "i") return std::string();
  if (vector.storage_type == "p") return vector.path_or_inline;
  const std::string& text = vector.path_or_inline;
  const auto id = text.size() < kUuidText ? std::nullopt
                                          : DecodeZ85(std::string_view(text).substr(text.size() - kUuidText));
  if (vector.storage_type != "u" || !id)
    return Error{ErrorKind::kCorrupt,
                 fmt::format("deletion vector '{}{}' names no file", vector.storage_type, text)};
  const std::string prefix = text.substr(0, text.size() - kUuidText);
  return fmt::format("{}/{}{}deletion_vector_{}.bin", table_root, prefix, prefix.empty() ? "" : "/",
                     UuidText(*id));
}

Result<std::vector<int64_t>> ReadVector(const DeletionVector& vector, const std::string& table_root,
                                        storage::FileSystem& files) {
  CDC_ASSIGN(const std::string path, FileOf(vector, table_root));
  if (path.empty()) {
    const auto data = DecodeZ85(vector.path_or_inline);
    if (!data || static_cast<size_t>(vector.size_in_bytes) > data->size())
      return Error{ErrorKind::kCorrupt, "reading a deletion vector in the log: it is not Z85"};
    return Decode(std::string_view(*data).substr(0, static_cast<size_t>(vector.size_in_bytes)));
  }
  const int64_t offset = vector.offset.value_or(0);
  CDC_ASSIGN(const auto file, files.Open(path));
  const auto size = static_cast<size_t>(std::max(vector.size_in_bytes, 0));
  if (offset < 0 || file->size() < offset + static_cast<int64_t>(size) + 8)
    return Error{ErrorKind::kCorrupt, "reading deletion vectors of " + path + ": it is too short"};
  std::string bytes(size + 8, '\0');
  CDC_TRY(file->ReadAt(offset, bytes.size(), bytes.data()));
  const std::string_view data(bytes.data() + 4, size);
  if (BigEndian(bytes.data()) != size || BigEndian(bytes.data() + 4 + size) != Crc32(data))
    return Error{ErrorKind::kCorrupt, "reading deletion vectors of " + path + ": size or checksum is wrong"};
  CDC_ASSIGN(std::vector<int64_t> rows, Decode(data));
  if (static_cast<int64_t>(rows.size()) != vector.cardinality)
    return Error{ErrorKind::kCorrupt,
                 "reading deletion vectors of " + path + ": the log says another number of rows"};
  return rows;
}

VectorFile::VectorFile() : bytes_(1, kVersion) {
  const std::string id = iceberg::NewUuid();
  name_ = "deletion_vector_" + id + ".bin";
  encoded_id_ = EncodeZ85(UuidBytes(id));
}

DeletionVector VectorFile::Add(std::span<const int64_t> sorted) {
  std::string data;
  for (int i = 0; i < 4; ++i) data.push_back(static_cast<char>(kMagic >> (8 * i)));
  data += EncodeBitmap(sorted);
  DeletionVector vector{"u", encoded_id_, static_cast<int32_t>(bytes_.size()),
                        static_cast<int32_t>(data.size()), static_cast<int64_t>(sorted.size())};
  PutBigEndian(static_cast<uint32_t>(data.size()), &bytes_);
  bytes_ += data;
  PutBigEndian(Crc32(data), &bytes_);
  return vector;
}

}  // namespace cdc::delta
