#include "lib/expression/syntax.h"

#include <algorithm>
#include <utility>

namespace cdc::expression {
namespace {

size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

}  // namespace

Error ErrorAt(Position at, std::string_view message, std::string hint) {
  return Error{ErrorKind::kInvalidConfig,
               "line " + std::to_string(at.line) + ", column " + std::to_string(at.column) + ": " +
                   std::string(message),
               std::move(hint)};
}

std::string DidYouMean(std::string_view word, const std::vector<std::string>& known) {
  size_t best = word.size() / 3 + 2;
  const std::string* nearest = nullptr;
  for (const std::string& one : known) {
    const size_t distance = Distance(word, one);
    if (distance >= best) continue;
    best = distance;
    nearest = &one;
  }
  return nearest == nullptr ? "" : "did you mean " + *nearest + "?";
}

}  // namespace cdc::expression
