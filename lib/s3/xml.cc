#include "lib/s3/xml.h"

#include <fmt/format.h>

#include <charconv>

namespace cdc::s3 {
namespace {

constexpr int kMaxDepth = 32;
constexpr std::string_view kSpace = " \t\r\n";

void AppendUtf8(uint32_t code, std::string* out) {
  const auto add = [out](uint32_t byte) { *out += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | code >> 6);
    add(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    add(0xE0 | code >> 12);
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  } else {
    add(0xF0 | code >> 18);
    add(0x80 | (code >> 12 & 0x3F));
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  }
}

class Parser {
 public:
  explicit Parser(std::string_view document) : all_(document), left_(document) {}

  Result<Element> Document() {
    Take("\xEF\xBB\xBF");
    CDC_TRY(SkipMisc());
    if (left_.empty() || left_[0] != '<') return Bad("no element");
    Element root;
    CDC_TRY(ReadElement(&root, 0));
    CDC_TRY(SkipMisc());
    if (!left_.empty()) return Bad("something after the end");
    return root;
  }

 private:
  Error Bad(std::string_view what) const {
    return {ErrorKind::kCorrupt, fmt::format("XML: {} at byte {}", what, all_.size() - left_.size())};
  }

  bool Take(std::string_view token) {
    if (!left_.starts_with(token)) return false;
    left_.remove_prefix(token.size());
    return true;
  }

  void SkipSpace() { left_.remove_prefix(std::min(left_.find_first_not_of(kSpace), left_.size())); }

  /// Everything before `end`, which is taken too.
  Result<std::string_view> Until(std::string_view end) {
    const size_t at = left_.find(end);
    if (at == std::string_view::npos) return Bad(fmt::format("no {}", end));
    const std::string_view found = left_.substr(0, at);
    left_.remove_prefix(at + end.size());
    return found;
  }

  /// Space, comments and processing instructions.
  Status SkipMisc() {
    while (true) {
      SkipSpace();
      if (Take("<?")) {
        CDC_TRY(Until("?>"));
      } else if (Take("<!--")) {
        CDC_TRY(Until("-->"));
      } else if (left_.starts_with("<!")) {
        return Bad("a DTD");
      } else {
        return {};
      }
    }
  }

  Result<std::string> Name() {
    const size_t size = left_.find_first_of(" \t\r\n/>=<&\"'");
    if (size == 0 || size == std::string_view::npos) return Bad("no name");
    std::string name(left_.substr(0, size));
    left_.remove_prefix(size);
    return name;
  }

  Status SkipAttributes() {
    while (true) {
      SkipSpace();
      if (left_.empty() || left_[0] == '>' || left_[0] == '/') return {};
      CDC_TRY(Name());
      SkipSpace();
      if (!Take("=")) return Bad("an attribute without a value");
      SkipSpace();
      const std::string_view quote = left_.substr(0, 1);
      if (quote != "\"" && quote != "'") return Bad("an attribute without quotes");
      left_.remove_prefix(1);
      CDC_TRY(Until(quote));
    }
  }

  Status Decode(std::string_view raw, std::string* out) {
    while (!raw.empty()) {
      const size_t amp = raw.find('&');
      out->append(raw.substr(0, amp));
      if (amp == std::string_view::npos) return {};
      raw.remove_prefix(amp + 1);
      const size_t end = raw.find(';');
      if (end == std::string_view::npos) return Bad("an entity without an end");
      CDC_TRY(DecodeEntity(raw.substr(0, end), out));
      raw.remove_prefix(end + 1);
    }
    return {};
  }

  Status DecodeEntity(std::string_view name, std::string* out) {
    constexpr std::pair<std::string_view, char> kNamed[] = {
        {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    for (const auto& [known, c] : kNamed) {
      if (name == known) {
        *out += c;
        return {};
      }
    }
    const bool hex = name.starts_with("#x");
    const std::string_view digits = name.substr(std::min<size_t>(name.size(), hex ? 2 : 1));
    uint32_t code = 0;
    const auto [end, wrong] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
    const bool surrogate = code >= 0xD800 && code < 0xE000;
    if (!name.starts_with("#") || wrong != std::errc{} || end != digits.data() + digits.size() || code == 0 ||
        code > 0x10FFFF || surrogate) {
      return Bad(fmt::format("an unknown entity &{};", name.substr(0, 20)));
    }
    AppendUtf8(code, out);
    return {};
  }

  Status ReadElement(Element* out, int depth) {
    if (depth == kMaxDepth) return Bad("too many levels");
    left_.remove_prefix(1);  // '<'
    CDC_ASSIGN(out->name, Name());
    CDC_TRY(SkipAttributes());
    if (Take("/>")) return {};
    if (!Take(">")) return Bad("a tag without an end");
    while (true) {
      CDC_ASSIGN(const std::string_view text, TextBeforeTag());
      CDC_TRY(Decode(text, &out->text));
      if (Take("</")) break;
      if (Take("<![CDATA[")) {
        CDC_ASSIGN(const std::string_view raw, Until("]]>"));
        out->text += raw;
      } else if (left_.starts_with("<!") || left_.starts_with("<?")) {
        CDC_TRY(SkipMisc());
      } else {
        out->children.emplace_back();
        CDC_TRY(ReadElement(&out->children.back(), depth + 1));
      }
    }
    CDC_ASSIGN(const std::string closed, Name());
    SkipSpace();
    if (closed != out->name || !Take(">")) return Bad(fmt::format("<{}> is not closed", out->name));
    return {};
  }

  Result<std::string_view> TextBeforeTag() {
    const size_t size = left_.find('<');
    if (size == std::string_view::npos) return Bad("an element without an end");
    const std::string_view text = left_.substr(0, size);
    left_.remove_prefix(size);
    return text;
  }

  const std::string_view all_;
  std::string_view left_;
};

}  // namespace

const Element* Element::Find(std::string_view child) const {
  for (const Element& element : children) {
    if (element.name == child) return &element;
  }
  return nullptr;
}

std::string Element::TextOf(std::string_view child) const {
  const Element* found = Find(child);
  return found == nullptr ? std::string() : found->text;
}

Result<Element> ParseXml(std::string_view document) { return Parser(document).Document(); }

}  // namespace cdc::s3
