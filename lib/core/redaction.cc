#include "lib/core/redaction.h"

#include <algorithm>
#include <memory>
#include <mutex>

#include "lib/core/percent.h"

namespace cdc {
namespace {

using Values = std::vector<std::string>;

/// Readers keep the list that they began with.
class Hidden {
 public:
  void Add(const Values& values) {
    const std::lock_guard lock(mutex_);
    Values all = *values_;
    all.insert(all.end(), values.begin(), values.end());
    // One that holds another goes first, or its rest would stay.
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
      return a.size() != b.size() ? a.size() > b.size() : a < b;
    });
    all.erase(std::unique(all.begin(), all.end()), all.end());
    values_ = std::make_shared<const Values>(std::move(all));
  }
  std::shared_ptr<const Values> values() {
    const std::lock_guard lock(mutex_);
    return values_;
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<const Values> values_ = std::make_shared<const Values>();
};

Hidden& TheHidden() {
  static Hidden hidden;
  return hidden;
}

void ReplaceAll(std::string* text, std::string_view what) {
  for (size_t at = text->find(what); at != std::string::npos; at = text->find(what, at + 3)) {
    text->replace(at, what.size(), "***");
  }
}

}  // namespace

void HideSecrets(const std::vector<std::string>& values) {
  Values all;
  for (const std::string& value : values) {
    if (value.empty()) continue;
    all.push_back(value);
    if (std::string encoded = PercentEncode(value); encoded != value) all.push_back(std::move(encoded));
  }
  TheHidden().Add(all);
}

std::string WithoutSecrets(std::string_view text) {
  std::string out(text);
  for (const std::string& value : *TheHidden().values()) ReplaceAll(&out, value);
  return out;
}

}  // namespace cdc
