#include <catch2/catch_test_macros.hpp>

#include "lib/config/config.h"
#include "lib/config/settings.h"
#include "lib/config/table_names.h"
#include "tests/unit/config/config_text.h"

namespace cdc::config {
namespace {

const std::string kNoLake = R"([kafka]
bootstrap_servers = "127.0.0.1:9092"
[source]
topic_prefix = "uni.server"
)";
const std::string kTarget = "[sinks.target]\ntype = \"postgres\"\ndsn = \"host=h password=p\"\n";

}  // namespace

TEST_CASE("a sink is a section with a type and an address") {
  const auto config =
      Good(kHead + kTarget + "[sinks.other_2]\ntype = \"postgres\"\ndsn = \"host=o\"\nschema = \"s\"\n");
  REQUIRE(config->sinks.size() == 2);
  CHECK(config->sinks.at("target") == Sink{SinkType::kPostgres, "host=h password=p", "public", ""});
  CHECK(config->sinks.at("other_2").schema == "s");
  for (const auto& [text, problem] : std::vector<std::pair<const char*, const char*>>{
           {"[sinks.iceberg]\ntype = \"postgres\"\ndsn = \"d\"\n", "sinks.iceberg: is the name of the sink"},
           {"[sinks.A]\ntype = \"postgres\"\ndsn = \"d\"\n", "tables.toml:9: sinks.A: is not allowed"},
           {"[sinks.a]\ntype = \"mysql\"\ndsn = \"d\"\n",
            "sinks.a.type: \"mysql\" is not allowed: use \"postgres\" or \"delta\""},
           {"[sinks.a]\ndsn = \"d\"\n", "sinks.a.type: is missing"},
           {"[sinks.a]\ntype = \"postgres\"\n", "sinks.a.dsn: is missing"},
           {"[sinks.a]\ntype = \"postgres\"\ndsn = \"\"\n", "sinks.a.dsn: is empty"},
           {"[sinks.a]\ntype = \"postgres\"\ndsn = \"d\"\nschem = \"x\"\n", "did you mean \"schema\"?"},
           {"[sinks]\na = 1\n", "sinks.a: is an integer"}}) {
    const std::string message = Bad(kHead + text);
    INFO(text << message);
    CHECK(Contains(message, problem));
  }
}

TEST_CASE("a table names its sink, and a name that is none is told with those that are") {
  const auto config =
      Good(kHead + kTarget + "[tables.a]\n[tables.b]\nsink = \"target\"\ndeletes = \"soft\"\n");
  CHECK(config->FindTable("a")->in_iceberg());
  CHECK(config->FindTable("a")->deletes == Deletes::kHard);
  CHECK(config->FindTable("b")->sink == "target");
  CHECK(config->FindTable("b")->deletes == Deletes::kSoft);
  CHECK(Contains(Bad(kHead + kTarget + "[tables.a]\nsink = \"targt\"\n"),
                 "tables.toml:13: tables.a.sink: \"targt\" is no sink: use \"iceberg\" or \"target\", or add "
                 "[sinks.targt]"));
  CHECK(Contains(Bad(kHead + "[defaults]\nsink = \"x\"\n"),
                 "defaults.sink: \"x\" is no sink: use \"iceberg\""));
}

TEST_CASE("what a sink does not have is refused where it is written, not where it is inherited") {
  for (const char* line : {"format_version = 2", "snapshot_keep = 3", "snapshot_age = \"1h\""}) {
    const std::string message = Bad(kHead + kTarget + "[tables.a]\nsink = \"target\"\n" + line + "\n");
    INFO(line << message);
    CHECK(Contains(message, "tables.toml:14: tables.a."));
    CHECK(Contains(message, "is for Iceberg tables, and this one is written to [sinks.target]: remove it"));
    Good(kHead + kTarget + "[defaults]\n" + line + "\n[tables.a]\nsink = \"target\"\n");
  }
  CHECK(Contains(Bad(kHead + "[tables.a]\ndeletes = \"soft\"\n"),
                 "tables.a.deletes: \"soft\" is not built yet for Iceberg"));
  CHECK(Contains(Bad(kHead + "[defaults]\ndeletes = \"soft\"\n[tables.a]\n"),
                 "tables.a.deletes: \"soft\" is not built yet"));
  CHECK(Contains(Bad(kHead + "[defaults]\ndeletes = \"soft\"\ndiscover = true\n"),
                 "defaults.deletes: \"soft\" is not built"));
}

TEST_CASE("a Delta sink is a folder or a bucket, and each of its tables is a folder in it") {
  const std::string delta = "[sinks.d]\ntype = \"delta\"\npath = \"data/delta\"\n";
  const auto config = Good(kNoLake + delta + "[defaults]\nsink = \"d\"\n[tables.a]\nchange_data_feed = true\n" +
                           "target_file_size = \"1MB\"\n[tables.b]\ntarget = \"x y\"\n");
  CHECK(config->sinks.at("d").path == config->file.parent_path() / "data/delta");
  CHECK(config->IsIn(*config->FindTable("a"), SinkType::kDelta));
  CHECK(config->FindTable("a")->change_data_feed);
  CHECK(DeltaFolder(*config, *config->FindTable("a")) == config->sinks.at("d").path + "/a");
  CHECK(DeltaFolder(*config, *config->FindTable("b")).starts_with(config->sinks.at("d").path + "/x_y-"));
  const auto other = Good(kNoLake + "[sinks.d]\ntype = \"delta\"\npath = \"data/other\"\n[defaults]\nsink = \"d\"\n[tables.a]\n");
  const auto plain = Good(kNoLake + delta + "[defaults]\nsink = \"d\"\n[tables.a]\n");
  const auto feed = Good(kNoLake + delta + "[defaults]\nsink = \"d\"\n[tables.a]\nchange_data_feed = true\n");
  CHECK(Fingerprint(*plain, *plain->FindTable("a")) != Fingerprint(*other, *other->FindTable("a")));
  CHECK(Fingerprint(*plain, *plain->FindTable("a")) != Fingerprint(*feed, *feed->FindTable("a")));
  for (const auto& [text, problem] : std::vector<std::pair<std::string, const char*>>{
           {"[sinks.d]\ntype = \"delta\"\n", "sinks.d.path: is missing"},
           {"[sinks.d]\ntype = \"delta\"\npath = \"s3://\"\n", "has no bucket"},
           {"[sinks.d]\ntype = \"delta\"\npath = \"gs://b\"\n", "use a local folder or s3://bucket/path"},
           {"[sinks.d]\ntype = \"delta\"\npath = \"p\"\ndsn = \"d\"\n", "sinks.d.dsn: is not for a sink of type \"delta\""},
           {"[sinks.d]\ntype = \"postgres\"\ndsn = \"d\"\npath = \"p\"\n", "sinks.d.path: is not for a sink of type \"postgres\""},
           {"[sinks.d]\ntype = \"delta\"\npath = \"s3://b/p\"\n[tables.a]\nsink = \"d\"\n", "storage: is needed for an s3:// path"},
           {delta + "[tables.a]\nsink = \"d\"\ndeletes = \"soft\"\n", "\"soft\" is not built yet for Delta tables"},
           {delta + "[tables.a]\nsink = \"d\"\nsnapshot_keep = 3\n", "is for Iceberg tables, and this one is written to [sinks.d]"},
           {delta + "[tables.a]\nsink = \"d\"\nchange_data_fed = true\n", "did you mean \"change_data_feed\"?"},
           {delta + "[tables.a]\nsink = \"d\"\ntarget = \"x\"\n[tables.b]\nsink = \"d\"\ntarget = \"x\"\n", "as table a is"},
           {delta + "[sinks.e]\ntype = \"delta\"\npath = \"data/delta\"\n[tables.a]\nsink = \"d\"\n[tables.b]\nsink = \"e\"\ntarget = \"a\"\n",
            "as table a is"}}) {
    const std::string message = Bad(kNoLake + text);
    INFO(text << message);
    CHECK(Contains(message, problem));
  }
  CHECK(Contains(Bad(kHead + "[tables.a]\nchange_data_feed = true\n"),
                 "change_data_feed: is for Delta tables, and this one is an Iceberg table: remove it"));
  CHECK(Contains(Bad(kHead + kTarget + "[tables.a]\nsink = \"target\"\ntarget_file_size = \"1MB\"\n"),
                 "is for Iceberg and Delta tables, and this one is written to [sinks.target]: remove it"));
}

TEST_CASE("the catalog is needed only where some table is written to Iceberg") {
  const std::string both = kNoLake + kTarget;
  CHECK_FALSE(Good(both + "[tables.a]\nsink = \"target\"\n")->UsesIceberg());
  Good(both + "[defaults]\nsink = \"target\"\ndiscover = true\n[tables.a]\n");
  CHECK_FALSE(Good(both + "[defaults]\nsink = \"target\"\ndiscover = true\n")->UsesIceberg());
  for (const char* tables : {"", "[tables.a]\n", "[tables.a]\nsink = \"target\"\n[tables.b]\n",
                             "[defaults]\ndiscover = true\n[tables.a]\nsink = \"target\"\n"}) {
    INFO(tables);
    CHECK(Contains(Bad(both + tables), "catalog.uri: is missing"));
  }
  // A section that is there is looked at all the same.
  CHECK(Contains(Bad(both + "[catalog]\nuri = \"c.db\"\n[tables.a]\nsink = \"target\"\n"),
                 "catalog.namespace: is missing"));
}

TEST_CASE("entries with from read the topic of their source table beside its own entry") {
  const auto config = Good(kHead + kTarget +
                           "[tables.students_pg]\nfrom = \"students\"\nsink = \"target\"\n[tables.students]\n"
                           "[tables.again]\nfrom = \"students\"\nsink = \"target\"\ntarget = \"pupils\"\n");
  CHECK(config->TablesOfTopic("uni.server.public.students") == Names{"students", "students_pg", "again"});
  CHECK(config->TablesOfTopic("uni.server.public.students_pg").empty());
  const Table copy = *config->FindTable("students_pg");
  CHECK(copy.topics == Names{"uni.server.public.students"});
  CHECK_FALSE(copy.topic_given);
  CHECK(SourceTableName(*config, copy) == "students");
  CHECK(TargetName(*config, copy) == "students_pg");
  CHECK(TargetName(*config, *config->FindTable("again")) == "pupils");
  // Without an entry of that name it is a source table all the same.
  const auto alone = Good(kHead + "[tables.mine]\nfrom = \"public.students\"\n");
  CHECK(alone->TablesOfTopic("uni.server.public.students") == Names{"mine"});
  CHECK(SourceTableName(*alone, *alone->FindTable("mine")) == "students");
  CHECK(IcebergName(*alone, "mine", "students") == "mine");
}

TEST_CASE("an entry with from follows the topic that the entry of its source table names") {
  const auto config = Good(kHead +
                           "[tables.users]\ntopic = \"users_cdc\"\n[tables.copy]\nfrom = \"users\"\n"
                           "[tables.routed]\nfrom = \"users\"\ntopic = \"elsewhere\"\n");
  CHECK(config->TablesOfTopic("users_cdc") == Names{"users", "copy"});
  CHECK(config->FindTable("copy")->topic_given);
  CHECK(config->TablesOfTopic("elsewhere") == Names{"routed"});
}

TEST_CASE("a bare name in from means what is left of several schemas, as a bare entry does") {
  std::string head = kHead;
  head.replace(head.find("topic_prefix"), 0, "schemas = [\"public\", \"hr\"]\n");
  const auto config =
      Good(head + "[tables.\"hr.x\"]\n[tables.a]\nfrom = \"x\"\n[tables.b]\nfrom = \"hr.x\"\n");
  CHECK(config->FindTable("a")->topics == Names{"uni.server.public.x"});
  CHECK(config->TablesOfTopic("uni.server.hr.x") == Names{"hr.x", "b"});
  CHECK(Contains(Bad(head + "[tables.\"hr.x\"]\n[tables.\"public.x\"]\n[tables.a]\nfrom = \"x\"\n"),
                 "tables.a: every topic of x belongs to another table: write from = \"schema.table\""));
}

TEST_CASE("discover finds a table beside the entries that read along") {
  const auto config =
      Good(kHead + kTarget +
           "[defaults]\ndiscover = true\n[tables.copy]\nfrom = \"students\"\nsink = \"target\"\n");
  CHECK(config->TablesOfTopic("uni.server.public.students") == Names{"students", "copy"});
  CHECK(config->TablesOfTopic("uni.server.public.other") == Names{"other"});
}

TEST_CASE("what only one table can say is refused as a default") {
  for (const char* line : {"topic = \"t\"", "from = \"t\"", "target = \"t\""}) {
    CHECK(Contains(Bad(kHead + "[defaults]\n" + line + "\n"),
                   "belongs to one table: move it to [tables.<name>]"));
  }
}

TEST_CASE("two tables are never written to one") {
  const std::string message =
      Bad(kHead + kTarget + "[tables.a]\nsink = \"target\"\n[tables.b]\nsink = \"target\"\ntarget = \"a\"\n");
  CHECK(Contains(message, "tables.toml:14: tables.b: is written to a of sink target, as table a is"));
  CHECK(Contains(Bad(kHead + "[tables.a]\n[tables.b]\ntarget = \"a\"\n"), "is written to a of sink iceberg"));
  Good(kHead + kTarget + "[tables.a]\n[tables.b]\nfrom = \"a\"\nsink = \"target\"\ntarget = \"a\"\n");
}

TEST_CASE("target names an Iceberg table too") {
  const auto config = Good(kHead + "[tables.a]\ntarget = \"x\"\n[tables.b]\nfrom = \"a\"\n");
  CHECK(IcebergName(*config, "a", "a") == "x");
  CHECK(IcebergName(*config, "b", "a") == "b");
}

TEST_CASE("a topic that takes dead letters is never a table") {
  const auto config =
      Good(kHead +
           "[defaults]\ndiscover = true\n[tables.a]\ndead_letters = \"uni.server.public.bad\"\n[tables.b]\n");
  CHECK(config->FindTable("a")->dead_letter_topic("uni.server.public.a") == "uni.server.public.bad");
  CHECK(config->FindTable("b")->dead_letter_topic("uni.server.public.b") == "uni.server.public.b.dlq");
  CHECK(config->TablesOfTopic("uni.server.public.bad").empty());
  CHECK_FALSE(config->Covers("uni.server.public.bad"));
  CHECK(Good(kHead + "[defaults]\ndead_letters = \"all\"\n[tables.a]\n")
            ->FindTable("a")
            ->dead_letter_topic("x") == "all");
  CHECK(Contains(Bad(kHead + "[tables.a]\ndead_letters = \"x\"\n[tables.b]\ntopic = \"x\"\n"),
                 "tables.b: topic x takes dead letters"));
}

}  // namespace cdc::config
