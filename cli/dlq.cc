/// cdc dlq: dead letters, each once however often it was written.

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/kafka_reading.h"
#include "cli/table_reading.h"
#include "lib/contract/names.h"
#include "lib/contract/record_ranges.h"
#include "lib/core/printable.h"
#include "lib/kafka/consumer.h"

namespace cdc::cli {
namespace {

constexpr std::chrono::seconds kPatience(15);

/// Where the record was that could not be applied.
struct Identity {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  friend auto operator<=>(const Identity&, const Identity&) = default;
};

struct Letter {
  int64_t written_ms = 0;
  std::string reason;
  std::optional<std::string> key;
  std::optional<std::string> value;
};
using Letters = std::map<Identity, Letter>;

template <typename T>
T NumberOf(std::string_view text, T otherwise) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : otherwise;
}

std::optional<std::string> Copy(std::optional<std::string_view> view) {
  return view ? std::optional<std::string>(*view) : std::nullopt;
}

/// A letter without our headers is somebody else's: it is shown with its own place.
void Add(const kafka::Message& m, Letters* letters) {
  Identity identity;
  identity.topic = m.header(contract::kDlqTopic).value_or(m.topic());
  identity.partition = NumberOf<int32_t>(m.header(contract::kDlqPartition).value_or(""), m.partition());
  identity.offset = NumberOf<int64_t>(m.header(contract::kDlqOffset).value_or(""), m.offset());
  Letter letter{m.timestamp_ms(), std::string(m.header(contract::kDlqReason).value_or("no reason given")),
                Copy(m.key()), Copy(m.value())};
  letters->try_emplace(std::move(identity), std::move(letter));
}

/// Dead-letter topics of one table, or of all topics under the prefix and all configured tables.
Result<std::vector<kafka::TopicInfo>> FindTopics(const config::Config& config, kafka::Consumer& consumer,
                                                 const std::string& table) {
  CDC_ASSIGN(auto all, consumer.ListTopics("", kPatience));
  std::vector<std::string> wanted;
  if (!table.empty()) {
    CDC_ASSIGN(const config::Table one, config.FindTable(table));
    for (const std::string& topic : one.topics) wanted.push_back(one.dead_letter_topic(topic));
  } else {
    for (const auto& one : config.tables) {
      for (const std::string& topic : one.topics) wanted.push_back(one.dead_letter_topic(topic));
    }
    wanted.insert(wanted.end(), config.dead_letter_topics.begin(), config.dead_letter_topics.end());
  }
  const std::string prefix = config.source.topic_prefix + ".";
  std::erase_if(all, [&](const kafka::TopicInfo& topic) {
    const bool covered = table.empty() && topic.name.starts_with(prefix) && contract::IsDlqTopic(topic.name);
    return !covered && std::find(wanted.begin(), wanted.end(), topic.name) == wanted.end();
  });
  return all;
}

/// Everything between the topics' present beginning and end.
Result<Letters> ReadLetters(const config::Config& config, const std::string& table) {
  CDC_ASSIGN(auto consumer, OpenConsumer(config));
  CDC_ASSIGN(const auto topics, FindTopics(config, *consumer, table));
  std::vector<kafka::TopicPartition> partitions;
  for (const auto& topic : topics) {
    for (int32_t p = 0; p < topic.partitions; ++p) partitions.push_back({topic.name, p});
  }
  Letters letters;
  if (partitions.empty()) return letters;
  CDC_ASSIGN(const auto marks, consumer->Watermarks(partitions, kPatience));
  if (marks.size() != partitions.size()) {
    return Error{ErrorKind::kTransient, fmt::format("Reading dead letters: only {} of {} partitions answered",
                                                    marks.size(), partitions.size())};
  }
  std::vector<kafka::TopicPartitionOffset> starts;
  for (const auto& m : marks) starts.push_back({m.topic, m.partition, m.low});
  CDC_TRY(consumer->Assign(starts));
  auto reached = [&](const kafka::Watermark& m) {
    return consumer->Position(m.topic, m.partition).value_or(-1) >= m.end;
  };
  auto deadline = std::chrono::steady_clock::now() + kPatience;
  kafka::MessageBatch batch;
  while (!std::all_of(marks.begin(), marks.end(), reached)) {
    const Status status = consumer->Poll(std::chrono::milliseconds(200), 1000, &batch);
    for (const auto& m : batch) Add(m, &letters);
    if (!batch.problems().empty()) return batch.problems().front().error;
    if (!batch.empty() || !batch.ends().empty()) deadline = std::chrono::steady_clock::now() + kPatience;
    if (std::chrono::steady_clock::now() < deadline) continue;
    return status ? Error{ErrorKind::kTransient, "Reading dead letters: Kafka sends nothing more"}
                  : status.error();
  }
  return letters;
}

std::string Shown(const std::optional<std::string>& bytes) { return bytes ? Printable(*bytes) : "null"; }

/// What the tables say; a table that cannot be read counts as one without.
class ReplayedLetters {
 public:
  explicit ReplayedLetters(std::shared_ptr<const config::Config> config) : config_(std::move(config)) {}

  /// By all tables of its topic: which of them wrote it, it does not say.
  bool Has(const Identity& letter) {
    const std::vector<std::string> tables = config_->TablesOfTopic(letter.topic);
    return !tables.empty() && std::all_of(tables.begin(), tables.end(), [&](const std::string& table) {
      auto known = tables_.find(table);
      if (known == tables_.end()) known = tables_.emplace(table, Read(table)).first;
      return known->second.Has(letter.partition, letter.offset);
    });
  }

 private:
  contract::RecordRanges Read(const std::string& table) const {
    auto reading = TableReading::Open(config_, table, PatiencePerCall(std::chrono::seconds(10)));
    auto replayed = reading ? reading->store().Replayed() : Result<contract::RecordRanges>(reading.error());
    if (replayed) return std::move(*replayed);
    fmt::print(stderr, "cdc: which letters of {} were replayed is not known: {}\n", table,
               replayed.error().message);
    return {};
  }

  std::shared_ptr<const config::Config> config_;
  std::map<std::string, contract::RecordRanges> tables_;
};

Result<int> List(const Command& command, const std::string& table) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  CDC_ASSIGN(const Letters letters, ReadLetters(*config, table));
  struct Count {
    int64_t all = 0, replayed = 0;
  };
  std::map<std::pair<std::string, std::string>, Count> counts;  // by topic and reason
  ReplayedLetters replayed(config);
  int64_t replayed_count = 0;
  for (const auto& [identity, letter] : letters) {
    Count& count = counts[{identity.topic, letter.reason}];
    const bool was_replayed = replayed.Has(identity);
    ++count.all;
    count.replayed += was_replayed;
    replayed_count += was_replayed;
  }
  const auto told = [](int64_t number) { return number == 0 ? "" : fmt::format(" ({} replayed)", number); };
  fmt::print("{} dead letters{}\n", letters.size(), told(replayed_count));
  for (const auto& [what, count] : counts) {
    const std::vector<std::string> names = config->TablesOfTopic(what.first);
    const std::string whose = names.empty() ? what.first : fmt::format("{}", fmt::join(names, ", "));
    fmt::print("{:>8}  {}  {}{}\n", count.all, whose, Printable(what.second), told(count.replayed));
  }
  return kOk;
}

Result<int> Show(const Command& command, const std::string& table) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  CDC_ASSIGN(const Letters letters, ReadLetters(*config, table));
  for (const auto& [identity, letter] : letters) {
    fmt::print(
        "reason:    {}\ntopic:     {}\npartition: {}\noffset:    {}\nwritten:   {}\nkey:       {}\nvalue:    "
        " {}\n\n",
        Printable(letter.reason), identity.topic, identity.partition, identity.offset,
        TimeText(letter.written_ms), Shown(letter.key), Shown(letter.value));
  }
  return kOk;
}

}  // namespace

void AddDlq(CLI::App& app, Command* command) {
  auto table = std::make_shared<std::string>();
  CLI::App* dlq =
      AddSubcommand(app, "dlq", "Show dead letters, changes that could not be applied, and replay them");
  dlq->require_subcommand(1);
  CLI::App* list = AddSubcommand(*dlq, "list", "Count them by table and reason");
  CLI::App* show = AddSubcommand(*dlq, "show", "Show each with its reason, place, key and value");
  for (CLI::App* sub : {list, show}) {
    sub->add_option("TABLE", *table, "the table's entry in the configuration; none: all tables");
  }
  list->callback([=] { command->run = Reporting([=] { return List(*command, *table); }); });
  AddDlqReplay(*dlq, command);
  show->callback([=] { command->run = Reporting([=] { return Show(*command, *table); }); });
}

}  // namespace cdc::cli
