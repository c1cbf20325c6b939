#include "lib/contract/names.h"

#include <catch2/catch_test_macros.hpp>

#include "lib/contract/exit_code.h"

namespace cdc::contract {

TEST_CASE("topics are named as Debezium names them") {
  CHECK(TopicName("s", "public", "öğrenci") == "s.public.__renci");
  CHECK(TopicName("s", "public", "Weird_Table-Name") == "s.public.Weird_Table-Name");
  CHECK(SanitiseForTopic("a b\xF0\x9F\x98\x80") == "a_b__");
}

TEST_CASE("a topic is taken apart with prefix and schemas known, never by splitting on dots") {
  std::vector<std::string> schemas = {"public", "a", "a.b"};
  CHECK(ParseTopic("x.y", schemas, "x.y.public.with.dot") == SourceName{"public", "with.dot"});
  CHECK(ParseTopic("x.y", schemas, "x.y.a.b.c") == SourceName{"a.b", "c"});
  CHECK(ParseTopic("x.y", schemas, "x.y.other.t") == std::nullopt);
  CHECK(ParseTopic("x.y", schemas, "x.yz.public.t") == std::nullopt);
  CHECK(ParseTopic("x.y", schemas, "x.y.public.") == std::nullopt);
  CHECK(ParseTopic("x.y", schemas, "x.y.public.t.dlq") == std::nullopt);
  CHECK(ParseTopic("x.y", schemas, "x.y.transaction") == std::nullopt);
}

TEST_CASE("file keys are safe and never shared") {
  CHECK(FileKey("faculty") == "faculty");
  CHECK(FileKey("Faculty") != FileKey("faculty"));
  CHECK(FileKey("a.b") != FileKey("a_b"));
  CHECK(FileKey("orchestrator") != "orchestrator");
  CHECK(FileKey("../../etc/passwd").find('/') == std::string::npos);
  CHECK(FileKey("../../etc/passwd").find('.') == std::string::npos);
  CHECK(FileKey(std::string(300, 'x')).size() < 80);
  CHECK(FileKey("").size() == 9);
}

TEST_CASE("the lines scripts look for") {
  CHECK(DetectedLine("c", "faculty") == "Detected create operation on table: faculty");
  CHECK(TriggeredLine("faculty") == "Successfully triggered job for: faculty");
  CHECK(FinishedLine("faculty") == "Job finished for: faculty");
}

TEST_CASE("exit codes say what to do next") {
  CHECK(ExitCodeFor(ErrorKind::kTransient) == ExitCode::kTryAgain);
  CHECK(ExitCodeFor(ErrorKind::kConflict) == ExitCode::kTryAgain);
  CHECK(ExitCodeFor(ErrorKind::kCommitUnknown) == ExitCode::kTryAgain);
  CHECK(ExitCodeFor(ErrorKind::kUnsupported) == ExitCode::kPermanent);
  CHECK(ExitCodeFor(ErrorKind::kInvalidConfig) == ExitCode::kPermanent);
  CHECK(ExitCodeFor(ErrorKind::kShuttingDown) == ExitCode::kDone);
}

}  // namespace cdc::contract
