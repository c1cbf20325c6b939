#include "jobs/run/replay_judge.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::run {
namespace {

LetterFacts Plain() {
  LetterFacts letter;
  letter.offset = 5;
  letter.next = letter.end = 10;
  letter.passed_over = true;
  letter.place = LetterFacts::Place::kSame;
  return letter;
}

ReplayVerdict VerdictOf(const LetterFacts& letter) { return Judge(letter).verdict; }

TEST_CASE("a letter is safe when its record is there and nothing came later") {
  CHECK(VerdictOf(Plain()) == ReplayVerdict::kSafe);
  CHECK(Judge(Plain()).why.empty());
  LetterFacts append = Plain();
  append.append = true;
  append.later_change = 7;
  append.truncated = 8;
  append.key_readable = false;
  CHECK(VerdictOf(append) == ReplayVerdict::kSafe);
}

TEST_CASE("what forbids a letter for certain cannot be forced") {
  LetterFacts letter = Plain();
  SECTION("replayed") {
    letter.replayed = true;
    CHECK(VerdictOf(letter) == ReplayVerdict::kAlready);
  }
  SECTION("later change") {
    letter.later_change = 7;
    CHECK(VerdictOf(letter) == ReplayVerdict::kLaterChange);
    CHECK(Judge(letter).why.find('7') != std::string::npos);
  }
  SECTION("later change, and its own record is gone") {
    letter.later_change = 7;
    letter.low = 6;
    letter.place = LetterFacts::Place::kAbsent;
    CHECK(VerdictOf(letter) == ReplayVerdict::kLaterChange);
  }
  SECTION("truncated") {
    letter.truncated = 7;
    CHECK(VerdictOf(letter) == ReplayVerdict::kTruncated);
  }
  SECTION("key unreadable") {
    letter.key_readable = false;
    CHECK(VerdictOf(letter) == ReplayVerdict::kKeyUnreadable);
  }
  SECTION("another record at its place") {
    letter.place = LetterFacts::Place::kOther;
    CHECK(VerdictOf(letter) == ReplayVerdict::kOtherRecord);
  }
  SECTION("behind the topic's end") {
    letter.end = letter.next = 5;
    CHECK(VerdictOf(letter) == ReplayVerdict::kOtherRecord);
  }
  SECTION("not passed yet") {
    letter.next = 5;
    CHECK(VerdictOf(letter) == ReplayVerdict::kNotPassed);
  }
  CHECK_FALSE(Judge(letter).forcible);
  CHECK_FALSE(Judge(letter).why.empty());
}

TEST_CASE("a doubt forbids a letter until it is forced") {
  LetterFacts letter = Plain();
  SECTION("retention has removed its record") {
    letter.low = 6;
    letter.place = LetterFacts::Place::kAbsent;
    CHECK(VerdictOf(letter) == ReplayVerdict::kRecordGone);
  }
  SECTION("compaction has") {
    letter.place = LetterFacts::Place::kAbsent;
    CHECK(VerdictOf(letter) == ReplayVerdict::kRecordGone);
  }
  SECTION("an append-only table does not know it") {
    letter.append = true;
    letter.passed_over = false;
    CHECK(VerdictOf(letter) == ReplayVerdict::kNotOfTable);
  }
  SECTION("an unreadable record came later") {
    letter.later_unreadable = 7;
    CHECK(VerdictOf(letter) == ReplayVerdict::kLaterUnreadable);
  }
  CHECK(Judge(letter).forcible);
}

}  // namespace
}  // namespace cdc::run
