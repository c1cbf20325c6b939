#pragma once

/// \file orchestrator/metrics.h
/// Prometheus' text format, version 0.0.4.

#include <string>
#include <string_view>

#include "orchestrator/view.h"
#include "orchestrator/vitals.h"

namespace cdc::orchestrator {

inline constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

/// What is unknown has no sample: a table without a known lag is not a table with lag 0. A state is the one
/// sample `cdc_table_state{table="…",state="…"} 1`; `cdc_tables{state="…"}` counts all seven.
std::string RenderMetrics(const View& view, const Vitals& vitals, std::string_view version);

/// Backslash, quote and line feed, as label values have them.
std::string EscapeLabel(std::string_view value);

/// Exit code as a number; of "signal 9" 137, as shells say it. Nothing: neither.
std::optional<int> ExitNumber(std::string_view last_exit);

}  // namespace cdc::orchestrator
