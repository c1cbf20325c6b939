#include "jobs/source/left_alone.h"

#include <fmt/format.h>

namespace cdc::source {

void LeftAlone::Note(const std::string& schema, const std::string& table, bool namesake) {
  ++count_;
  routed_ |= !namesake;
  if (tables_.size() < kNamesKept) tables_.insert(schema + "." + table);
}

Status LeftAlone::Judge(int64_t taken, bool made, const std::string& entry, const std::string& topic) const {
  if (count_ == 0 || taken > 0 || (made && !routed_)) return {};
  std::string hint = fmt::format(
      "if they belong to it, as partitions, chunks or shards that are routed into one topic do, say in "
      "tables.toml under "
      "[tables.\"{}\"]: topic = \"{}\", which takes whatever the topic carries; if not, let Debezium write "
      "them to a topic "
      "of their own",
      entry, topic);
  if (made)
    hint += fmt::format("; `cdc reset {} --yes` brings those that earlier runs have left alone", entry);
  return Error{ErrorKind::kUnsupported,
               fmt::format("all {} records that were read of topic {} are of another table at the source "
                           "({}), not of {}: they "
                           "would be left alone",
                           count_, topic, fmt::join(tables_, ", "), entry),
               std::move(hint)};
}

}  // namespace cdc::source
