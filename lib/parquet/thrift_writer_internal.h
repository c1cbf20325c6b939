#pragma once

/// \file lib/parquet/thrift_writer_internal.h
/// Thrift's compact protocol, as far as Parquet's page headers and footers need it: fields are written in
/// ascending order of their ids (Apache Thrift, "Thrift Compact protocol encoding").

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/parquet/format_internal.h"

namespace cdc::parquet {

/// Appends to a string. Value type, one thread.
class ThriftWriter {
 public:
  /// Types of list elements, with the codes of the protocol.
  enum class Type : uint8_t { kBoolean = 1, kInt32 = 5, kInt64 = 6, kBinary = 8, kStruct = 12 };

  explicit ThriftWriter(std::string* out) : out_(*out) {}

  void Int32(int16_t id, int32_t value) {
    Field(id, 5);
    ZigZag(value);
  }
  template <typename E>
  void Enum(int16_t id, E value) {
    Int32(id, static_cast<int32_t>(value));
  }
  void Int64(int16_t id, int64_t value) {
    Field(id, 6);
    ZigZag(value);
  }
  void True(int16_t id) { Field(id, 1); }
  void False(int16_t id) { Field(id, 2); }

  void Binary(int16_t id, std::string_view bytes) {
    Field(id, 8);
    Element(bytes);
  }

  /// Its fields follow, then EndStruct().
  void Struct(int16_t id) {
    Field(id, 12);
    StructElement();
  }
  void EndStruct() {
    Stop();
    previous_ = outer_[--depth_];
  }
  /// `size` elements follow: Element(), or StructElement() and EndStruct() for each.
  void List(int16_t id, Type type, size_t size) {
    Field(id, 9);
    if (size < 15) {
      out_.push_back(static_cast<char>(size << 4 | static_cast<uint8_t>(type)));
    } else {
      out_.push_back(static_cast<char>(0xF0 | static_cast<uint8_t>(type)));
      Varint(size);
    }
  }
  void Element(bool value) { out_.push_back(value ? 1 : 2); }
  void Element(int32_t value) { ZigZag(value); }
  void Element(int64_t value) { ZigZag(value); }
  void Element(std::string_view bytes) {
    Varint(bytes.size());
    out_.append(bytes);
  }
  void StructElement() {
    outer_[depth_++] = previous_;
    previous_ = 0;
  }

  /// Ends the outermost struct.
  void Stop() { out_.push_back(0); }

 private:
  void Field(int16_t id, uint8_t type) {
    const int step = id - previous_;
    if (step > 0 && step < 16) {
      out_.push_back(static_cast<char>(step << 4 | type));
    } else {
      out_.push_back(static_cast<char>(type));
      ZigZag(id);
    }
    previous_ = id;
  }
  void ZigZag(int64_t value) {
    Varint(static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63));
  }
  void Varint(uint64_t value) { AppendVarint(value, &out_); }

  std::string& out_;
  int16_t previous_ = 0;
  std::array<int16_t, 8> outer_{};  // as deep as a footer goes, and more
  size_t depth_ = 0;
};

}  // namespace cdc::parquet
