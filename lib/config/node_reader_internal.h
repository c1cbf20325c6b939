#pragma once

/// \file lib/config/node_reader_internal.h
/// Reads one TOML table key by key; what is wrong, and what nobody asked for, becomes a Problem.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/config/problems.h"
#include "lib/config/toml_internal.h"
#include "lib/core/clock.h"

namespace cdc::config {

/// The file that is read, for all its tables.
struct Document {
  std::filesystem::path folder;  ///< that relative paths are relative to
  Problems* problems = nullptr;
};

/// Readers leave `out` as it is, i.e. at its default, when the key is absent or wrong. Stays in one function;
/// the TOML document and `document` must
/// outlive it.
class NodeReader {
 public:
  /// \param table null: an absent table, in which every key is absent
  /// \param path name of the table, for messages; "" for the document
  NodeReader(const toml::table* table, std::string path, const Document& document);

  /// The key is there, of whatever type. Makes it known.
  bool Has(std::string_view key);
  int LineOf(std::string_view key) const;  ///< 0: absent

  void String(std::string_view key, std::string* out, bool allow_empty = false);
  void Bool(std::string_view key, bool* out);
  void Integer(std::string_view key, int64_t low, int64_t high, int64_t* out);
  void Duration(std::string_view key, Millis low, Millis high, Millis* out);
  void Size(std::string_view key, int64_t low, int64_t high, int64_t* out);
  void StringList(std::string_view key, std::vector<std::string>* out);
  /// Numbers and booleans are taken as their text.
  void Scalar(std::string_view key, std::string* out);
  template <typename T>
  void Choice(std::string_view key, const std::vector<std::pair<std::string, T>>& choices, T* out);

  /// The table at `key`, null when absent.
  const toml::table* Child(std::string_view key);
  /// The list at `key`, null when absent.
  const toml::array* Array(std::string_view key, std::string_view example);

  /// A problem unless the key is there.
  void Require(std::string_view key, std::string_view example);
  void Fail(std::string_view key, std::string text);
  void FailAt(int line, std::string_view key, std::string text);

  std::string FullKey(std::string_view key) const;
  const Document& document() const { return document_; }

  /// Call last: keys nobody asked for are problems.
  void RejectUnknown();

 private:
  const toml::node* Find(std::string_view key);
  std::optional<std::string> Text(std::string_view key, const char* expected);
  /// Replaces each ${NAME} by its environment variable.
  std::optional<std::string> Expand(std::string_view key, int line, const std::string& text);

  const toml::table* table_;
  std::string path_;
  const Document& document_;
  std::vector<std::string> known_;
};

/// `"a"`, `"b"` or `"c"`.
std::string Alternatives(const std::vector<std::string>& words);

template <typename T>
void NodeReader::Choice(std::string_view key, const std::vector<std::pair<std::string, T>>& choices, T* out) {
  std::vector<std::string> words;
  for (const auto& choice : choices) words.push_back(choice.first);
  auto text = Text(key, "a string");
  if (!text) return;
  for (const auto& [word, value] : choices) {
    if (word == *text) {
      *out = value;
      return;
    }
  }
  Fail(key, "\"" + *text + "\" is not allowed: use " + Alternatives(words));
}

}  // namespace cdc::config
