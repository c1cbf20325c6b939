#include "orchestrator/chronicle.h"

#include <vector>

#include "orchestrator/vitals.h"

namespace cdc::orchestrator {

void Chronicle::Take(View* view, SteadyTime now) {
  if (history_.IsDue(now)) {
    history_.Note(*view, now);
    troubles_.Note(contract::Judge(FactsOf(*view)), view->now_ms);
    std::vector<int> pids;
    for (const TableView& table : view->tables) {
      if (table.pid != 0) pids.push_back(table.pid);
    }
    memory_ = ResidentBytes(pids);
  }
  history_.Complete(view);
  for (TableView& table : view->tables) {
    const auto found = memory_.find(table.pid);
    if (table.pid != 0 && found != memory_.end()) table.memory_bytes = found->second;
  }
}

}  // namespace cdc::orchestrator
