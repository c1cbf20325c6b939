#include "jobs/worker/tainted_keys.h"

#include <cerrno>
#include <cstring>
#include <fstream>

namespace cdc::worker {

TaintedKeys TaintedKeys::Load(std::filesystem::path file) {
  TaintedKeys keys;
  keys.file_ = std::move(file);
  std::ifstream in(keys.file_, std::ios::binary);
  Hash128 key;
  while (in.read(reinterpret_cast<char*>(&key), sizeof key)) keys.keys_.insert(key);
  return keys;
}

Status TaintedKeys::SaveBeforeCommit() {
  if (!added_) return {};
  CDC_TRY(Write(true));
  added_ = false;
  return {};
}

Status TaintedKeys::SaveAfterCommit() {
  if (healed_.empty()) return {};
  healed_.clear();
  return Write(false);
}

Status TaintedKeys::Write(bool with_healed) {
  if (file_.empty()) return {};
  const std::filesystem::path temporary = file_.string() + ".new";
  {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    const auto write = [&](const std::unordered_set<Hash128>& keys) {
      for (const Hash128& key : keys) out.write(reinterpret_cast<const char*>(&key), sizeof key);
    };
    write(keys_);
    if (with_healed) write(healed_);
    out.flush();
    if (!out) {
      return Error{ErrorKind::kTransient, "cannot write " + temporary.string() + ": " + std::strerror(errno)};
    }
  }
  std::error_code error;
  std::filesystem::rename(temporary, file_, error);
  if (error)
    return Error{ErrorKind::kTransient, "cannot rename " + temporary.string() + ": " + error.message()};
  return {};
}

}  // namespace cdc::worker
