/// Files of the index folder that were damaged, cut, swapped, or put back older than the others: what is
/// answered is right, or an error.

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include "lib/index/commit_journal.h"
#include "lib/index/file_numbers.h"
#include "lib/index/key_index.h"
#include "tests/support/result_printing.h"

namespace cdc::index {
namespace {

using Model = std::map<uint64_t, Location>;
constexpr uint64_t kKeys = 3000;

struct Folder {
  Folder() {
    char name[] = "/tmp/cdc-damage-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

Hash128 Key(uint64_t n) { return HashBytes({reinterpret_cast<const char*>(&n), sizeof n}); }

std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void WriteAll(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// Commit `n`: a new file, some keys in it, others gone.
CommitIntent Intent(int n, Model* model) {
  std::mt19937_64 dice(static_cast<uint64_t>(n));
  CommitIntent intent;
  intent.table_uuid = "uuid";
  intent.parent_snapshot_id = n;
  intent.snapshot_id = n + 1;
  const auto number = static_cast<uint32_t>(n + 1);
  intent.new_files = {{number, "/w/" + std::to_string(number)}};
  for (uint32_t i = 0; i < (n == 0 ? 2000 : 300); ++i) {
    const uint64_t key = dice() % kKeys;
    const bool gone = dice() % 4 == 0;
    intent.changes.push_back({Key(key), gone ? KeyIndex::Missing() : Location{number, i}});
    if (model == nullptr) continue;
    if (gone)
      model->erase(key);
    else
      (*model)[key] = {number, i};
  }
  return intent;
}

Model ModelAfter(int commits) {
  Model model;
  for (int n = 0; n < commits; ++n) (void)Intent(n, &model);
  return model;
}

Status BringForward(const CommitIntent& intent, KeyIndex* index, FileNumbers* numbers) {
  index->Begin(Unfinished::kCommit, intent.snapshot_id);
  for (const auto& [number, path] : intent.new_files) CDC_TRY(numbers->Add(number, path));
  index->SetNumbers(numbers->chain());
  return Apply(intent, index);
}

/// The folder after so many commits.
void Fill(const std::filesystem::path& folder, int commits) {
  auto numbers = *FileNumbers::Create(folder);
  auto index = *KeyIndex::Create(folder, {"uuid", 0, 7});
  index->SetNumbers(numbers.chain());
  for (int n = 0; n < commits; ++n) {
    const CommitIntent intent = Intent(n, nullptr);
    REQUIRE(WriteJournal(folder, intent));
    REQUIRE(BringForward(intent, index.get(), &numbers));
  }
  REQUIRE(index->Sync());
}

/// Opens all as a worker does, and asks for all. \return nothing: a doubt was told
std::optional<Model> Answers(const std::filesystem::path& folder) {
  auto index = KeyIndex::Open(folder, BootId());
  if (!index) return std::nullopt;
  auto numbers = FileNumbers::Open(folder, (*index)->numbers());
  if (!numbers) return std::nullopt;
  const auto journal = ReadJournal(folder);
  REQUIRE(journal);
  if (*journal && (*journal)->parent_snapshot_id == (*index)->stamp().snapshot_id &&
      !BringForward(**journal, index->get(), &*numbers))
    return std::nullopt;
  if ((*index)->unfinished().first != Unfinished::kNothing) return std::nullopt;
  if ((*index)->stamp().table_uuid != "uuid" || (*index)->stamp().secret != 7) return std::nullopt;
  Model model;
  for (uint64_t n = 0; n < kKeys; ++n) {
    const auto found = (*index)->Find(Key(n));
    if (!found) {
      CHECK(found.error().kind == ErrorKind::kTransient);
      CHECK_FALSE(std::filesystem::exists(folder / "keys.idx"));  // so that the next run knows
      CHECK((*index)->doubtful());
      CHECK_FALSE((*index)->Put(Key(n), {1, 1}));
      CHECK_FALSE((*index)->Erase(Key(n)));
      CHECK_FALSE((*index)->Sync());
      return std::nullopt;
    }
    if (*found == KeyIndex::Missing()) continue;
    // The number's file is the one that it was made for.
    const std::string* path = numbers->PathOf(found->file);
    REQUIRE(path != nullptr);
    REQUIRE(*path == "/w/" + std::to_string(found->file));
    model[n] = *found;
  }
  return (*index)->size() == model.size() ? std::optional(model) : std::nullopt;
}

TEST_CASE("a bit that is flipped anywhere in the folder changes no answer") {
  Folder folder;
  Fill(folder.path, 3);
  const Model right = ModelAfter(3);
  REQUIRE(Answers(folder.path) == right);
  std::mt19937_64 dice(20261130);
  for (const char* name : {"keys.idx", "files", "commit.journal"}) {
    const auto path = folder.path / name;
    const std::string whole = ReadAll(path);
    int doubts = 0;
    for (int i = 0; i < 400; ++i) {
      // The first page, and what lies last, are a small part of a large file.
      const size_t at = i % 3 == 0   ? dice() % std::min<size_t>(whole.size(), 256)
                        : i % 3 == 1 ? whole.size() - 1 - dice() % std::min<size_t>(whole.size(), 256)
                                     : dice() % whole.size();
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ 1 << dice() % 8);
      WriteAll(path, damaged);
      const auto answers = Answers(folder.path);
      INFO(name << " byte " << at);
      doubts += !answers;
      if (answers) CHECK(*answers == right);
      WriteAll(path, whole);
    }
    CAPTURE(name, doubts);
    if (name != std::string("commit.journal")) CHECK(doubts > 100);
  }
  CHECK(Answers(folder.path) == right);
}

TEST_CASE("pages that read as zeros, and cut files, change no answer") {
  Folder folder;
  Fill(folder.path, 3);
  const Model right = ModelAfter(3);
  for (const char* name : {"keys.idx", "files", "commit.journal"}) {
    const auto path = folder.path / name;
    const std::string whole = ReadAll(path);
    constexpr size_t kPage = 4096;
    const auto look = [&](std::string damaged) {
      WriteAll(path, damaged);
      if (const auto answers = Answers(folder.path)) CHECK(*answers == right);
      WriteAll(path, whole);
    };
    for (size_t at = 0; at < whole.size(); at += kPage) {
      INFO(name << " page at " << at);
      const size_t size = std::min(kPage, whole.size() - at);
      look(std::string(whole).replace(at, size, size, '\0'));
      look(std::string(whole).replace(at, size, size, '\xff'));
      look(whole.substr(0, at));
      look(whole.substr(0, at + size / 2));
      // All but the head: no slot, and no sum, is there any more.
      look(std::string(whole).replace(at, whole.size() - at, whole.size() - at, '\0'));
    }
    look(whole + std::string(kPage, '\0'));
  }
}

TEST_CASE("any mixture of older and newer files changes no answer, or is behind as a whole") {
  constexpr int kAges = 4;
  std::vector<std::map<std::string, std::string>> kept(kAges);
  for (int age = 0; age < kAges; ++age) {
    Folder folder;
    std::filesystem::path at = folder.path;
    if (age > 0) {  // the same list and index, further on
      for (const auto& [name, bytes] : kept[static_cast<size_t>(age) - 1]) WriteAll(at / name, bytes);
      auto index = *KeyIndex::Open(at, BootId());
      auto numbers = *FileNumbers::Open(at, index->numbers());
      const CommitIntent intent = Intent(age, nullptr);
      REQUIRE(WriteJournal(at, intent));
      REQUIRE(BringForward(intent, index.get(), &numbers));
      REQUIRE(index->Sync());
    } else {
      Fill(at, 1);
    }
    for (const char* name : {"keys.idx", "files", "commit.journal"})
      kept[static_cast<size_t>(age)][name] = ReadAll(at / name);
  }
  for (int index_age = 0; index_age < kAges; ++index_age) {
    for (int files_age = 0; files_age < kAges; ++files_age) {
      for (int journal_age = 0; journal_age < kAges; ++journal_age) {
        Folder folder;
        const auto put = [&](const char* name, int age) {
          WriteAll(folder.path / name, kept[static_cast<size_t>(age)].at(name));
        };
        put("keys.idx", index_age);
        put("files", files_age);
        put("commit.journal", journal_age);
        INFO("index " << index_age << " files " << files_age << " journal " << journal_age);
        const auto answers = Answers(folder.path);
        // The index needs the list's lines; a list with more is cut back.
        CHECK(answers.has_value() == (files_age >= index_age));
        // A journal that follows on the index is repeated. The stamp says what it is behind.
        const int reached = journal_age == index_age + 1 ? journal_age : index_age;
        if (answers) CHECK(*answers == ModelAfter(reached + 1));
        auto index = KeyIndex::Open(folder.path, BootId());
        if (answers) CHECK((*index)->stamp().snapshot_id == reached + 1);
      }
    }
  }
}

TEST_CASE("files that were swapped, or are another folder's, are told") {
  Folder one, other;
  Fill(one.path, 2);
  Fill(other.path, 2);
  std::filesystem::copy_file(other.path / "files", one.path / "files",
                             std::filesystem::copy_options::overwrite_existing);
  CHECK_FALSE(Answers(one.path));
  Fill(one.path, 2);
  const char* const names[] = {"keys.idx", "files", "commit.journal"};
  for (const char* to : names) {
    for (const char* from : names) {
      if (to == from) continue;
      const std::string whole = ReadAll(one.path / to);
      WriteAll(one.path / to, ReadAll(one.path / from));
      INFO(from << " in place of " << to);
      if (const auto answers = Answers(one.path)) CHECK(*answers == ModelAfter(2));
      WriteAll(one.path / to, whole);
    }
  }
}

TEST_CASE("a journal with a right checksum and absurd counts is none, at once") {
  Folder folder;
  CommitIntent intent;
  intent.table_uuid = "uuid";
  intent.new_files = {{1, "/w/a"}};
  intent.attempt_files = {"/w/a"};
  intent.changes.push_back({Key(1), {1, 1}});
  REQUIRE(WriteJournal(folder.path, intent));
  const std::string whole = ReadAll(folder.path / "commit.journal");
  for (size_t at = 8; at + sizeof(uint64_t) + sizeof(Hash128) <= whole.size(); ++at) {
    for (const uint64_t absurd : {UINT64_MAX, uint64_t{1} << 60, uint64_t{1} << 32, uint64_t{1000}}) {
      std::string bytes = whole;
      std::memcpy(bytes.data() + at, &absurd, sizeof absurd);
      const Hash128 sum = HashBytes(std::string_view(bytes).substr(0, bytes.size() - sizeof(Hash128)));
      std::memcpy(bytes.data() + bytes.size() - sizeof sum, &sum, sizeof sum);
      WriteAll(folder.path / "commit.journal", bytes);
      const auto read = ReadJournal(folder.path);
      REQUIRE(read);
      if (*read) CHECK((*read)->changes.size() <= 1);
    }
  }
}

TEST_CASE("kill -9 at any moment of many commits leaves files that a next run goes on with") {
  std::random_device random;
  const uint32_t seed = random();
  INFO("seed " << seed);
  std::mt19937 dice(seed);
  Folder folder;
  Fill(folder.path, 0);
  int done = 0;
  for (int kill = 0; kill < 30; ++kill) {
    const pid_t child = ::fork();
    if (child == 0) {
      auto index = KeyIndex::Open(folder.path, BootId());
      if (!index) ::_exit(1);
      auto numbers = FileNumbers::Open(folder.path, (*index)->numbers());
      if (!numbers) ::_exit(2);
      // A commit that was sent is in the journal; which one it was, the table says.
      for (int n = static_cast<int>((*index)->stamp().snapshot_id); n < 2000; ++n) {
        const CommitIntent intent = Intent(n, nullptr);
        if (!WriteJournal(folder.path, intent) || !BringForward(intent, index->get(), &*numbers)) ::_exit(3);
        if (n % 7 == 0 && !numbers->Retain([](const std::string&) { return true; })) ::_exit(4);
        if (n % 7 == 0) (*index)->SetNumbers(numbers->chain());
      }
      ::_exit(0);
    }
    ::usleep(dice() % 20'000);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status)) REQUIRE(WEXITSTATUS(status) == 0);
    auto index = KeyIndex::Open(folder.path, BootId());
    REQUIRE(index);
    const auto journal = ReadJournal(folder.path);
    REQUIRE(journal);
    done = static_cast<int>((*index)->stamp().snapshot_id);
    if (*journal && (*journal)->parent_snapshot_id == done) done = static_cast<int>((*journal)->snapshot_id);
    const auto [unfinished, goal] = (*index)->unfinished();
    if (unfinished == Unfinished::kCommit) REQUIRE(goal == done);
    index->reset();
    const auto answers = Answers(folder.path);
    REQUIRE(answers);
    REQUIRE(*answers == ModelAfter(done));
  }
  CHECK(done > 3);
}

}  // namespace
}  // namespace cdc::index
