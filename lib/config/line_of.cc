#include "lib/config/line_of.h"

#include "lib/config/toml_internal.h"

namespace cdc::config {

int LineOf(const Config& config, const std::vector<std::string>& path) {
  const toml::parse_result parsed = toml::parse(config.text);
  if (!parsed) return 0;
  const toml::table* at = &parsed.table();
  int line = 0;
  for (const std::string& part : path) {
    for (const auto& [key, node] : *at) {
      if (key.str() == part) line = static_cast<int>(key.source().begin.line);
    }
    const toml::node* node = at->get(part);
    if (node == nullptr || !node->is_table()) return line;
    at = node->as_table();
  }
  return line;
}

}  // namespace cdc::config
