#include "jobs/source/key_form.h"

#include <fmt/format.h>

namespace cdc::source {

KeyForm::KeyForm(std::string_view key, std::string_view object, const std::vector<std::string>& names)
    : head_(key.substr(0, static_cast<size_t>(object.data() - key.data()))) {
  for (const std::string& name : names) names_.push_back(fmt::format("\"{}\":", name));
}

bool KeyForm::Has(std::string_view key) const {
  if (names_.empty() || !key.starts_with(head_)) return false;
  key.remove_prefix(head_.size());
  for (const std::string& name : names_) {
    // Each where the one before ended, or behind a value and a comma; a value's own quotes are escaped.
    const size_t at = &name == &names_.front() ? key.find('"') : key.find(",\"");
    if (at == key.npos) return false;
    key.remove_prefix(&name == &names_.front() ? at : at + 1);
    if (!key.starts_with(name)) return false;
    key.remove_prefix(name.size());
  }
  return key.find(",\"") == key.npos;
}

}  // namespace cdc::source
