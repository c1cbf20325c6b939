#include "lib/expression/lane_internal.h"

#include <algorithm>
#include <cstring>

namespace cdc::expression {

std::string_view Arena::Copy(std::string_view text) {
  char* at = Take(text.size());
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  return {at, text.size()};
}

void Arena::Grow(size_t size) {
  const size_t block = std::max(size, kBlock);
  blocks_.push_back({std::make_unique_for_overwrite<char[]>(block), block});
  used_ = 0;
}

void Arena::Reset() {
  size_t kept = 0, total = 0;
  while (kept < blocks_.size() && total + blocks_[kept].size <= kKept) total += blocks_[kept++].size;
  blocks_.resize(kept);
  block_ = used_ = 0;
}

Storage StorageOf(Base base) {
  switch (base) {
    case Base::kReal:
    case Base::kDouble: return Storage::kReal;
    case Base::kNumeric: return Storage::kNumeric;
    case Base::kUnknown:
    case Base::kText:
    case Base::kBytea:
    case Base::kUuid: return Storage::kBytes;
    default: return Storage::kWhole;
  }
}

void Lane::Prepare(uint32_t rows) {
  cells.resize(rows);
  switch (StorageOf(base)) {
    case Storage::kWhole: whole.resize(rows); break;
    case Storage::kReal: real.resize(rows); break;
    case Storage::kNumeric: numeric.resize(rows); break;
    case Storage::kBytes: bytes.resize(rows); break;
  }
}

void Lane::Fail(uint32_t row, const Failure& failure) {
  if (failures.size() < cells.size()) failures.resize(cells.size());
  failures[row] = failure;
  cells[row] = kFailed;
}

}  // namespace cdc::expression
