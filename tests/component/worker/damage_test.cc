/// What somebody or something did to the files of the index folder between two runs: the table is as if it
/// had not been done.

#include <algorithm>
#include <fstream>
#include <iterator>

#include "lib/iceberg/table_update.h"
#include "tests/component/worker/changed_table.h"

namespace cdc::worker {
namespace {

namespace fs = std::filesystem;

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void WriteAll(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// The first line of the list of file numbers is another one after each rebuild.
std::string Generation(const fs::path& index_folder) {
  const std::string text = ReadAll(index_folder / "files");
  return text.substr(0, text.find('\n'));
}

/// Does something to the files of a folder that has had older ones.
class Vandal {
 public:
  Vandal(fs::path folder, uint32_t seed) : folder_(std::move(folder)), dice_(seed) {}

  uint32_t Roll(uint32_t sides) { return static_cast<uint32_t>(dice_() % sides); }

  void Remember() {
    std::map<fs::path, std::string> now;
    for (const auto& entry : fs::directory_iterator(folder_))
      if (entry.is_regular_file()) now[entry.path()] = ReadAll(entry.path());
    past_.push_back(std::move(now));
  }

  /// \return what was done
  std::string Act() {
    const char* const names[] = {"keys.idx", "keys.idx", "keys.idx", "files", "commit.journal"};
    const fs::path path = folder_ / names[Roll(std::size(names))];
    std::string bytes = ReadAll(path);
    const std::string name = path.filename().string();
    const uint32_t kind = Roll(7);
    if (kind == 5 && past_.size() > 1) return PutBack();
    if (kind == 6) {
      for (const auto& entry : fs::directory_iterator(folder_)) fs::remove(entry.path());
      return "all deleted";
    }
    if (bytes.empty()) return "nothing";
    constexpr size_t kPage = 4096;
    switch (kind) {
      case 0:
      case 1: {
        const uint32_t flips = kind == 0 ? 1 : 20;
        for (uint32_t i = 0; i < flips; ++i) {
          char& byte = bytes[Roll(static_cast<uint32_t>(bytes.size()))];
          byte = static_cast<char>(byte ^ 1 << Roll(8));
        }
        WriteAll(path, bytes);
        return std::to_string(flips) + " bits of " + name;
      }
      case 2: {
        const size_t at = Roll(static_cast<uint32_t>(bytes.size() / kPage + 1)) * kPage;
        for (size_t i = at; i < std::min(at + kPage, bytes.size()); ++i) bytes[i] = 0;
        WriteAll(path, bytes);
        return "a page of " + name;
      }
      case 3: fs::resize_file(path, Roll(static_cast<uint32_t>(bytes.size()))); return "the end of " + name;
      default: fs::remove(path); return name + " deleted";
    }
  }

 private:
  /// One, two, or all files of an older age.
  std::string PutBack() {
    const auto& age = past_[Roll(static_cast<uint32_t>(past_.size() - 1))];
    std::string done = "older";
    const bool all = Roll(3) == 0;
    for (const auto& [path, bytes] : age) {
      if (!all && Roll(2) == 0) continue;
      WriteAll(path, bytes);
      done += " " + path.filename().string();
    }
    return done;
  }

  fs::path folder_;
  std::mt19937 dice_;
  std::vector<std::map<fs::path, std::string>> past_;
};

uint32_t Seed() {
  const char* wanted = std::getenv("CDC_TEST_SEED");
  return wanted != nullptr ? static_cast<uint32_t>(std::strtoul(wanted, nullptr, 10))
                           : std::random_device()();
}

}  // namespace

TEST_CASE("files of the index folder that are damaged, older or gone leave the table right") {
  const uint32_t seed = Seed();
  INFO("CDC_TEST_SEED=" << seed);
  ChangedTable table;
  Vandal vandal(table.settings.index_folder, seed);
  std::string history;
  int committed = 0, ended = 0;
  constexpr int kRounds = 60;
  for (int round = 0; round < kRounds; ++round) {
    {
      auto sink = table.Open();
      REQUIRE(ChangedTable::Committed(*sink) == committed);
      for (uint32_t i = 0; i <= vandal.Roll(3); ++i) {
        const auto done = table.Commit(*sink, committed);
        if (!done) {  // a run that finds damage ends as one that is tried again, with or without its commit
          INFO(history << done.error().message);
          REQUIRE(
              (done.error().kind == ErrorKind::kTransient || done.error().kind == ErrorKind::kCommitUnknown));
          ++ended;
          break;
        }
        ++committed;
        if (vandal.Roll(4) == 0) (void)sink->Maintain(Tidying::kIdle);
      }
      if (vandal.Roll(3) > 0) (void)sink->Close();  // or as kill -9 leaves it
    }
    committed = ChangedTable::Committed(*table.Open());
    vandal.Remember();
    history += vandal.Act() + "; ";
    if (round % 20 == 19) {
      auto sink = table.Open();
      INFO(history);
      CHECK(ById(table.Seen()["rows"]) == ModelAfter(committed));
    }
  }
  CHECK(ended > 0);  // some damage is found in the middle of a run only
}

TEST_CASE("runs that end in any way never rebuild an index that nobody touched") {
  ChangedTable table;
  { auto sink = table.Open(); }
  const std::string made = Generation(table.settings.index_folder);
  REQUIRE_FALSE(made.empty());
  for (int n = 0; n < 30; ++n) {
    auto sink = table.Open();
    REQUIRE(ChangedTable::Committed(*sink) == n);
    REQUIRE(Generation(table.settings.index_folder) == made);
    REQUIRE(table.Commit(*sink, n));
    if (n % 4 == 1) SinkTable::Finish(*sink, Tidying::kIdle);
    if (n % 3 == 0) REQUIRE(sink->Close());
  }
  CHECK(ById(table.Seen()["rows"]) == ModelAfter(30));
}

TEST_CASE("a table without a secret is given one, and its index is built anew") {
  ChangedTable table;
  { REQUIRE(table.Commit(*table.Open(), 0)); }
  const KeySecret first = table.secret;
  const std::string before = Generation(table.settings.index_folder);
  const auto loaded = table.catalog->LoadTable(IdentOf(table.settings));
  REQUIRE(loaded);
  CHECK(loaded->metadata->Property("cdc.key-secret", "") == first.Hex());
  for (const bool wrong : {false, true}) {
    const auto now = table.catalog->LoadTable(IdentOf(table.settings));
    REQUIRE(now);
    const std::map<std::string, std::string> nonsense = {{"cdc.key-secret", "nonsense"}};
    REQUIRE(table.catalog->CommitTable(
        *now, wrong ? iceberg::PropertiesCommit(*now->metadata, nonsense)
                    : iceberg::PropertiesCommit(*now->metadata, {}, {"cdc.key-secret"})));
    auto sink = table.Open();
    CHECK_FALSE(table.secret == first);
    CHECK(Generation(table.settings.index_folder) != before);
    CHECK(table.catalog->LoadTable(IdentOf(table.settings))->metadata->Property("cdc.key-secret", "") ==
          table.secret.Hex());
    REQUIRE(table.Commit(*sink, wrong ? 2 : 1));
  }
  CHECK(ById(table.Seen()["rows"]) == ModelAfter(3));
}

}  // namespace cdc::worker
