/// The key index as a file that something has changed.

#include <cstring>

#include "lib/index/key_index.h"
#include "tests/fuzz/scratch_folder.h"
#include "tests/fuzz/target.h"

namespace cdc::index {
namespace {

using fuzz::Require;

constexpr uint32_t kKeys = 200;

Hash128 KeyOf(uint32_t n) { return HashBytes({reinterpret_cast<const char*>(&n), sizeof n}); }

const fuzz::ScratchFolder& Folder() {
  static const fuzz::ScratchFolder folder;
  return folder;
}

/// A sound one with kKeys keys, closed in order.
const std::string& Sound() {
  static const std::string bytes = [] {
    auto made = KeyIndex::Create(Folder().path(), {"uuid", 5, 7});
    Require(made.has_value(), "an index can be made");
    (*made)->Begin(Unfinished::kCommit, 6);
    for (uint32_t n = 0; n < kKeys; ++n) (void)(*made)->Put(KeyOf(n), {1, n});
    (*made)->SetStamp({"uuid", 6, 7});
    Require((*made)->Sync().has_value(), "an index can be closed");
    return Folder().Read("keys.idx");
  }();
  return bytes;
}

}  // namespace

/// Each five bytes: where, and which bits change. Whatever becomes of the file, using it ends well; after one
/// edit, what it says is also true.
FUZZ_TARGET(key_index) {
  std::string file = Sound();
  size_t edits = 0;
  for (; bytes.size() >= 5; bytes.remove_prefix(5)) {
    uint32_t at = 0;
    std::memcpy(&at, bytes.data(), sizeof at);
    const char flip = bytes[4];
    file[at % file.size()] = static_cast<char>(file[at % file.size()] ^ flip);
    edits += flip != 0;
  }
  if (!bytes.empty())
    file.resize(file.size() - static_cast<size_t>(static_cast<unsigned char>(bytes.front())));
  const bool one_change = edits + (bytes.empty() ? 0U : 1U) <= 1;
  Folder().Write("keys.idx", file);
  auto index = KeyIndex::Open(Folder().path(), BootId());
  if (!index) return;
  for (uint32_t n = 0; n < kKeys; ++n) {
    const auto found = (*index)->Find(KeyOf(n));
    if (!found) return;
    Require(!one_change || *found == Location{1, n},
            "a key is where it is, or the index says that it does not know");
  }
  (*index)->Begin(Unfinished::kCommit, 7);
  for (uint32_t n = 0; n < 2 * kKeys; ++n) {
    const Status done = n % 3 == 0 ? (*index)->Erase(KeyOf(n)) : (*index)->Put(KeyOf(n), {2, n});
    if (!done) return;
  }
  for (uint32_t n = 0; n < 2 * kKeys; ++n) {
    const auto found = (*index)->Find(KeyOf(n));
    if (!found) return;
    Require(!one_change || *found == (n % 3 == 0 ? KeyIndex::Missing() : Location{2, n}),
            "what was put is found");
  }
  (void)(*index)->Reserve(10 * kKeys);
  (*index)->SetStamp({"uuid", 7, 7});
  (void)(*index)->Sync();
}

}  // namespace cdc::index
