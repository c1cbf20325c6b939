#include "tests/component/worker/random_stream.h"

#include <random>

namespace cdc::worker {

using nlohmann::json;

SourceStream MakeStream(Changes changes, size_t size, uint32_t seed) {
  std::mt19937 dice(seed);
  const auto roll = [&](uint32_t n) { return static_cast<int64_t>(dice() % n); };
  SourceStream source;
  int64_t serial = 0;
  while (source.events.size() < size) {
    const int64_t kind = roll(1000);
    const int64_t id = roll(400), version = ++serial;
    const auto row = source.rows.find(id);
    const json whole = {{"id", id}, {"n", version}, {"doc", "text " + std::to_string(version)}};
    if (kind == 0) {
      source.rows.clear();
      source.events.push_back(changes.Truncate());
    } else if (row == source.rows.end()) {
      source.rows[id] = whole;
      source.events.push_back(changes.Create(whole));
    } else if (kind < 500) {
      json image = whole;
      if (roll(2) == 0) image["doc"] = kUnchangedToast;
      const json doc = image["doc"] == kUnchangedToast ? row->second["doc"] : image["doc"];
      source.events.push_back(changes.Update(image));
      row->second = {{"id", id}, {"n", version}, {"doc", doc}};
    } else if (kind < 650) {
      const int64_t to = 1000 + version;  // a key never used before
      json image = {{"id", to}, {"n", version}, {"doc", kUnchangedToast}};
      for (Event& event : changes.Move(id, image)) source.events.push_back(std::move(event));
      image["doc"] = row->second["doc"];
      source.rows.erase(id);
      source.rows[to] = image;
    } else {
      source.rows.erase(id);
      source.events.push_back(changes.Delete(id));
      source.events.push_back(changes.Tombstone(id));
    }
  }
  return source;
}

}  // namespace cdc::worker
