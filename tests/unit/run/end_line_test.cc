#include "jobs/run/end_line.h"

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <nlohmann/json.hpp>

namespace cdc::run {
namespace {

/// Each question is asked 1.5 s after the one before.
class TickingClock final : public Clock {
 public:
  SteadyTime steady() const override { return now_ += Millis{1'500}; }
  WallTime wall() const override { return {}; }

 private:
  mutable SteadyTime now_;
};

struct Ended {
  int code = 0;
  std::string text;
};

Ended End(nlohmann::json line, const Status& status) {
  const TickingClock clock;
  const SteadyTime began = clock.steady();
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), &std::fclose);
  REQUIRE(file != nullptr);
  Ended ended{EndWithLine(std::move(line), status, clock, began, {}, file.get()), {}};
  std::rewind(file.get());
  for (int c = std::fgetc(file.get()); c != EOF; c = std::fgetc(file.get()))
    ended.text += static_cast<char>(c);
  return ended;
}

}  // namespace

TEST_CASE("a run by hand ends with one line of what it told, its exit and its seconds") {
  const Ended ended = End({{"table", "t"}}, {});
  CHECK(ended.code == 0);
  CHECK(ended.text == "{\"exit\":0,\"seconds\":1.5,\"table\":\"t\"}\n");
}

TEST_CASE("the line of a run that failed says why, and what to do") {
  const Ended ended = End({{"table", "t"}}, Error{ErrorKind::kTransient, "it is away", "come back"});
  CHECK(ended.code == 75);
  const auto line = nlohmann::json::parse(ended.text);
  CHECK(line["exit"] == 75);
  CHECK(line["reason"] == "it is away");
  CHECK(line["hint"] == "come back");
}

TEST_CASE("bytes of a reason that are not UTF-8 are replaced in the line") {
  const Ended ended = End({{"told", "\xc3"}}, Error{ErrorKind::kCorrupt, "value \xff\xfe of a", "see \x80"});
  CHECK(ended.code == 78);
  const auto line = nlohmann::json::parse(ended.text);
  CHECK(line["reason"] == "value \xef\xbf\xbd\xef\xbf\xbd of a");
  CHECK(line["hint"] == "see \xef\xbf\xbd");
  CHECK(line["told"] == "\xef\xbf\xbd");
}

}  // namespace cdc::run
