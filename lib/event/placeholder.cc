#include "lib/core/base64.h"
#include "lib/event/value_decoder.h"

namespace cdc::event {
namespace {

/// MD5-based UUID of the default placeholder's bytes (RFC 4122 version 3 without a namespace).
constexpr unsigned char kDefaultUuid[16] = {0xb6, 0x8a, 0x35, 0xa7, 0x17, 0xad, 0x35, 0xb3,
                                            0xaf, 0x2a, 0xae, 0x46, 0xed, 0xb4, 0x54, 0x5a};
constexpr std::string_view kDefaultText = "__debezium_unavailable_value";

std::string ToHex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<uint8_t>(c) >> 4];
    out += kDigits[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

}  // namespace

Placeholder::Placeholder(std::string text)
    : text_(std::move(text)),
      hstore_("{\"" + text_ + "\":\"" + text_ + "\"}"),
      base64_(EncodeBase64(text_)),
      base64_url_(base64_),
      hex_(ToHex(text_)) {
  for (char& c : base64_url_) c = c == '+' ? '-' : c == '/' ? '_' : c;
}

bool Placeholder::IsArray(const rows::Column& list, uint32_t row) const {
  const rows::Column& element = list.element();
  const uint32_t begin = list.list_begin(row), size = list.list_end(row) - begin;
  switch (element.type().kind) {
    case rows::TypeKind::kInt:
    case rows::TypeKind::kDate:
    case rows::TypeKind::kLong:
      if (size != text_.size()) return false;
      for (uint32_t i = 0; i < size; ++i) {
        const bool is_long = element.type().kind == rows::TypeKind::kLong;
        const int64_t v = is_long ? element.fixed<int64_t>(begin + i) : element.fixed<int32_t>(begin + i);
        if (!element.has_value(begin + i) || v != text_[i]) return false;
      }
      return true;
    case rows::TypeKind::kUuid:
      return size == 1 && text_ == kDefaultText && element.has_value(begin) &&
             std::memcmp(element.fixed_data().data() + size_t{begin} * 16, kDefaultUuid, 16) == 0;
    default: return size == 1 && element.cell(begin) == rows::Cell::kUnavailable;
  }
}

}  // namespace cdc::event
