#include "jobs/sink/lake/moved_rows.h"

#include <sstream>

#include "lib/core/keyed_hash.h"
#include "lib/core/sealed_file.h"

namespace cdc::lake_sink {
namespace {

constexpr const char* kFile = "moved";
constexpr std::string_view kKind = "cdcmove2";
constexpr size_t kMaxPlaces = 10'000;

}  // namespace

void MovedRows::Load() {
  if (locator_.moved() == 0) return;
  const auto content = ReadSealed(folder_ / kFile, kKind);
  uint64_t written = 0, former = 0;
  std::istringstream in(content && *content ? **content : std::string());
  in >> written >> former;
  if (!in || (written != locator_.moved() && former != locator_.moved())) {
    log_.Warn("where rows were before key changes that are half done is lost: {} is {}", kFile,
              content && *content ? "older than the key index" : "missing or damaged");
    return;
  }
  Hash128 key;
  RowPlace place;
  while (in >> key.low >> key.high >> place.position && std::getline(in >> std::ws, place.path))
    places_[key] = place;
}

Status MovedRows::Keep(const std::vector<Hash128>& keys) {
  // Old ones have been claimed, or their files are gone, by the time there are so many.
  if (places_.size() > kMaxPlaces) places_.clear();
  for (const Hash128& key : keys) {
    CDC_ASSIGN(auto place, locator_.Find(key));
    if (place) places_[key] = std::move(*place);
  }
  return Save();
}

Status MovedRows::Clear() {
  places_.clear();
  return Save();
}

Status MovedRows::Save() {
  if (!locator_.open()) return {};
  // The file's name for itself, and for the one before it: a run may die before the index has the new one.
  const uint64_t name = KeySecret::Random().fingerprint() | 1;
  std::ostringstream out;
  out << name << ' ' << locator_.moved() << '\n';
  for (const auto& [key, place] : places_)
    out << key.low << ' ' << key.high << ' ' << place.position << ' ' << place.path << '\n';
  CDC_TRY(WriteSealed(folder_ / kFile, kKind, out.str()));
  locator_.SetMoved(name);
  return {};
}

std::optional<RowPlace> MovedRows::Find(const Hash128& key) const {
  const auto place = places_.find(key);
  if (place == places_.end() || !files_.Open(place->second.path)) return std::nullopt;
  return place->second;
}

}  // namespace cdc::lake_sink
