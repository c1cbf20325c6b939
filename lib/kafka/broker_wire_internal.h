#pragma once

/// \file lib/kafka/broker_wire_internal.h
/// Kafka's protocol primitives (non-flexible versions): big-endian numbers, strings and arrays with length
/// prefixes.

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace cdc::kafka::wire {

template <std::integral T>
T FromBigEndian(const char* bytes) {
  std::make_unsigned_t<T> value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<std::make_unsigned_t<T>>(value << (sizeof(T) > 1 ? 8 : 0)) |
            static_cast<unsigned char>(bytes[i]);
  }
  return static_cast<T>(value);
}

template <std::integral T>
void ToBigEndian(T value, char* bytes) {
  for (size_t i = 0; i < sizeof(T); ++i) {
    bytes[i] = static_cast<char>(static_cast<uint64_t>(value) >> (8 * (sizeof(T) - 1 - i)));
  }
}

/// Reads a request. After the first thing that is not there ok() is false and all reads give zero or empty.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <std::integral T>
  T Number() {
    if (!Has(sizeof(T))) return 0;
    const T value = FromBigEndian<T>(rest_.data());
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  bool Bool() { return Number<int8_t>() != 0; }
  /// Nothing: null.
  std::optional<std::string_view> NullableString() { return Counted(Number<int16_t>()); }
  std::string_view String() { return NullableString().value_or(std::string_view()); }
  std::string_view Bytes() { return Counted(Number<int32_t>()).value_or(std::string_view()); }
  /// Number of elements of an array; −1: null. No more than there are bytes left.
  int32_t ArraySize() {
    const auto n = Number<int32_t>();
    if (n > static_cast<int64_t>(rest_.size())) ok_ = false;
    return ok_ ? n : 0;
  }
  bool ok() const { return ok_; }

 private:
  bool Has(size_t size) { return ok_ = ok_ && rest_.size() >= size; }
  std::optional<std::string_view> Counted(int32_t size) {
    if (size < 0 || !Has(static_cast<size_t>(size))) return std::nullopt;
    const std::string_view value = rest_.substr(0, static_cast<size_t>(size));
    rest_.remove_prefix(value.size());
    return value;
  }
  std::string_view rest_;
  bool ok_ = true;
};

/// Appends an answer to a string.
class Writer {
 public:
  explicit Writer(std::string* out) : out_(out) {}

  template <std::integral T>
  void Number(T value) {
    char bytes[sizeof(T)];
    ToBigEndian(value, bytes);
    out_->append(bytes, sizeof(T));
  }
  void String(std::string_view text) {
    Number(static_cast<int16_t>(text.size()));
    out_->append(text);
  }
  void NullString() { Number<int16_t>(-1); }
  /// Leaves room for a number that is known later.
  size_t Reserve(size_t size) {
    out_->append(size, '\0');
    return out_->size() - size;
  }
  template <std::integral T>
  void Patch(size_t place, T value) {
    ToBigEndian(value, out_->data() + place);
  }
  std::string* out() { return out_; }

 private:
  std::string* out_;
};

}  // namespace cdc::kafka::wire
