#include "jobs/source/tainted_keys.h"

#include <cstring>

#include "lib/core/sealed_file.h"

namespace cdc::source {
namespace {

constexpr std::string_view kKind = "cdctain2";

}  // namespace

Result<TaintedKeys> TaintedKeys::Load(std::filesystem::path file, const KeySecret& secret,
                                      const std::string& table) {
  TaintedKeys keys(std::move(file), secret);
  if (keys.file_.empty()) return keys;
  auto content = ReadSealed(keys.file_, kKind);
  if (!content && content.error().kind == ErrorKind::kTransient) return content.error();
  // Empty: as one of before was left that had no keys any more.
  std::error_code ignored;
  if (content ? !*content : std::filesystem::file_size(keys.file_, ignored) == 0) return keys;
  uint64_t fingerprint = 0;
  const bool ours = content && (*content)->size() >= sizeof fingerprint &&
                    ((*content)->size() - sizeof fingerprint) % sizeof(Hash128) == 0;
  if (ours) std::memcpy(&fingerprint, (*content)->data(), sizeof fingerprint);
  const size_t count = ours ? ((*content)->size() - sizeof fingerprint) / sizeof(Hash128) : 0;
  if (!ours || (fingerprint != secret.fingerprint() && count > 0)) {
    return Error{
        ErrorKind::kUnsupported,
        "the list of keys whose last change was dead-lettered, " + keys.file_.string() +
            ", is damaged or of another version of the table: which rows are out of date is not known",
        "`cdc reset " + table + " --yes` builds the table anew; or delete that file, and rows of such " +
            "keys may keep values that an unchanged column had before"};
  }
  for (size_t i = 0; i < count; ++i) {
    Hash128 key;
    std::memcpy(&key, (*content)->data() + sizeof fingerprint + i * sizeof key, sizeof key);
    keys.keys_.insert(key);
  }
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
  const uint64_t fingerprint = secret_->fingerprint();
  std::string content(reinterpret_cast<const char*>(&fingerprint), sizeof fingerprint);
  const auto append = [&](const std::unordered_set<Hash128>& keys) {
    for (const Hash128& key : keys) content.append(reinterpret_cast<const char*>(&key), sizeof key);
  };
  append(keys_);
  if (with_healed) append(healed_);
  return WriteSealed(file_, kKind, content);
}

}  // namespace cdc::source
