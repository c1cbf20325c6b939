#pragma once

/// \file orchestrator/detail.h
/// The JSON of /api/v1 beside tables and status: history, logs, dead letters, errors, source. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/json_text.h"
#include "orchestrator/ports.h"
#include "orchestrator/view.h"

namespace cdc::orchestrator {

/// Opens an answer with its version; FinishAnswer() closes it.
JsonText BeginAnswer();
std::string FinishAnswer(JsonText json);

void AddDetail(JsonText* json, const TableDetail& detail);

/// \param table empty: of all together
std::string RenderHistory(std::string_view table, const Series& series);
std::string RenderLog(std::string_view table, const std::vector<std::string>& lines);
std::string RenderLetters(std::string_view table, const Letters& letters);
/// Troubles, and failed runs of the ledger that no trouble tells of: the newest first, at most `limit`.
std::string RenderErrors(int64_t now_ms, const std::deque<Trouble>& troubles,
                         const std::vector<contract::RunRecord>& failed, size_t limit);
std::string RenderSource(const SourceDetail& source);
/// An action was begun.
std::string RenderDone(std::string_view table, std::string_view action);

}  // namespace cdc::orchestrator
