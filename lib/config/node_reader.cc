#include <algorithm>
#include <cstdlib>
#include <limits>

#include <fmt/format.h>

#include "lib/config/node_reader_internal.h"
#include "lib/config/units.h"
#include "lib/core/nearest_word.h"

namespace cdc::config {
namespace {

std::string_view TypeName(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "an array";
    case toml::node_type::string: return "a string";
    case toml::node_type::integer: return "an integer";
    case toml::node_type::floating_point: return "a fraction";
    case toml::node_type::boolean: return "a boolean";
    default: return "a date or time";
  }
}

int LineNumber(const toml::node& node) { return static_cast<int>(node.source().begin.line); }

/// A key as it is written: quoted where TOML needs it.
std::string WrittenKey(std::string_view key) {
  bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  });
  return bare ? std::string(key) : fmt::format("\"{}\"", key);
}

}  // namespace

std::string Alternatives(const std::vector<std::string>& words) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += "\"" + words[i] + "\"";
  }
  return out;
}

NodeReader::NodeReader(const toml::table* table, std::string path, const Document& document)
    : table_(table), path_(std::move(path)), document_(document) {}

const toml::node* NodeReader::Find(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  return table_ ? table_->get(key) : nullptr;
}

bool NodeReader::Has(std::string_view key) { return Find(key) != nullptr; }

int NodeReader::LineOf(std::string_view key) const {
  const toml::node* node = table_ ? table_->get(key) : nullptr;
  return node ? LineNumber(*node) : 0;
}

std::string NodeReader::FullKey(std::string_view key) const {
  return path_.empty() ? WrittenKey(key) : path_ + "." + WrittenKey(key);
}

void NodeReader::FailAt(int line, std::string_view key, std::string text) {
  document_.problems->push_back({line, FullKey(key), std::move(text)});
}

void NodeReader::Fail(std::string_view key, std::string text) {
  int line = LineOf(key);
  if (line == 0 && table_) line = LineNumber(*table_);
  FailAt(line, key, std::move(text));
}

void NodeReader::Require(std::string_view key, std::string_view example) {
  if (!Has(key)) Fail(key, fmt::format("is missing: write for example {} = {}", key, example));
}

std::optional<std::string> NodeReader::Expand(std::string_view key, int line, const std::string& text) {
  std::string out;
  size_t at = 0;
  for (size_t start = text.find("${"); start != std::string::npos; start = text.find("${", at)) {
    out += text.substr(at, start - at);
    size_t end = text.find('}', start);
    if (end == std::string::npos) {
      FailAt(line, key, "\"${\" without \"}\": an environment variable is written ${NAME}");
      return std::nullopt;
    }
    std::string name = text.substr(start + 2, end - start - 2);
    const char* value = name.empty() ? nullptr : std::getenv(name.c_str());
    if (!value) {
      FailAt(line, key, fmt::format("environment variable {} is not set: export {}=…", name, name));
      return std::nullopt;
    }
    out += value;
    at = end + 1;
  }
  return out + text.substr(at);
}

std::optional<std::string> NodeReader::Text(std::string_view key, const char* expected) {
  const toml::node* node = Find(key);
  if (!node) return std::nullopt;
  if (!node->is_string()) {
    Fail(key, fmt::format("is {}: write {}", TypeName(*node), expected));
    return std::nullopt;
  }
  return Expand(key, LineNumber(*node), node->as_string()->get());
}

void NodeReader::String(std::string_view key, std::string* out, bool allow_empty) {
  auto text = Text(key, "a string in quotes");
  if (!text) return;
  if (text->empty() && !allow_empty) return Fail(key, "is empty");
  if (text->find('\0') != std::string::npos) return Fail(key, "holds a zero byte");
  *out = std::move(*text);
}

void NodeReader::Bool(std::string_view key, bool* out) {
  const toml::node* node = Find(key);
  if (!node) return;
  if (!node->is_boolean()) return Fail(key, fmt::format("is {}: write true or false", TypeName(*node)));
  *out = node->as_boolean()->get();
}

void NodeReader::Integer(std::string_view key, int64_t low, int64_t high, int64_t* out) {
  const toml::node* node = Find(key);
  if (!node) return;
  std::string allowed = fmt::format("use a whole number from {} to {}", low, high);
  if (!node->is_integer()) return Fail(key, fmt::format("is {}: {}", TypeName(*node), allowed));
  int64_t value = node->as_integer()->get();
  if (value < low || value > high) return Fail(key, fmt::format("{} is not allowed: {}", value, allowed));
  *out = value;
}

void NodeReader::Duration(std::string_view key, Millis low, Millis high, Millis* out) {
  auto text = Text(key, "a duration like \"30s\" or \"500ms\"");
  if (!text) return;
  auto value = ParseDuration(*text);
  if (!value || *value < low || *value > high) {
    return Fail(key, fmt::format("\"{}\" is not allowed: use a duration from \"{}\" to \"{}\"", *text,
                                 FormatDuration(low), FormatDuration(high)));
  }
  *out = *value;
}

void NodeReader::Size(std::string_view key, int64_t low, int64_t high, int64_t* out) {
  auto text = Text(key, "a size like \"256MB\"");
  if (!text) return;
  auto value = ParseSize(*text);
  if (!value || *value < low || *value > high) {
    return Fail(key, fmt::format("\"{}\" is not allowed: use a size from \"{}\" to \"{}\"", *text,
                                 FormatSize(low), FormatSize(high)));
  }
  *out = *value;
}

void NodeReader::StringList(std::string_view key, std::vector<std::string>* out) {
  const toml::node* node = Find(key);
  if (!node) return;
  const toml::array* array = node->as_array();
  if (!array) return Fail(key, fmt::format("is {}: write a list like [\"a\", \"b\"]", TypeName(*node)));
  std::vector<std::string> values;
  for (const toml::node& element : *array) {
    int line = LineNumber(element);
    if (!element.is_string())
      return FailAt(line, key, fmt::format("holds {}: only strings", TypeName(element)));
    auto text = Expand(key, line, element.as_string()->get());
    if (!text) return;
    if (text->empty()) return FailAt(line, key, "holds an empty string");
    if (std::find(values.begin(), values.end(), *text) != values.end()) {
      return FailAt(line, key, fmt::format("\"{}\" is listed twice", *text));
    }
    values.push_back(std::move(*text));
  }
  *out = std::move(values);
}

void NodeReader::Scalar(std::string_view key, std::string* out) {
  const toml::node* node = Find(key);
  if (node && node->is_integer()) {
    *out = fmt::to_string(node->as_integer()->get());
  } else if (node && node->is_boolean()) {
    *out = node->as_boolean()->get() ? "true" : "false";
  } else {
    String(key, out, true);
  }
}

const toml::table* NodeReader::Child(std::string_view key) {
  const toml::node* node = Find(key);
  if (!node) return nullptr;
  if (!node->is_table())
    Fail(key, fmt::format("is {}: it is a section, write [{}]", TypeName(*node), FullKey(key)));
  return node->as_table();
}

const toml::array* NodeReader::Array(std::string_view key, std::string_view example) {
  const toml::node* node = Find(key);
  if (node && !node->is_array())
    Fail(key, fmt::format("is {}: write a list like {}", TypeName(*node), example));
  return node ? node->as_array() : nullptr;
}

void NodeReader::RejectUnknown() {
  if (!table_) return;
  for (const auto& [name, node] : *table_) {
    std::string key(name.str());
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    const std::string best = NearestWord(key, known_);
    auto key_line = static_cast<int>(name.source().begin.line);
    FailAt(key_line > 0 ? key_line : LineNumber(node), key,
           best.empty() ? "unknown key" : fmt::format("unknown key: did you mean \"{}\"?", best));
  }
}

}  // namespace cdc::config
