#include "orchestrator/view.h"

#include "orchestrator/job_entry.h"

namespace cdc::orchestrator {

TableView ViewOf(const JobEntry& e, bool known) {
  TableView v{.table = e.name(), .phase = e.state.phase, .reason = e.state.reason, .hint = e.state.hint};
  const contract::Progress none;
  const contract::Progress& now = e.run ? e.run->progress : none;
  if (v.reason.empty()) v.reason = now.doing;
  if (known) v.lag = PresentLag(e);
  v.events = e.totals.events + now.events;
  v.rows = e.rows_before + now.rows;
  v.deletes = e.totals.deletes + now.deletes;
  v.dead_letters = e.dead_letters_before + now.dead_letters;
  v.left_alone = e.left_alone_before + now.left_alone;
  v.last_commit_ms = e.last_commit_ms;
  v.last_start_ms = e.last_start_ms;
  v.starts = e.totals.starts;
  v.crashes = e.totals.crashes;
  v.retries = e.totals.retries;
  v.last_exit = e.last_exit;
  v.last_run = e.totals.last_run;
  if (e.run) v.pid = e.run->process->pid();
  return v;
}

}  // namespace cdc::orchestrator
