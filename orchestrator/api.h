#pragma once

/// \file orchestrator/api.h
/// The JSON of /api/v1 (docs/api.md, docs/api.schema.json): facts in, text out. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "lib/contract/ledger.h"
#include "orchestrator/ports.h"
#include "orchestrator/request.h"
#include "orchestrator/view.h"

namespace cdc::orchestrator {

/// In each answer. Fields may be added to it; none changes its meaning or goes.
inline constexpr int kApiVersion = 1;

std::string RenderTables(const View& view, const Selection& selection);
/// `table`: of `view`. \param detail null: it was not asked for, or is not known
std::string RenderTable(const View& view, const TableView& table, const TableDetail* detail = nullptr);
std::string RenderRuns(std::string_view table, const std::vector<contract::RunRecord>& runs);
/// Tables that have dead letters, the newest first.
std::string RenderDeadLetters(const View& view, const Selection& selection);
/// The verdict of contract::Judge(), and sums over all tables.
std::string RenderStatus(const View& view, std::string_view program_version);
/// \param left so many more changed, which a later event tells
std::string RenderChanges(const View& view, const std::vector<const TableView*>& changed, int64_t left);
std::string RenderRemoved(const std::vector<std::string>& tables);
std::string RenderSample(const Sample& sample);
std::string RenderError(std::string_view error, std::string_view hint);

/// Null: there is none of this name.
const TableView* FindTable(const View& view, std::string_view name);

}  // namespace cdc::orchestrator
