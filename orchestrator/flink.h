#pragma once

/// \file orchestrator/flink.h
/// What Flink's REST interface says of jobs, said of tables, for scripts that ask port 8081 as they did
/// before. Pure. Names and states: Flink's documentation, "REST API", /jobs/overview, /jobs/:jobid and
/// /overview; state names: its enum JobStatus.

#include <string>
#include <string_view>

#include "orchestrator/view.h"

namespace cdc::orchestrator {

/// 32 small hexadecimal digits, always the same for a table's name.
std::string JobIdOf(std::string_view table);

/// \param stopping the whole orchestrator is. A worker that leaves otherwise only makes room: the table is
/// watched, so its job runs.
const char* FlinkState(Phase phase, bool stopping);

std::string RenderJobs(const View& view);
/// `table`: of `view`.
std::string RenderJob(const View& view, const TableView& table);
std::string RenderCluster(const View& view, std::string_view program_version);
/// As Flink tells an error.
std::string RenderFlinkError(std::string_view error);

/// Null: no table has this id.
const TableView* FindJob(const View& view, std::string_view id);

}  // namespace cdc::orchestrator
