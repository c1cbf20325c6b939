#include "lib/event/placeholder.h"

#include <algorithm>
#include <charconv>

#include "lib/core/base64.h"
#include "lib/core/decimal.h"
#include "lib/event/big_decimal.h"
#include "lib/event/name_uuid.h"

namespace cdc::event {
namespace {

constexpr std::string_view kHexMark = "hex:";
/// From so many bytes on no value of anybody's is the mark by chance.
constexpr size_t kLong = 8;

std::string ToHex(std::string_view bytes, bool upper) {
  const char* const digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += digits[static_cast<uint8_t>(c) >> 4];
    out += digits[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

/// The bytes that the connector takes: those of the text, or those behind "hex:".
std::string BytesOf(std::string_view configured) {
  if (!configured.starts_with(kHexMark)) return std::string(configured);
  const std::string_view hex = configured.substr(kHexMark.size());
  std::string out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    uint8_t byte = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    out += static_cast<char>(byte);
  }
  return out;
}

/// How many bytes of `text` make a character, or the beginning of one that is cut off. \param whole which
size_t CharacterSize(std::string_view text, bool* whole) {
  size_t size = 1;
  while (size <= 4 && size <= text.size()) {
    *whole = IsUtf8(text.substr(0, size));
    if (*whole) return size;
    ++size;
  }
  // Of a broken one, what a character could have begun with is replaced at once.
  const auto lead = static_cast<uint8_t>(text[0]);
  const size_t wanted = lead >= 0xf0 && lead <= 0xf4 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 1;
  size = 1;
  while (size < wanted && size < text.size() && (static_cast<uint8_t>(text[size]) & 0xc0) == 0x80) ++size;
  return lead > 0xf4 ? 1 : size;
}

/// As Java makes a text of bytes: what is no UTF-8 becomes U+FFFD.
std::string TextOf(std::string_view bytes) {
  std::string text;
  for (size_t at = 0; at < bytes.size();) {
    bool whole = false;
    const size_t size = CharacterSize(bytes.substr(at), &whole);
    if (whole)
      text += bytes.substr(at, size);
    else
      text += "\xef\xbf\xbd";
    at += size;
  }
  return text;
}

/// `text` inside the quotes of a JSON string.
std::string Escaped(std::string_view text) {
  constexpr std::string_view kShort = "\b\f\n\r\t", kLetters = "bfnrt";
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (const size_t at = kShort.find(c); at != kShort.npos) {
      out += '\\';
      out += kLetters[at];
    } else if (static_cast<uint8_t>(c) < 0x20) {
      out += "\\u00" + ToHex({&c, 1}, true);
    } else {
      out += c;
    }
  }
  return out;
}

/// Whether the string that stands as `raw` in the JSON is `text`. Most are told by their first characters.
bool IsUnescaped(std::string_view raw, std::string_view text) {
  constexpr std::string_view kLetters = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
  size_t at = 0;
  for (size_t i = 0; i < raw.size(); ++i, ++at) {
    if (at == text.size()) return false;
    char c = raw[i];
    if (c == '\\') {
      if (++i == raw.size()) return false;
      if (raw[i] == 'u') {
        std::string rest;
        return AppendUnescaped({raw.substr(i - 1), true, false}, &rest) && rest == text.substr(at);
      }
      const size_t letter = kLetters.find(raw[i]);
      if (letter == kLetters.npos) return false;
      c = kMeant[letter];
    }
    if (c != text[at]) return false;
  }
  return at == text.size();
}

}  // namespace

Placeholder::Placeholder(std::string_view configured)
    : bytes_(BytesOf(configured)), long_(bytes_.size() >= kLong) {
  const std::string text = TextOf(bytes_), quoted = "\"" + Escaped(text) + "\"";
  AddForm(text);
  AddForm("{" + quoted + ":" + quoted + "}");
  AddForm(NameUuid(bytes_));
  const std::string base64 = EncodeBase64(bytes_);
  AddForm(base64);
  std::string url = base64;
  for (char& c : url) c = c == '+' ? '-' : c == '/' ? '_' : c;
  AddForm(url);
  while (!url.empty() && url.back() == '=') url.pop_back();
  if (long_) {
    AddForm(url);
    AddForm(ToHex(bytes_, false));
    AddForm(ToHex(bytes_, true));
  }
}

void Placeholder::AddForm(std::string form) {
  if (std::find(forms_.begin(), forms_.end(), form) != forms_.end()) return;
  sizes_ |= uint64_t{1} << (form.size() & 63);
  if (!form.empty()) firsts_[static_cast<uint8_t>(form.front())] = true;
  forms_.push_back(std::move(form));
}

bool Placeholder::IsPlainString(std::string_view raw) const {
  if (raw.empty()) return forms_.front().empty();
  if (!firsts_[static_cast<uint8_t>(raw.front())]) return false;
  return std::find(forms_.begin(), forms_.end(), raw) != forms_.end();
}

bool Placeholder::IsEscapedString(std::string_view raw) const {
  if (raw.front() != '\\' && !firsts_[static_cast<uint8_t>(raw.front())]) return false;
  return std::any_of(forms_.begin(), forms_.end(), [&](const std::string& form) {
    // No escape makes more than six characters of a byte.
    return raw.size() > form.size() && raw.size() <= form.size() * 6 && IsUnescaped(raw, form);
  });
}

bool Placeholder::IsText(JsonCursor& cursor) const {
  JsonString string;
  if (cursor.Peek() != '"' || !cursor.ReadString(&string)) return false;
  if (!string.has_escapes) return string.raw == text();
  std::string unescaped;
  return AppendUnescaped(string, &unescaped) && unescaped == text();
}

/// Whether the next element is the number `byte`, in any form that an element of an array has.
bool Placeholder::IsByte(JsonCursor& cursor, int byte, int scale) const {
  const char first = cursor.Peek();
  const auto is_number = [&](std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size()) return value == byte;
    return long_ && value == byte && DecimalFromText(text, 0) == Int128{byte};
  };
  if (first == '-' || (first >= '0' && first <= '9')) {
    std::string_view number;
    return cursor.ReadNumber(&number) && is_number(number);
  }
  if (!long_) return false;
  if (first == '"') {
    JsonString string;
    char decoded[32];
    size_t size = 0;
    if (!cursor.ReadString(&string)) return false;
    if (is_number(string.raw)) return true;
    std::string unescaped;
    if (string.has_escapes && !AppendUnescaped(string, &unescaped)) return false;
    const std::string_view raw = string.has_escapes ? unescaped : string.raw;
    if (Base64DecodedBound(raw.size()) > sizeof decoded || !DecodeBase64(raw, decoded, &size)) return false;
    const auto wanted = RescaleDecimal(byte, 0, scale);
    return wanted && size > 0 && DecimalFromBigEndian({decoded, size}) == wanted;
  }
  std::string_view object;
  std::string text;
  return first == '{' && cursor.ConsumeExactly("{\"scale\":0,\"value\":") && cursor.SkipValue(&object) &&
         cursor.Consume('}') &&
         VariableDecimalText("{\"scale\":0,\"value\":" + std::string(object) + "}", &text) && is_number(text);
}

bool Placeholder::IsNested(JsonCursor& cursor, int scale) const {
  if (cursor.Consume('{'))
    return IsText(cursor) && cursor.Consume(':') && IsText(cursor) && cursor.Consume('}');
  if (!cursor.Consume('[') || bytes_.empty()) return false;
  if (cursor.Peek() == '"') {
    JsonCursor one = cursor;
    JsonString string;
    if (one.ReadString(&string) && IsString(string) && one.Consume(']')) {
      cursor = one;
      return true;
    }
  } else if (cursor.Peek() == '{') {
    // An array of hstore in its form of a map.
    JsonCursor one = cursor;
    if (IsNested(one, scale) && one.Consume(']')) {
      cursor = one;
      return true;
    }
  }
  for (size_t i = 0; i < bytes_.size(); ++i) {
    if (i > 0 && !cursor.Consume(',')) return false;
    if (!IsByte(cursor, static_cast<signed char>(bytes_[i]), scale)) return false;
  }
  return cursor.Consume(']');
}

bool Placeholder::IsValue(std::string_view json) const {
  JsonCursor cursor(json);
  if (json.empty()) return false;
  if (json.front() != '"') return (json.front() == '[' || json.front() == '{') && IsNested(cursor, 0);
  JsonString string;
  return cursor.ReadString(&string) && IsString(string);
}

}  // namespace cdc::event
