#pragma once

/// \file lib/parquet/byte_buffer_internal.h
/// Bytes that are written right after room was made for them.

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>

namespace cdc::parquet {

/// Grows by doubling and clears nothing. One thread.
class ByteBuffer {
 public:
  /// Room beyond what was asked for, so that short values are copied in whole words.
  static constexpr size_t kSlack = 32;

  ByteBuffer() = default;
  ByteBuffer(const ByteBuffer&) = delete;
  ByteBuffer& operator=(const ByteBuffer&) = delete;
  ~ByteBuffer() { std::free(data_); }

  /// \return the end, with room for `bytes`; Use() tells how many of them were written. May throw
  /// std::bad_alloc.
  char* Room(size_t bytes) {
    if (capacity_ < size_ + bytes + kSlack) Grow(size_ + bytes + kSlack);
    return data_ + size_;
  }
  void Use(size_t bytes) { size_ += bytes; }
  void Append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(Room(bytes.size()), bytes.data(), bytes.size());
    Use(bytes.size());
  }
  void Clear() { size_ = 0; }
  /// Clear(), and gives back memory beyond `bytes`.
  void Clear(size_t bytes) {
    size_ = 0;
    if (capacity_ <= bytes) return;
    std::free(data_);
    data_ = nullptr;
    capacity_ = 0;
  }

  char* data() { return data_; }
  const char* data() const { return data_; }
  size_t size() const { return size_; }
  std::string_view view() const { return {data_, size_}; }

 private:
  void Grow(size_t least) {
    const size_t capacity = least > 2 * capacity_ ? least : 2 * capacity_;
    void* const grown = std::realloc(data_, capacity);
    if (grown == nullptr) throw std::bad_alloc();
    data_ = static_cast<char*>(grown);
    capacity_ = capacity;
  }

  char* data_ = nullptr;
  size_t size_ = 0, capacity_ = 0;
};

}  // namespace cdc::parquet
