#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/verify_rows.h"
#include "lib/core/printable.h"

namespace cdc::cli {
namespace {

using Json = nlohmann::ordered_json;
using verify::RowDifference;
using verify::RowTexts;

/// Longer values are cut: they are for people to recognise.
constexpr size_t kMostBytes = 120;

std::string Shown(const std::optional<std::string>& text) {
  if (!text) return "null";
  if (text->size() <= kMostBytes) return "'" + Printable(*text) + "'";
  size_t end = kMostBytes;
  while (end > 0 && (static_cast<unsigned char>((*text)[end]) & 0xC0) == 0x80) --end;  // within a letter
  return fmt::format("'{}…' ({} bytes)", Printable(text->substr(0, end)), text->size());
}

/// Of the key; of a table without one, of all columns.
std::vector<int> NamingColumns(const verify::Plan& plan) {
  if (!plan.key.empty()) return plan.key;
  std::vector<int> all;
  for (size_t i = 0; i < plan.columns.size(); ++i) all.push_back(static_cast<int>(i));
  return all;
}

std::string RowLines(const verify::Plan& plan, const RowDifference& row) {
  const RowTexts& texts = row.source.empty() ? row.target : row.source;
  std::string text = fmt::format("  {:<9}", ToString(row.kind));
  for (const int at : NamingColumns(plan)) {
    const auto column = static_cast<size_t>(at);
    text += fmt::format(" {}={}", plan.columns[column].name, Shown(texts[column]));
  }
  if (row.source_rows > 1 || row.target_rows > 1)
    text += fmt::format("  ({} at the source, {} in the table)", row.source_rows, row.target_rows);
  for (const size_t at : DifferingColumns(row)) {
    text += fmt::format("\n              {}: {} at the source, {} in the table", plan.columns[at].name,
                        Shown(row.source[at]), Shown(row.target[at]));
  }
  return text + "\n";
}

Json ValueOf(const std::optional<std::string>& text) { return text ? Json(*text) : Json(nullptr); }

Json RowOf(const verify::Plan& plan, const RowDifference& row) {
  const RowTexts& texts = row.source.empty() ? row.target : row.source;
  Json key = Json::object(), columns = Json::array();
  for (const int at : NamingColumns(plan))
    key[plan.columns[static_cast<size_t>(at)].name] = ValueOf(texts[static_cast<size_t>(at)]);
  for (const size_t at : DifferingColumns(row)) {
    columns.push_back({{"column", plan.columns[at].name},
                       {"source", ValueOf(row.source[at])},
                       {"target", ValueOf(row.target[at])}});
  }
  return {{"kind", ToString(row.kind)},
          {"key", std::move(key)},
          {"columns", std::move(columns)},
          {"source_rows", row.source_rows},
          {"target_rows", row.target_rows}};
}

bool IsCompared(const RowsCheck& check) { return !check.error && !check.plan.columns.empty(); }

}  // namespace

std::string RowsText(const RowsCheck& check) {
  std::string text = fmt::format("{}: {}", check.table, ToString(check.verdict));
  if (check.error) return text + ", " + Describe(*check.error) + "\n";
  if (!check.why.empty()) return text + ", " + check.why + "\n";
  const verify::Proof& proof = check.proof;
  if (!IsCompared(check)) return text + "\n";
  text += fmt::format(", {} rows at the source, {} in the table, {} columns, source at LSN {}, table at {}\n",
                      proof.source_rows, proof.target_rows, check.plan.columns.size(), check.lsn,
                      check.target_at);
  for (const auto& [column, reason] : check.plan.left_out)
    text += fmt::format("  not compared: {} ({})\n", column, reason);
  for (const RowDifference& row : proof.rows) text += RowLines(check.plan, row);
  const auto shown = static_cast<int64_t>(proof.rows.size());
  if (proof.more)
    text += fmt::format("  at least {} rows differ; --limit N shows more\n", proof.differences);
  else if (proof.differences > shown)
    text += fmt::format("  {} rows differ, {} are shown; --limit N shows more\n", proof.differences, shown);
  if (proof.differences > 0 && !proof.proven)
    text +=
        "  nothing is on its way in Kafka, but no replication slot confirms that all has been sent there\n";
  if (proof.unsettled > 0) {
    text += fmt::format(
        "  {} rows differed whenever they were looked at, but were changing or not all there yet (lag {})\n",
        proof.unsettled, check.lag ? std::to_string(*check.lag) : "unknown");
  }
  return text;
}

std::string RowsJson(const RowsCheck& check) {
  const bool compared = IsCompared(check);
  const verify::Proof& proof = check.proof;
  Json left_out = Json::array(), rows = Json::array(), columns = Json::array();
  for (const auto& [column, reason] : check.plan.left_out)
    left_out.push_back({{"column", column}, {"reason", reason}});
  for (const auto& column : check.plan.columns) columns.push_back(column.name);
  for (const RowDifference& row : proof.rows) rows.push_back(RowOf(check.plan, row));
  const Json line = {{"table", check.table},
                     {"source", compared ? Json(proof.source_rows) : Json(nullptr)},
                     {"target", compared ? Json(proof.target_rows) : Json(nullptr)},
                     {"difference", compared ? Json(proof.target_rows - proof.source_rows) : Json(nullptr)},
                     {"lag", check.lag ? Json(*check.lag) : Json(nullptr)},
                     {"result", ToString(check.verdict)},
                     {"error", check.error ? Describe(*check.error) : check.why},
                     {"columns", std::move(columns)},
                     {"not_compared", std::move(left_out)},
                     {"differing", proof.differences},
                     {"more", proof.more},
                     {"unsettled", proof.unsettled},
                     {"confirmed", proof.proven},
                     {"looks", proof.rounds},
                     {"source_lsn", check.lsn},
                     {"target_at", check.target_at},
                     {"rows", std::move(rows)}};
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace cdc::cli
