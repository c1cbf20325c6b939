#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include <catch2/generators/catch_generators.hpp>

#include "tests/component/s3/minio.h"

namespace cdc::s3 {
namespace {

constexpr size_t kPart = 8 << 20;

TEST_CASE("What is written is read back, in one part and in several") {
  Files files(SharedMinio().access());
  const size_t size = GENERATE(size_t{0}, size_t{1}, size_t{300'000}, size_t{64 << 10},
                               size_t{(64 << 10) + 1}, kPart - 1, kPart, kPart + 1, 5 * kPart);
  const std::string path = "s3://warehouse/sizes/" + std::to_string(size);
  const std::string bytes = Noise(size);
  {
    auto writer = files->Create(path);
    REQUIRE(writer);
    // Pieces that end nowhere near a part's end.
    for (size_t at = 0; at < size; at += 1'000'003) {
      REQUIRE((*writer)->Write(std::string_view(bytes).substr(at, 1'000'003)));
    }
    CHECK(files->Open(path).error().kind == ErrorKind::kNotFound);
    REQUIRE((*writer)->Close());
  }
  const auto all = files->ReadAll(path);
  REQUIRE(all);
  CHECK(*all == bytes);
  const auto reader = files->Open(path);
  REQUIRE(reader);
  CHECK((*reader)->size() == static_cast<int64_t>(size));
  for (const size_t offset :
       {size_t{0}, size / 3, size - std::min<size_t>(size, 70'000), size - std::min<size_t>(size, 9)}) {
    std::string got(std::min<size_t>(size - offset, 100'000), '\0');
    REQUIRE((*reader)->ReadAt(static_cast<int64_t>(offset), got.size(), got.data()));
    CHECK(got == std::string_view(bytes).substr(offset, got.size()));
  }
  char beyond[2];
  const Status past_end = (*reader)->ReadAt(static_cast<int64_t>(size) - 1, 2, beyond);
  REQUIRE(!past_end);
  CHECK(past_end.error().kind == ErrorKind::kCorrupt);
}

TEST_CASE("One call may bring many parts") {
  Files files(SharedMinio().access());
  const std::string bytes = Noise(3 * kPart + 5);
  REQUIRE(files->WriteAll("s3://warehouse/one-call", bytes));
  CHECK(files->ReadAll("s3://warehouse/one-call").value() == bytes);
}

TEST_CASE("Names are the same string everywhere") {
  Files files(SharedMinio().access());
  const std::string name = GENERATE("a b", "a%20b", "a+b=c&d", "Fakültät-学部-🎓", "quote'\"<>&;", "~-._!*()",
                                    "a@b:c,d$e#f?g", "day=2024-01-01/x=%2F/00000-0.parquet");
  const std::string folder = "s3://warehouse/names " + std::to_string(std::hash<std::string>{}(name));
  const std::string path = folder + "/" + name;
  CAPTURE(path);
  REQUIRE(files->WriteAll(path, name));
  CHECK(files->ReadAll(path).value() == name);
  CHECK(files->Open(path).value()->size() == static_cast<int64_t>(name.size()));
  const auto listed = files->List(folder);
  REQUIRE(listed);
  REQUIRE(listed->size() == 1);
  CHECK(listed->front().path == path);
  CHECK(listed->front().size == static_cast<int64_t>(name.size()));
  const int64_t now = UnixMillis(SystemClock().wall());
  CHECK(std::abs(listed->front().modified_ms - now) < 60'000);
  REQUIRE(files->Delete(path));
  CHECK(files->ReadAll(path).error().kind == ErrorKind::kNotFound);
  CHECK(files->List(folder).value().empty());
}

TEST_CASE("A file that must be new is made by one of several, and is never replaced") {
  Files files(SharedMinio().access());
  constexpr int kWriters = 8;
  std::vector<Status> answers(kWriters);
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back(
        [&files, &answers, i] { answers[static_cast<size_t>(i)] = files->WriteNew("s3://warehouse/new/1.json", std::to_string(i)); });
  }
  for (std::thread& writer : writers) writer.join();
  int winner = -1;
  for (int i = 0; i < kWriters; ++i) {
    const Status& answer = answers[static_cast<size_t>(i)];
    if (!answer) {
      CHECK(answer.error().kind == ErrorKind::kConflict);
      continue;
    }
    CHECK(winner == -1);
    winner = i;
  }
  REQUIRE(winner >= 0);
  CHECK(files->ReadAll("s3://warehouse/new/1.json").value() == std::to_string(winner));
}

TEST_CASE("s3a is answered in its own spelling; a bucket is no file") {
  Files files(SharedMinio().access());
  REQUIRE(files->WriteAll("s3a://warehouse/spelling/x", "1"));
  CHECK(files->List("s3a://warehouse/spelling").value().front().path == "s3a://warehouse/spelling/x");
  CHECK(files->List("s3://warehouse/spelling/").value().front().path == "s3://warehouse/spelling/x");
  CHECK(files->ReadAll("s3://warehouse").error().kind == ErrorKind::kInvalidArgument);
  CHECK(files->ReadAll("/warehouse/x").error().kind == ErrorKind::kInvalidConfig);
}

TEST_CASE("Listings go beyond one page, and name a folder's files only") {
  Files files(SharedMinio().access());
  std::set<std::string> expected;
  for (int i = 0; i < 1'005; ++i) {
    const std::string path = "s3://warehouse/many/d" + std::to_string(i % 7) + "/" + std::to_string(i);
    REQUIRE(files->WriteAll(path, "x"));
    expected.insert(path);
  }
  REQUIRE(files->WriteAll("s3://warehouse/many-more/x", "not below many/"));
  const auto listed = files->List("s3://warehouse/many");
  REQUIRE(listed);
  std::set<std::string> found;
  for (const auto& file : *listed) found.insert(file.path);
  CHECK(listed->size() == 1'005);
  CHECK(found == expected);
  CHECK(files->List("s3://warehouse/none").value().empty());
}

TEST_CASE("Deleting what is absent is no error; an object is replaced") {
  Files files(SharedMinio().access());
  CHECK(files->Delete("s3://warehouse/absent"));
  REQUIRE(files->WriteAll("s3://warehouse/twice", "one"));
  REQUIRE(files->WriteAll("s3://warehouse/twice", "two"));
  CHECK(files->ReadAll("s3://warehouse/twice").value() == "two");
}

TEST_CASE("A writer that is not closed leaves nothing, not even parts") {
  Files files(SharedMinio().access());
  {
    auto writer = files->Create("s3://warehouse/discarded/x");
    REQUIRE((*writer)->Write(Noise(kPart + 1)));
  }
  { auto writer = files->Create("s3://warehouse/discarded/y"); }
  CHECK(files->List("s3://warehouse/discarded").value().empty());
  // MinIO keeps the parts of open uploads below the hash of the object's path.
  size_t parts = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(SharedMinio().data() / ".minio.sys/multipart")) {
    if (entry.is_regular_file()) ++parts;
  }
  CHECK(parts == 0);
}

TEST_CASE("Two threads on one file system") {
  Files files(SharedMinio().access());
  std::atomic<int> good{0};
  const auto work = [&](int thread) {
    for (int i = 0; i < 40; ++i) {
      const std::string path = "s3://warehouse/threads/" + std::to_string(thread) + "-" + std::to_string(i);
      const std::string bytes = Noise(20'000, static_cast<unsigned>(1'000 * thread + i));
      if (files->WriteAll(path, bytes) && files->ReadAll(path).value() == bytes) ++good;
    }
  };
  std::thread other(work, 1);
  work(2);
  other.join();
  CHECK(good == 80);
}

}  // namespace
}  // namespace cdc::s3
