#pragma once

/// \file jobs/source/key_form.h
/// How the key of a message looked that had the table's columns: others are known by it without a parser.
/// Pure.

#include <string>
#include <string_view>
#include <vector>

namespace cdc::source {

class KeyForm {
 public:
  KeyForm() = default;
  /// \param key the whole of it \param object the part with the columns \param names in their order
  KeyForm(std::string_view key, std::string_view object, const std::vector<std::string>& names);
  /// Whether `key` has the same columns for certain; false: ask a parser.
  bool Has(std::string_view key) const;

 private:
  std::string head_;                // up to the object: its schema, where it comes first
  std::vector<std::string> names_;  // "name": of each column; none: nothing is known
};

}  // namespace cdc::source
