#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "lib/config/row_reader_internal.h"
#include "lib/config/setting_internal.h"
#include "lib/config/sink_reader_internal.h"
#include "lib/config/table_list_reader_internal.h"
#include "lib/config/table_names.h"
#include "lib/contract/names.h"
#include "lib/core/letter_case.h"

namespace cdc::config {
namespace {

/// A listed table and the line of its entry.
struct Entry {
  int line = 0;
  Table table;
};

/// Gives every entry its topics and notes in the Config who reads which.
class TopicOwners {
 public:
  TopicOwners(Problems* problems, Config* config) : problems_(problems), config_(config) {}

  /// Tables that say which topic or schema they mean choose first; a bare name takes what is left. Entries
  /// with `from` come last: they read along.
  void Give(std::vector<Entry>& entries) {
    for (Entry& entry : entries) {
      Table& table = entry.table;
      if (!table.from.empty()) continue;
      if (table.topics.empty() && HasSchema(table.name)) table.topics = TopicCandidates(*config_, table.name);
      if (table.topics.empty()) continue;
      Claim(entry, table.topics.front());
      chosen_.insert(table.topics.front());
    }
    for (Entry& entry : entries) {
      if (entry.table.from.empty() && entry.table.topics.empty()) GiveWhatIsLeft(entry);
    }
    for (const Entry& entry : entries) {
      if (entry.table.from.empty()) originals_.emplace(entry.table.name, &entry.table);
    }
    for (Entry& entry : entries) {
      if (!entry.table.from.empty()) GiveCopy(entry);
    }
  }

 private:
  bool HasSchema(const std::string& name) const {
    return std::any_of(config_->source.schemas.begin(), config_->source.schemas.end(),
                       [&](const std::string& schema) { return name.starts_with(schema + "."); });
  }

  void GiveWhatIsLeft(Entry& entry) {
    Table& table = entry.table;
    const std::vector<std::string> candidates = TopicCandidates(*config_, table.name);
    for (const std::string& topic : candidates) {
      if (candidates.size() > 1 && config_->table_of_topic.contains(topic)) continue;
      Claim(entry, topic);
      table.topics.push_back(topic);
    }
    if (table.topics.empty()) {
      Report(entry, "every topic of this name belongs to another table: write it as schema.table");
    }
  }

  /// The topics of the entry that `from` names, or those that an entry of that name would have.
  void GiveCopy(Entry& entry) {
    Table& table = entry.table;
    const auto original = originals_.find(table.from);
    if (table.topics.empty() && original != originals_.end()) {
      table.topics = original->second->topics;
      table.topic_given = original->second->topic_given;
    }
    if (table.topics.empty()) {
      table.topics = TopicCandidates(*config_, table.from);
      if (table.topics.size() > 1)
        std::erase_if(table.topics, [&](const std::string& topic) { return chosen_.contains(topic); });
    }
    if (table.topics.empty()) {
      Report(entry, fmt::format("every topic of {} belongs to another table: write from = \"schema.table\"",
                                table.from));
    }
    for (const std::string& topic : table.topics) config_->copies_of_topic[topic].push_back(table.name);
  }

  void Claim(const Entry& entry, const std::string& topic) {
    auto [it, fresh] = config_->table_of_topic.emplace(topic, entry.table.name);
    if (fresh) return;
    Report(entry, fmt::format("topic {} belongs to table {} already: a second table of it says from = \"{}\"",
                              topic, it->second, it->second));
  }

  void Report(const Entry& entry, std::string text) {
    problems_->push_back({entry.line, "tables." + entry.table.name, std::move(text)});
  }

  Problems* problems_;
  Config* config_;
  std::set<std::string> chosen_;  ///< topics of entries that say which they mean
  std::map<std::string, const Table*> originals_;  ///< entries without `from`, by name
};

/// Locks, indexes and logs of a table lie under a name that is made from its own.
void CheckFileKeys(const std::vector<Entry>& entries, Problems* problems) {
  std::map<std::string, std::string> taken;  // file key → entry
  for (const Entry& entry : entries) {
    const auto [it, fresh] = taken.emplace(contract::FileKey(entry.table.name), entry.table.name);
    if (fresh) continue;
    problems->push_back({entry.line, "tables." + entry.table.name,
                         fmt::format("has the file name {} in state_dir, as table {} has: give one of them another name",
                                     it->first, it->second)});
  }
}

void AddTable(const Table& table, Config* config) {
  config->table_numbers.emplace(table.name, config->tables.size());
  config->tables.push_back(table);
  if (table.in_iceberg()) config->iceberg_claims[TargetName(*config, table)].push_back(table.name);
}

/// Two tables must not be written to one, and no table reads dead letters.
void CheckPlaces(const std::vector<Entry>& entries, const Config& config, Problems* problems) {
  std::map<std::pair<std::string, std::string>, std::string> taken;  // sink and name in it → entry
  for (const Entry& entry : entries) {
    const Table& table = entry.table;
    const bool delta = config.IsIn(table, SinkType::kDelta);
    const std::string target = table.in_iceberg() ? IcebergName(config, table.name, BareName(config, table.name))
                               : delta            ? DeltaFolder(config, table)
                                                  : TargetName(config, table);
    // Two sinks may have one folder.
    const auto [it, fresh] = taken.emplace(std::pair(delta ? std::string() : table.sink, target), table.name);
    if (!fresh) {
      problems->push_back(
          {entry.line, "tables." + table.name,
           fmt::format("is written to {} of sink {}, as table {} is: give one of them another target", target,
                       table.sink, it->second)});
    }
    for (const std::string& topic : table.topics) {
      if (config.dead_letter_topics.contains(topic)) {
        problems->push_back({entry.line, "tables." + table.name,
                             fmt::format("topic {} takes dead letters, so it is never a table", topic)});
      }
    }
  }
}

/// A table of counts is one that reads along with another: same topic, envelope, time and condition.
Table CountsTable(const std::string& name, const CountsEntry& counts, const Table& from) {
  Table table = from;
  table.name = name;
  if (from.from.empty()) table.from = from.name;
  table.sink = counts.sink;
  table.target = counts.target;
  table.job = "upsert";
  table.mode = Mode::kUpsert;
  table.deletes = Deletes::kHard;
  table.order_by = OrderBy::kOffset;
  table.key.reset();
  table.select.reset();
  table.metadata_columns.clear();
  table.counts = Counts{counts.window, counts.by};
  return table;
}

void CheckGroups(NodeReader& r, const CountsEntry& counts) {
  std::vector<std::string> names = {"window_start", "n"};
  for (const SelectedColumn& group : counts.by) {
    if (std::find(names.begin(), names.end(), LowerCase(group.name)) != names.end())
      r.Fail("by", fmt::format("\"{}\" is the name of two columns: give the group another name", group.name));
    names.push_back(LowerCase(group.name));
  }
}

void ReadCountsEntry(NodeReader r, const std::string& name, const Config& config, int line,
                     std::vector<Entry>* entries) {
  CountsEntry counts;
  ReadSettings(CountsSettings(), r, &counts);
  CheckGroups(r, counts);
  r.RejectUnknown();
  const auto find = [&](const std::string& wanted) {
    return std::find_if(entries->begin(), entries->end(),
                        [&](const Entry& entry) { return entry.table.name == wanted && !entry.table.counts; });
  };
  if (const auto other = find(name); other != entries->end()) {
    r.Fail("from", fmt::format("belongs to counts.{0}, and tables.{0} has the same name: give one another name", name));
    return;
  }
  const auto from = find(counts.from);
  if (from == entries->end()) {
    if (!counts.from.empty())
      r.Fail("from", fmt::format("\"{}\" is no entry of [tables]: counts follow one that is listed", counts.from));
    return;
  }
  if (from->table.event_time.empty()) {
    r.Fail("from", fmt::format("\"{0}\" has no event_time, by which its events are counted: add event_time = \"…\" to "
                               "[tables.{0}]",
                               counts.from));
  }
  Table table = CountsTable(name, counts, from->table);
  CheckSink(r, config.sinks, table);
  entries->push_back({line, std::move(table)});
}

/// \param all the table `counts`
void ReadCounts(const toml::table& all, const Document& document, const Config& config, std::vector<Entry>* entries) {
  for (const auto& [key, node] : all) {
    NodeReader names(&all, "counts", document);
    const std::string name(key.str());
    const toml::table* section = names.Child(name);
    if (section == nullptr) continue;
    ReadCountsEntry(NodeReader(section, names.FullKey(name), document), name, config,
                    static_cast<int>(node.source().begin.line), entries);
  }
}

}  // namespace

void ReadDefaults(NodeReader r, Config* config) {
  ReadSettings(DefaultsSettings(), r, config);
  for (const Setting<Table>& setting : TableSettings()) {
    if (!setting.info.one_table) {
      setting.read(r, &config->defaults);
    } else if (r.Has(setting.info.name)) {
      r.Fail(setting.info.name, "belongs to one table: move it to [tables.<name>]");
    }
  }
  if (r.Has("sink") || config->discover) CheckSink(r, config->sinks, config->defaults);
  if (config->discover) CheckRows(r, config->defaults);
  if (!config->defaults.dead_letters.empty())
    config->dead_letter_topics.insert(config->defaults.dead_letters);
  r.RejectUnknown();
}

void ReadTables(const toml::table& tables, const toml::table* counts, const Document& document, Config* config) {
  std::vector<Entry> entries;
  for (const auto& [name, node] : tables) {
    NodeReader all(&tables, "tables", document);
    std::string key(name.str());
    const toml::table* section = all.Child(key);
    if (!section) continue;
    if (key.empty() || key.find('\0') != std::string::npos) {
      all.Fail(key, "is no table name");
      continue;
    }
    Table table = config->defaults;
    table.name = key;
    NodeReader r(section, fmt::format("tables.{}", key), document);
    ReadSettings(TableSettings(), r, &table);
    CheckSink(r, config->sinks, table);
    CheckRows(r, table);
    if (!table.dead_letters.empty()) config->dead_letter_topics.insert(table.dead_letters);
    r.RejectUnknown();
    entries.push_back({static_cast<int>(node.source().begin.line), std::move(table)});
  }
  if (counts != nullptr) ReadCounts(*counts, document, *config, &entries);
  // toml++ sorts keys; people expect their own order.
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return a.line < b.line; });
  TopicOwners(document.problems, config).Give(entries);
  for (const Entry& entry : entries) AddTable(entry.table, config);
  CheckPlaces(entries, *config, document.problems);
  CheckFileKeys(entries, document.problems);
}

}  // namespace cdc::config
