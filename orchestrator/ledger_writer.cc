#include "orchestrator/ledger_writer.h"

namespace cdc::orchestrator {
namespace {

constexpr Millis kSaveInterval{1'000};
constexpr int kRunsKept = 200;  // per table

}  // namespace

void LedgerWriter::Write(const JobEntry& entry) {
  Save({ToRecord(entry, clock_)});
  if (down_) {
    unwritten_.insert(&entry);
  } else {
    unwritten_.erase(&entry);
  }
}

void LedgerWriter::Save() {
  due_ = clock_.steady() + kSaveInterval;
  if (unwritten_.empty()) return;
  std::vector<contract::TableRecord> records;
  for (const JobEntry* entry : unwritten_) records.push_back(ToRecord(*entry, clock_));
  Save(records);
  if (!down_) unwritten_.clear();
}

void LedgerWriter::Save(const std::vector<contract::TableRecord>& records) {
  const Status status = ledger_.Save(records);
  if (status.has_error() && !down_)
    log_.Error("{}; tables go on, their state is written later", Describe(status.error()));
  if (status && down_) log_.Info("the ledger can be written again");
  down_ = status.has_error();
}

void LedgerWriter::Forget(const JobEntry& entry) {
  unwritten_.erase(&entry);
  (void)ledger_.Remove(entry.name());  // left behind it only shows an old line
}

int64_t LedgerWriter::StartRun(const JobEntry& entry, const std::string& why) {
  const auto id = ledger_.StartRun(entry.name(), entry.last_start_ms, why);
  // Without a ledger runs still need different names.
  return id ? *id : entry.last_start_ms;
}

void LedgerWriter::SetPid(int64_t run, int pid) { (void)ledger_.SetPid(run, pid); }

void LedgerWriter::EndRun(const contract::RunRecord& record) {
  (void)ledger_.EndRun(record);
  (void)ledger_.Prune(record.table, kRunsKept);
}

}  // namespace cdc::orchestrator
