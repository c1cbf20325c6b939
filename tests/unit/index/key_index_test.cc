#include "lib/index/key_index.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <csignal>
#include <fstream>
#include <random>
#include <unordered_map>

#include "lib/index/commit_journal.h"
#include "lib/index/file_numbers.h"
#include "tests/support/result_printing.h"

namespace cdc::index {
namespace {

/// A folder that goes when the test ends.
struct Folder {
  Folder() {
    char name[] = "/tmp/cdc-index-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

Hash128 Key(uint64_t n) { return HashBytes({reinterpret_cast<const char*>(&n), sizeof n}); }

TEST_CASE("the index agrees with a map through growth, erasure and reopening") {
  Folder folder;
  std::unordered_map<uint64_t, Location> model;
  std::mt19937_64 random(42);
  auto index = *KeyIndex::Create(folder.path, {"uuid", 7});
  for (int i = 0; i < 200'000; ++i) {
    const uint64_t n = random() % 50'000;
    if (random() % 4 == 0) {
      REQUIRE(index->Erase(Key(n)));
      model.erase(n);
    } else {
      const Location location{static_cast<uint32_t>(i), static_cast<uint32_t>(n)};
      REQUIRE(index->Put(Key(n), location));
      model[n] = location;
    }
  }
  REQUIRE(index->Sync());
  index.reset();
  index = *KeyIndex::Open(folder.path, "another boot");
  CHECK(index->stamp().snapshot_id == 7);
  CHECK(index->size() == model.size());
  std::vector<Hash128> keys;
  for (uint64_t n = 0; n < 50'000; ++n) keys.push_back(Key(n));
  std::vector<Location> found(keys.size());
  REQUIRE(index->FindMany(keys, found));
  for (uint64_t n = 0; n < 50'000; ++n) {
    const auto want = model.find(n);
    REQUIRE(found[n] == (want == model.end() ? KeyIndex::Missing() : want->second));
  }
}

TEST_CASE("a bulk load grows far ahead, and leaves at most 40 bytes per key") {
  Folder folder;
  auto index = *KeyIndex::Create(folder.path, {"uuid", 7});
  // More than what is looked at in the order of the changes: they are applied in hash order.
  constexpr uint64_t kBatch = 20'000, kBatches = 20;
  std::vector<Hash128> keys;
  std::vector<Location> want;
  uint64_t grown = 0, bytes = 0;
  for (uint64_t batch = 0; batch < kBatches; ++batch) {
    CommitIntent intent;
    intent.table_uuid = "uuid";
    for (uint64_t n = batch * kBatch; n < (batch + 1) * kBatch; ++n) {
      const Location location{static_cast<uint32_t>(batch), static_cast<uint32_t>(n)};
      // Changes of one key keep their order.
      intent.changes.push_back({Key(n), {99, 99}});
      intent.changes.push_back({Key(n), KeyIndex::Missing()});
      if (n % 3 > 0) intent.changes.push_back({Key(n), location});
      keys.push_back(Key(n));
      want.push_back(n % 3 > 0 ? location : KeyIndex::Missing());
    }
    if (batch % 2 == 0) intent.new_keys = kBatch;
    REQUIRE(Apply(intent, index.get()));
    grown += index->file_bytes() != bytes;
    bytes = index->file_bytes();
  }
  CHECK(grown <= 7);
  std::vector<Location> found(keys.size());
  REQUIRE(index->FindMany(keys, found));
  CHECK((found == want));  // 400,000 locations are not for reading
  REQUIRE(index->Sync());
  CHECK(index->file_bytes() <= index->size() * 40);
  CHECK(index->file_bytes() >= index->size() * 32);  // 24 bytes a slot, three quarters full at most
  index.reset();
  index = *KeyIndex::Open(folder.path, "another boot");
  REQUIRE(index->FindMany(keys, found));
  CHECK((found == want));  // 400,000 locations are not for reading
}

TEST_CASE("a bulk load makes room for the keys that are to come, within reason") {
  Folder folder;
  auto index = *KeyIndex::Create(folder.path, {"uuid", 7});
  constexpr uint64_t kBatch = 5'000, kBatches = 20;
  uint64_t grown = 0, bytes = 0;
  for (uint64_t batch = 0; batch < kBatches; ++batch) {
    CommitIntent intent;
    intent.table_uuid = "uuid";
    intent.keys_to_come = (kBatches - 1 - batch) * kBatch;
    for (uint64_t n = batch * kBatch; n < (batch + 1) * kBatch; ++n)
      intent.changes.push_back({Key(n), {1, 2}});
    REQUIRE(Apply(intent, index.get()));
    grown += index->file_bytes() != bytes;
    bytes = index->file_bytes();
  }
  CHECK(grown == 2);  // to eight times the first batch, then to all
  CHECK(index->size() == kBatch * kBatches);
  CHECK(bytes < index->size() * 33);

  CommitIntent wrong;
  wrong.table_uuid = "uuid";
  wrong.keys_to_come = 1'000'000'000;
  for (uint64_t n = 0; n < kBatch; ++n) wrong.changes.push_back({Key(1'000'000 + n), {1, 2}});
  REQUIRE(Apply(wrong, index.get()));
  CHECK(index->file_bytes() < 9 * bytes);
  // Few keys beside those that are there are no bulk load, whatever comes.
  const uint64_t before = index->file_bytes();
  while (index->HasRoom(index->size() + 1)) REQUIRE(index->Put(Key(2'000'000 + index->size()), {1, 2}));
  wrong.changes = {{Key(7), {3, 4}}, {Key(9'000'000), {3, 4}}};
  REQUIRE(Apply(wrong, index.get()));
  CHECK(index->file_bytes() > before);
  CHECK(index->file_bytes() < 2 * before);
}

TEST_CASE("a bulk load takes the room that it needs where there is none for what is to come") {
  Folder folder;
  auto index = *KeyIndex::Create(folder.path, {"uuid", 7});
  CommitIntent intent;
  intent.table_uuid = "uuid";
  intent.keys_to_come = 1'000'000;
  for (uint64_t n = 0; n < 10'000; ++n) intent.changes.push_back({Key(n), {1, 2}});
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1 << 20, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const Status applied = Apply(intent, index.get());
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  REQUIRE(applied);
  CHECK(index->size() == 10'000);
  CHECK(index->file_bytes() <= 1 << 20);
}

TEST_CASE("an index that only grew keeps its stamp, and survives a power cut once it is written out") {
  Folder folder;
  {
    auto index = *KeyIndex::Create(folder.path, {"uuid", 7});
    REQUIRE(index->Put(Key(1), {1, 2}));
    REQUIRE(index->Sync());
  }
  {
    auto index = *KeyIndex::Open(folder.path, "another boot");
    REQUIRE(index->Reserve(50'000));
    CHECK(index->HasRoom(50'000));
    CHECK_FALSE(KeyIndex::Open(folder.path, "another boot"));
    REQUIRE(index->Sync());
  }
  const auto again = KeyIndex::Open(folder.path, "another boot");
  REQUIRE(again);
  CHECK((*again)->stamp().table_uuid == "uuid");
  CHECK((*again)->stamp().snapshot_id == 7);
  CHECK(*(*again)->Find(Key(1)) == Location{1, 2});
}

TEST_CASE("an index whose keys come and go does not grow with their number") {
  constexpr uint64_t kLive = 2'000, kBatches = 1'000;
  const bool in_batches = GENERATE(true, false);
  Folder folder;
  auto index = *KeyIndex::Create(folder.path, {"uuid", 1});
  uint64_t most = 0;
  for (uint64_t batch = 0; batch < kBatches; ++batch) {
    CommitIntent intent;
    for (uint64_t n = batch * kLive; n < (batch + 1) * kLive; ++n) {
      intent.changes.push_back({Key(n), {1, static_cast<uint32_t>(n)}});
      if (batch > 0) intent.changes.push_back({Key(n - kLive), KeyIndex::Missing()});
    }
    intent.new_keys = kLive;
    REQUIRE((in_batches ? Apply(intent, index.get()) : PutMany(intent.changes, index.get())));
    most = std::max(most, index->file_bytes());
  }
  CHECK(index->size() == kLive);
  for (uint64_t n = (kBatches - 1) * kLive; n < kBatches * kLive; ++n)
    REQUIRE(*index->Find(Key(n)) != KeyIndex::Missing());
  CHECK(*index->Find(Key(kLive)) == KeyIndex::Missing());
  CHECK(most <= 1 << 20);  // two million keys of 24 bytes have been there
}

TEST_CASE("an index that has lost all of its keys is trimmed, and is one still") {
  Folder folder;
  auto index = *KeyIndex::Create(folder.path, {"uuid", 7});
  constexpr uint64_t kKeys = 300'000;
  for (uint64_t n = 0; n < kKeys; ++n) REQUIRE(index->Put(Key(n), {1, 2}));
  const uint64_t full = index->file_bytes();
  for (uint64_t n = 0; n < kKeys; ++n) REQUIRE(index->Erase(Key(n)));
  REQUIRE(index->Sync());
  CHECK(index->file_bytes() < full / 10);
  index.reset();
  const auto again = KeyIndex::Open(folder.path, "another boot");
  REQUIRE(again);
  CHECK((*again)->size() == 0);
  REQUIRE((*again)->Put(Key(1), {3, 4}));
  CHECK(*(*again)->Find(Key(1)) == Location{3, 4});
}

TEST_CASE("keys that differ only in their high or low half are different keys") {
  Folder folder;
  auto index = *KeyIndex::Create(folder.path, {"uuid", 0});
  REQUIRE(index->Put({5, 1}, {1, 1}));
  REQUIRE(index->Put({5, 2}, {2, 2}));
  REQUIRE(index->Put({0, 0}, {3, 3}));
  CHECK(index->Find({5, 1})->file == 1);
  CHECK(index->Find({5, 2})->file == 2);
  CHECK(index->Find({0, 0})->file == 3);
  CHECK(*index->Find({6, 1}) == KeyIndex::Missing());
}

TEST_CASE("an index that may have lost pages in a power cut is refused") {
  Folder folder;
  {
    auto index = *KeyIndex::Create(folder.path, {"uuid", 1});
    REQUIRE(index->Put({1, 1}, {1, 1}));
  }
  CHECK(KeyIndex::Open(folder.path, BootId()));
  const auto after_power_cut = KeyIndex::Open(folder.path, "another boot");
  REQUIRE_FALSE(after_power_cut);
  CHECK(after_power_cut.error().kind == ErrorKind::kCorrupt);
}

TEST_CASE("garbage in place of an index is refused") {
  Folder folder;
  CHECK(KeyIndex::Open(folder.path, BootId()).error().kind == ErrorKind::kNotFound);
  for (const size_t size : {size_t{0}, size_t{100}, size_t{4096}, size_t{100'000}}) {
    std::ofstream(folder.path / "keys.idx", std::ios::trunc) << std::string(size, 'x');
    CHECK(KeyIndex::Open(folder.path, BootId()).error().kind == ErrorKind::kCorrupt);
  }
}

TEST_CASE("kill -9 while a journal is applied is made good by applying it again") {
  Folder folder;
  CommitIntent intent;
  intent.table_uuid = "uuid";
  intent.parent_snapshot_id = 1;
  intent.snapshot_id = 2;
  intent.new_files = {{1, "/w/a.parquet"}};
  {
    auto index = *KeyIndex::Create(folder.path, {"uuid", 1});
    for (uint32_t n = 0; n < 100'000; ++n) REQUIRE(index->Put(Key(n), {9, n}));
  }
  for (uint32_t n = 50'000; n < 300'000; ++n) {
    intent.changes.push_back({Key(n), n % 3 == 0 ? KeyIndex::Missing() : Location{1, n}});
  }
  REQUIRE(WriteJournal(folder.path, intent));
  for (int kill = 0; kill < 10; ++kill) {
    const pid_t child = ::fork();
    if (child == 0) {
      auto index = KeyIndex::Open(folder.path, BootId());
      if (index) (void)Apply(intent, index->get());
      ::_exit(0);
    }
    ::usleep(static_cast<useconds_t>(1 + kill * 700));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    auto survivor = KeyIndex::Open(folder.path, BootId());
    REQUIRE(survivor);  // also between the two files of a growth
  }
  const auto journal = ReadJournal(folder.path);
  REQUIRE((journal && *journal));
  auto index = *KeyIndex::Open(folder.path, BootId());
  REQUIRE(Apply(**journal, index.get()));
  CHECK(index->stamp().snapshot_id == 2);
  for (uint32_t n = 0; n < 300'000; ++n) {
    const Location found = *index->Find(Key(n));
    if (n < 50'000)
      REQUIRE(found == Location{9, n});
    else if (n % 3 == 0)
      REQUIRE(found == KeyIndex::Missing());
    else
      REQUIRE(found == Location{1, n});
  }
}

TEST_CASE("a journal of a commit without changes of keys is read back") {
  Folder folder;
  CommitIntent intent;
  intent.table_uuid = "uuid";
  intent.snapshot_id = 5;
  intent.new_files = {{1, "/w/a.parquet"}};
  REQUIRE(WriteJournal(folder.path, intent));
  const auto read = ReadJournal(folder.path);
  REQUIRE((read && *read));
  CHECK((*read)->snapshot_id == 5);
  CHECK((*read)->changes.empty());
  CHECK((*read)->new_files == intent.new_files);
}

TEST_CASE("a torn journal counts as none") {
  Folder folder;
  CommitIntent intent;
  intent.table_uuid = "uuid";
  intent.changes.push_back({Key(1), {1, 1}});
  REQUIRE(WriteJournal(folder.path, intent));
  const auto file = folder.path / "commit.journal";
  const auto size = std::filesystem::file_size(file);
  for (uintmax_t cut = 0; cut < size; cut += 5) {
    REQUIRE(WriteJournal(folder.path, intent));
    std::filesystem::resize_file(file, cut);
    const auto read = ReadJournal(folder.path);
    REQUIRE(read);
    CHECK_FALSE(*read);
  }
}

TEST_CASE("a journal is written over one of another length, which is kept aside") {
  Folder folder;
  for (const size_t count : {3000, 10, 2000, 0, 1, 5000}) {
    CommitIntent intent;
    intent.table_uuid = "uuid";
    intent.snapshot_id = static_cast<int64_t>(count);
    for (uint64_t i = 0; i < count; ++i) intent.changes.push_back({Key(i), {1, 1}});
    REQUIRE(WriteJournal(folder.path, intent));
    const auto read = ReadJournal(folder.path);
    REQUIRE((read && *read));
    CHECK((*read)->snapshot_id == intent.snapshot_id);
    CHECK((*read)->changes.size() == count);
  }
  RemoveJournal(folder.path);
  const auto none = ReadJournal(folder.path);
  REQUIRE(none);
  CHECK_FALSE(*none);
}

TEST_CASE("file numbers survive a torn last line and are never used twice") {
  Folder folder;
  uint64_t chain = 0;
  {
    auto numbers = *FileNumbers::Create(folder.path);
    REQUIRE(numbers.Add(1, "/w/a"));
    REQUIRE(numbers.Take(2));
    REQUIRE(numbers.Add(2, "/w/b"));
    chain = numbers.chain();
  }
  std::ofstream(folder.path / "files", std::ios::app) << "3\t/w/torn";
  auto numbers = *FileNumbers::Open(folder.path, chain);
  CHECK(numbers.next() == 3);
  REQUIRE(numbers.Add(3, "/w/c"));
  auto again = *FileNumbers::Open(folder.path, numbers.chain());
  CHECK(*again.PathOf(3) == "/w/c");
  CHECK(again.NumberOf("/w/b") == 2);
  CHECK(again.NumberOf("/w/torn") == UINT32_MAX);
}

TEST_CASE("retaining some file numbers keeps the others from being given again") {
  Folder folder;
  auto numbers = *FileNumbers::Create(folder.path);
  for (uint32_t n = 1; n <= 10; ++n) REQUIRE(numbers.Add(n, "/w/" + std::to_string(n)));
  const uint64_t before = numbers.chain();
  REQUIRE(numbers.Retain([](const std::string& path) { return path == "/w/3"; }));
  // Also where the run died before the index was told.
  for (const uint64_t chain : {before, numbers.chain()}) {
    auto again = *FileNumbers::Open(folder.path, chain);
    CHECK(again.next() == 11);
    CHECK(again.size() == 2);
    CHECK(again.NumberOf("/w/3") == 3);
    CHECK(again.PathOf(4) == nullptr);
    CHECK(again.chain() == numbers.chain());
  }
}

}  // namespace
}  // namespace cdc::index
