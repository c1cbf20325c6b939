#include "orchestrator/change_feed.h"

#include <cmath>

#include "orchestrator/api.h"
#include "orchestrator/json_text.h"

namespace cdc::orchestrator {
namespace {

void Put(std::string* out, int64_t value) {
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

void Put(std::string* out, const std::string& value) {
  Put(out, static_cast<int64_t>(value.size()));
  *out += value;
}

/// Everything that an answer shows of the table, but what moves with the clock alone.
Hash128 FiguresOf(const TableView& t, std::string* scratch) {
  scratch->clear();
  for (const int64_t number : {static_cast<int64_t>(t.phase),
                               t.lag.value_or(-1),
                               t.events,
                               t.changes,
                               t.rows,
                               t.live_rows.value_or(-1),
                               t.deletes,
                               t.dead_letters,
                               t.letters_in_a_row,
                               t.left_alone,
                               t.last_commit_ms,
                               t.last_start_ms,
                               t.starts,
                               t.crashes,
                               t.retries,
                               int64_t{t.pid},
                               t.state_since_ms,
                               t.due_ms,
                               t.memory_bytes.value_or(-1) >> 20,
                               static_cast<int64_t>(std::llround(t.events_per_second.value_or(-1)))})
    Put(scratch, number);
  for (const std::string* text : {&t.reason, &t.hint, &t.last_exit, &t.waiting_for}) Put(scratch, *text);
  return HashBytes(*scratch);
}

/// A status without the two numbers that grow by themselves.
std::string WithoutClock(std::string status) {
  for (const std::string_view field : {"\"now_ms\":", "\"uptime_ms\":"}) {
    const size_t at = status.find(field);
    if (at == std::string::npos) continue;
    const size_t begin = at + field.size();
    status.erase(begin, status.find_first_not_of("0123456789", begin) - begin);
  }
  return status;
}

}  // namespace

std::string ChangeFeed::Event(const char* name, const std::string& json) {
  if (json.empty()) return "";
  return std::string("event: ") + name + "\ndata: " + json + "\n";  // the JSON ends with a line feed
}

std::string ChangeFeed::Next(const View& view) {
  ++look_;
  std::string events = ChangedTables(view);
  events += GoneTables(view);
  if (look_ == 1) events.clear();
  return events + ChangedStatus(view) + NewSample(view);
}

std::string ChangeFeed::NewSample(const View& view) {
  if (view.newest.step == sample_) return "";
  const bool first = sample_ < 0 && look_ == 1;  // it is in /api/v1/history
  sample_ = view.newest.step;
  return first ? "" : Event("sample", RenderSample(view.newest));
}

std::string ChangeFeed::ChangedTables(const View& view) {
  std::vector<const TableView*> changed;
  int64_t left = 0;
  const size_t count = view.tables.size();
  const size_t begin = count == 0 ? 0 : begin_ % count;
  for (size_t i = 0; i < count; ++i) {
    const size_t at = (begin + i) % count;
    const TableView& t = view.tables[at];
    const Hash128 figures = FiguresOf(t, &scratch_);
    Told& told = told_[t.table];
    const bool known = told.look != 0 && told.figures == figures;
    told.look = look_;
    if (known) continue;
    if (look_ > 1 && changed.size() == kTablesPerEvent) {
      ++left;
      told.figures = {};  // a table that is new stays untold
      continue;
    }
    told.figures = figures;
    if (look_ == 1) continue;
    changed.push_back(&t);
    begin_ = at + 1;
  }
  return changed.empty() ? "" : Event("tables", RenderChanges(view, changed, left));
}

std::string ChangeFeed::GoneTables(const View& view) {
  if (told_.size() == view.tables.size()) return "";
  std::vector<std::string> gone;
  for (auto it = told_.begin(); it != told_.end();) {
    if (it->second.look == look_) {
      ++it;
      continue;
    }
    if (gone.size() == kTablesPerEvent) break;
    gone.push_back(it->first);
    it = told_.erase(it);
  }
  return gone.empty() ? "" : Event("removed", RenderRemoved(gone));
}

std::string ChangeFeed::ChangedStatus(const View& view) {
  std::string status = RenderStatus(view, version_);
  const Hash128 figures = HashBytes(WithoutClock(status));
  if (look_ > 1 && figures == status_figures_) return "";
  status_figures_ = figures;
  status_ = std::move(status);
  return Event("status", status_);
}

}  // namespace cdc::orchestrator
