/// Members of one group share topics: on a broker of librdkafka's, which has consumer groups.

#include "lib/kafka/group_member.h"

#include "lib/kafka/embedded_broker.h"
#include "tests/component/kafka/kafka_fixture.h"

namespace cdc::kafka {
namespace {

using Topics = std::set<std::string>;

/// A member and what it was told last.
struct Member {
  explicit Member(const Kafka& kafka, const std::string& name = "one")
      : member(std::move(GroupMember::Make({.bootstrap_servers = kafka.broker->bootstrap_servers(),
                                            .group_id = "orchestrators",
                                            .name = name,
                                            .session_timeout = 6s})
                             .value())) {}

  void Poll() {
    auto change = member->Poll(20ms);
    if (!change || !*change) return;
    topics = (*change)->topics;
    wanted_back.merge((*change)->wanted_back);
    if (releases && !wanted_back.empty()) {
      wanted_back.clear();
      REQUIRE(member->Release());
    }
  }

  std::unique_ptr<GroupMember> member;
  Topics topics, wanted_back;
  bool releases = true;
};

bool Until(const std::vector<Member*>& members, const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (std::chrono::steady_clock::now() < deadline) {
    for (Member* each : members) each->Poll();
    if (done()) return true;
  }
  return false;
}

Topics Make(const Kafka& kafka, int count) {
  Topics topics;
  for (int i = 0; i < count; ++i) {
    const std::string topic = "t" + std::to_string(i);
    REQUIRE(kafka.broker->CreateTopic(topic, 1));
    topics.insert(topic);
  }
  return topics;
}

}  // namespace

TEST_CASE("topics are shared between members, each at one of them, and taken over from one that leaves") {
  const Kafka kafka;
  const Topics all = Make(kafka, 6);
  Member first(kafka, "first");
  REQUIRE(first.member->Subscribe(all));
  REQUIRE(Until({&first}, [&] { return first.topics == all; }));
  {
    Member second(kafka, "second");
    REQUIRE(second.member->Subscribe(all));
    REQUIRE(Until({&first, &second}, [&] { return first.topics.size() == 3 && second.topics.size() == 3; }));
    Topics both = first.topics;
    both.insert(second.topics.begin(), second.topics.end());
    CHECK(both == all);
  }
  CHECK(Until({&first}, [&] { return first.topics == all; }));
}

TEST_CASE("nobody has a topic before the one that had it has let it go") {
  const Kafka kafka;
  const Topics all = Make(kafka, 2);
  Member first(kafka, "first"), second(kafka, "second");
  first.releases = false;
  REQUIRE(first.member->Subscribe(all));
  REQUIRE(Until({&first}, [&] { return first.topics == all; }));
  REQUIRE(second.member->Subscribe(all));
  REQUIRE(Until({&first, &second}, [&] { return !first.wanted_back.empty(); }));
  CHECK(first.topics.size() == 1);
  for (int i = 0; i < 20; ++i) {
    first.Poll();
    second.Poll();
    REQUIRE(second.topics.empty());
  }
  const Topics wanted = first.wanted_back;
  REQUIRE(first.member->Release());
  REQUIRE(Until({&first, &second}, [&] { return !second.topics.empty(); }));
  CHECK(second.topics == wanted);
}

TEST_CASE("a topic of several partitions is one thing, and topics that come later are shared too") {
  const Kafka kafka;
  REQUIRE(kafka.broker->CreateTopic("wide", 5));
  Member first(kafka, "first");
  REQUIRE(first.member->Subscribe({"wide"}));
  REQUIRE(Until({&first}, [&] { return first.topics == Topics{"wide"}; }));
  REQUIRE(kafka.broker->CreateTopic("later", 1));
  REQUIRE(first.member->Subscribe({"wide", "later"}));
  CHECK(Until({&first}, [&] { return first.topics == Topics{"wide", "later"}; }));
  CHECK(first.member->Subscribe({}).error().kind == ErrorKind::kInvalidArgument);
}

TEST_CASE("the embedded broker has no groups, and says so") {
  const auto broker = std::move(EmbeddedBroker::Start({}).value());
  REQUIRE(broker->CreateTopic("t", 1));
  const auto member = std::move(
      GroupMember::Make({.bootstrap_servers = broker->bootstrap_servers(), .group_id = "g", .name = "n"})
          .value());
  REQUIRE(member->Subscribe({"t"}));
  std::optional<Error> error;
  for (int i = 0; i < 300 && !error; ++i) {
    if (const auto change = member->Poll(50ms); !change) error = change.error();
  }
  REQUIRE(error);
  CHECK(error->kind == ErrorKind::kUnsupported);
  CHECK(error->message.find("have no consumer groups") != std::string::npos);
}

}  // namespace cdc::kafka
