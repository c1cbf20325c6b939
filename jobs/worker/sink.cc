#include "jobs/worker/sink.h"

namespace cdc::worker {

Result<bool> Lookup::HasRow(const Hash128&, const rows::KeyRow&) { return false; }
Result<bool> Lookup::ReadRow(const Hash128&, const rows::KeyRow&, rows::Batch*) { return false; }
Result<uint32_t> Lookup::CountRows(const Hash128&) { return 0; }
Status Lookup::KeepMoved(const std::vector<Hash128>&, const Fold&) { return {}; }

Result<std::vector<uint32_t>> Lookup::FillGaps(Fold* fold) {
  std::vector<uint32_t> unknown;
  for (const auto& [row, gap] : fold->gaps()) unknown.push_back(row);
  return unknown;
}

Lookup& Sink::lookup() {
  static Lookup none;
  return none;
}

}  // namespace cdc::worker
