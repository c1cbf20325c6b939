#pragma once

/// \file lib/iceberg/avro_writer_internal.h
/// Writes Avro object container files (Avro specification 1.11, "Object Container Files"), for the room's own
/// files.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/result.h"

namespace cdc::iceberg::avro {

/// Avro's binary encoding of one value after another.
class Encoder {
 public:
  void PutLong(int64_t v) {
    uint64_t n = (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63);
    while (n >= 0x80) {
      bytes_.push_back(static_cast<char>(n | 0x80));
      n >>= 7;
    }
    bytes_.push_back(static_cast<char>(n));
  }
  void PutBoolean(bool v) { bytes_.push_back(v ? '\1' : '\0'); }
  void PutBytes(std::string_view v) {
    PutLong(static_cast<int64_t>(v.size()));
    bytes_.append(v);
  }
  /// The branch of a ["null", X] union.
  void PutNull() { PutLong(0); }
  void PutPresent() { PutLong(1); }

  const std::string& bytes() const { return bytes_; }
  void Clear() { bytes_.clear(); }

 private:
  std::string bytes_;
};

/// A container file in memory, deflate-compressed.
class ContainerWriter {
 public:
  ContainerWriter(std::string_view schema_json,
                  const std::vector<std::pair<std::string, std::string>>& metadata);

  /// The encoder for one more record's values; call EndRecord() after each.
  Encoder& record() { return block_; }
  Status EndRecord();

  /// The whole file. Call once, last.
  Result<std::string> Finish();

 private:
  Status Flush();

  std::string file_;
  std::string sync_;
  Encoder block_;
  int64_t block_records_ = 0;
};

}  // namespace cdc::iceberg::avro
