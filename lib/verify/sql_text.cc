#include "lib/verify/sql_text.h"

#include "lib/postgres/session.h"

namespace cdc::verify {

std::string QuotedName(std::string_view name) { return postgres::QuoteName(name); }

std::string WithColumn(std::string_view sql, std::string_view column) {
  std::string out;
  for (size_t at = 0; at < sql.size();) {
    const size_t next = sql.find("{}", at);
    out += sql.substr(at, next == sql.npos ? next : next - at);
    if (next == sql.npos) break;
    out += column;
    at = next + 2;
  }
  return out;
}

}  // namespace cdc::verify
