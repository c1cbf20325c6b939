#include "lib/config/problems.h"

#include <fmt/format.h>

namespace cdc::config {

std::string FormatProblems(const std::string& file, const Problems& problems) {
  std::string out;
  for (const Problem& p : problems) {
    if (!out.empty()) out += '\n';
    out += file;
    if (p.line > 0) out += fmt::format(":{}", p.line);
    if (!p.key.empty()) out += ": " + p.key;
    out += ": " + p.text;
  }
  return out;
}

}  // namespace cdc::config
