#include <algorithm>
#include <fstream>

#include "lib/index/key_file_internal.h"
#include "lib/index/key_index.h"

/// What the key index says of itself, and how it outlives a power loss.

namespace cdc::index {
namespace {

/// What a bulk load may leave behind, and the share of free room that is left when it is exceeded.
constexpr uint64_t kMostBytesPerKey = 40;
constexpr double kRoomLeft = 1.1;
constexpr uint64_t kLeastTrimmed = 100'000;

}  // namespace

/// The flag must be off on disk before any other page changes.
void KeyIndex::MarkUnsynced() {
  if (file_->state().synced == 0) return;
  FileState state = file_->state();
  state.synced = 0;
  CopyText(state.boot_id, BootId());
  file_->Write(state, state.settled != 0);
  (void)file_->WriteOut(false);
}

Stamp KeyIndex::stamp() const {
  const FileState& state = file_->state();
  return {state.table_uuid, state.snapshot_id, state.secret};
}

void KeyIndex::SetStamp(const Stamp& stamp) {
  MarkUnsynced();
  FileState state = file_->state();
  CopyText(state.table_uuid, stamp.table_uuid);
  state.snapshot_id = stamp.snapshot_id;
  state.unfinished = state.unfinished_snapshot = 0;
  file_->Write(state, true);
}

void KeyIndex::Begin(Unfinished what, int64_t snapshot_id) {
  MarkUnsynced();
  FileState state = file_->state();
  state.unfinished = static_cast<uint64_t>(what);
  state.unfinished_snapshot = snapshot_id;
  file_->Write(state, false);
}

std::pair<Unfinished, int64_t> KeyIndex::unfinished() const {
  return {static_cast<Unfinished>(file_->state().unfinished), file_->state().unfinished_snapshot};
}

uint64_t KeyIndex::numbers() const { return file_->state().numbers; }

void KeyIndex::SetNumbers(uint64_t chain) {
  MarkUnsynced();
  FileState state = file_->state();
  state.numbers = chain;
  file_->Write(state, state.settled != 0);
}

uint64_t KeyIndex::moved() const { return file_->state().moved; }

void KeyIndex::SetMoved(uint64_t name) {
  MarkUnsynced();
  FileState state = file_->state();
  state.moved = name;
  file_->Write(state, state.settled != 0);
}

int64_t KeyIndex::excess() const { return file_->state().excess; }

void KeyIndex::SetExcess(int64_t keys) {
  MarkUnsynced();
  FileState state = file_->state();
  state.excess = keys;
  file_->Write(state, state.settled != 0);
}

uint64_t KeyIndex::size() const { return file_->live(); }
uint64_t KeyIndex::file_bytes() const { return file_->bytes(); }

Status KeyIndex::Sync() {
  if (file_->doubtful()) return Doubt();
  if (file_->state().synced != 0) return {};
  // Without space for the copy the index stays as large as it is.
  if (file_bytes() > std::max(size(), kLeastTrimmed) * kMostBytesPerKey) {
    (void)Grow(static_cast<uint64_t>(static_cast<double>(SlotsFor(size())) * kRoomLeft));
    if (file_->doubtful()) return Doubt();
  }
  if (!file_->WriteOut(true)) return KeyFileError("cannot write out", KeyFilePath(folder_));
  FileState state = file_->state();
  state.synced = 1;
  file_->Write(state, true);
  if (!file_->WriteOut(false)) return KeyFileError("cannot write out", KeyFilePath(folder_));
  return {};
}

std::string BootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace cdc::index
