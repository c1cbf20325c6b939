#include "jobs/source/letter_streak.h"

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "tests/support/result_printing.h"

namespace cdc::source {
namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "streak-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
  fs::path file() const { return path / "index" / "dead-letter-streak"; }
  fs::path path;
};

/// Letters `first` to `last` of changes in a row, at offsets of the same numbers. \return of the last
bool Letters(LetterStreak* streak, int64_t first, int64_t last, const char* reason = "bad",
             int64_t offset = 0) {
  bool too_many = false;
  for (int64_t change = first; change <= last; ++change)
    too_many = streak->Note(change, 0, offset + change, reason);
  return too_many;
}

}  // namespace

TEST_CASE("values are no part of a reason, the column is") {
  const std::string one = ReasonWithoutValues("column 'n': 'x y' is not a decimal(6, 2)");
  CHECK(one == ReasonWithoutValues("column 'n': '12.5' is not a decimal(12, 4)"));
  CHECK(one != ReasonWithoutValues("column 'm': 'x y' is not a decimal(6, 2)"));
  CHECK(one != ReasonWithoutValues("column 'n': 'x y' is not an int"));
  CHECK(ReasonWithoutValues("at byte 17") == ReasonWithoutValues("at byte 4"));
  CHECK(ReasonWithoutValues("the row's old version") == "the row's old version");
  CHECK(ReasonWithoutValues("unknown operation \"x\"") == ReasonWithoutValues("unknown operation \"y\""));
  CHECK(ReasonWithoutValues("column 'n") == "column 'n");
}

TEST_CASE("ten changes in a row that become letters for one reason are too many, nine are not") {
  LetterStreak streak = LetterStreak::Load({});
  CHECK_FALSE(Letters(&streak, 1, 9));
  CHECK(Letters(&streak, 10, 10));
}

TEST_CASE("a change that is applied in between, or another reason, begins anew") {
  LetterStreak applied = LetterStreak::Load({}), other = LetterStreak::Load({});
  CHECK_FALSE(Letters(&applied, 1, 9));
  CHECK_FALSE(Letters(&applied, 11, 19));
  CHECK(Letters(&applied, 20, 20));
  CHECK_FALSE(Letters(&other, 1, 9));
  CHECK_FALSE(Letters(&other, 10, 18, "worse"));
}

TEST_CASE("a streak goes on in the next run, unless a change has ended it") {
  Folder folder;
  LetterStreak first = LetterStreak::Load(folder.file());
  CHECK_FALSE(Letters(&first, 1, 6));
  REQUIRE(first.Save(6));

  LetterStreak goes_on = LetterStreak::Load(folder.file());
  CHECK_FALSE(Letters(&goes_on, 1, 3, "bad", 100));
  CHECK(Letters(&goes_on, 4, 4, "bad", 100));

  LetterStreak ended = LetterStreak::Load(folder.file());
  CHECK_FALSE(Letters(&ended, 2, 6, "bad", 100));  // the run's first change was applied
  REQUIRE(ended.Save(6));
  CHECK(LetterStreak::Load(folder.file()).count() == 5);
  REQUIRE(ended.Save(7));
  CHECK_FALSE(fs::exists(folder.file()));
}

TEST_CASE("a letter that is read again after a crash is not counted again") {
  Folder folder;
  LetterStreak killed = LetterStreak::Load(folder.file());
  Letters(&killed, 1, 6);
  REQUIRE(killed.Save(6));
  LetterStreak again = LetterStreak::Load(folder.file());
  CHECK_FALSE(Letters(&again, 1, 9));
  CHECK(again.count() == 9);
  CHECK(Letters(&again, 10, 10));
}

TEST_CASE("a damaged file is as good as none") {
  Folder folder;
  LetterStreak streak = LetterStreak::Load(folder.file());
  Letters(&streak, 1, 6);
  REQUIRE(streak.Save(6));
  std::string text;
  {
    std::ifstream in(folder.file(), std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(in), {});
  }
  for (size_t at = 0; at < text.size(); at += 7) {
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    std::ofstream(folder.file(), std::ios::binary) << damaged;
    INFO(at);
    CHECK(LetterStreak::Load(folder.file()).count() == 0);
  }
  std::ofstream(folder.file(), std::ios::binary) << text.substr(0, text.size() / 2);
  CHECK(LetterStreak::Load(folder.file()).count() == 0);
}

}  // namespace cdc::source
