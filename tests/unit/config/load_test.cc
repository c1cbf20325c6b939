#include <algorithm>
#include <cstdlib>

#include <catch2/catch_test_macros.hpp>

#include "lib/config/config.h"
#include "lib/config/table_names.h"
#include "tests/unit/config/config_text.h"

namespace cdc::config {
namespace {

const std::string kTwoSchemas = R"([kafka]
bootstrap_servers = "127.0.0.1:9092"
[source]
topic_prefix = "uni.server"
schemas = ["public", "hr"]
[catalog]
uri = "data/catalog.db"
warehouse = "data/warehouse/"
namespace = "university"
)";

}  // namespace

TEST_CASE("librdkafka's properties that the programs set themselves are refused by name, at their line") {
  const std::string refused =
      Bad(kHead +
          "[kafka.properties]\n\"client.id\" = \"c\"\n\"auto.offset.reset\" = \"latest\"\n"
          "acks = 0\ngroup.id = \"g\"\nmetadata.broker.list = \"x:1\"\n");
  for (const char* text :
       {"kafka.properties.\"auto.offset.reset\": is not allowed", "kafka.properties.acks: is not allowed",
        "kafka.properties.group.id: is not allowed", "use [kafka] group_id",
        "kafka.properties.metadata.broker.list: is not allowed", "use [kafka] bootstrap_servers"}) {
    INFO(text << " in\n" << refused);
    CHECK(Contains(refused, text));
  }
  CHECK_FALSE(Contains(refused, "client.id"));
  const auto lines = std::count(refused.begin(), refused.end(), '\n') + 1;
  CHECK(lines == 4);
  // Names with dots need no quotes.
  const auto config =
      Good(kHead +
           "[kafka.properties]\nsecurity.protocol = \"SASL_SSL\"\nsasl.mechanism = \"PLAIN\"\n"
           "socket.timeout.ms = 5000\n");
  CHECK(config->kafka.properties == std::map<std::string, std::string>{{"security.protocol", "SASL_SSL"},
                                                                       {"sasl.mechanism", "PLAIN"},
                                                                       {"socket.timeout.ms", "5000"}});
}

TEST_CASE("the worker's columns may have names of their own") {
  const auto config =
      Good(kHead +
           "[tables.t]\nmetadata_columns = [\"ingestion_time\", { name = \"kind\", value = \"op()\" }]\n"
           "[tables.u]\nmetadata_columns = [{ name = \"_at\", value = \"ingestion_time()\" }]\n[tables.v]\n");
  CHECK(config->FindTable("t")->metadata_columns ==
        std::vector<MetadataColumn>{{"ingestion_time", "ingestion_time()"}, {"kind", "op()"}});
  CHECK(config->FindTable("u")->metadata_columns == std::vector<MetadataColumn>{{"_at", "ingestion_time()"}});
  CHECK(config->FindTable("v")->metadata_columns ==
        std::vector<MetadataColumn>{{"ingestion_time", "ingestion_time()"}});
  for (const auto& [line, text] : std::vector<std::pair<const char*, const char*>>{
           {"[\"when\"]", "\"when\" is not allowed"},
           {"[{ name = \"a\" }]", "metadata_columns.value: is missing"},
           {"[{ value = \"op()\" }]", "metadata_columns.name: is missing"},
           {"[{ name = \"a\", value = \"soon()\" }]", "there is no function soon()"},
           {"[{ name = \"a\", value = \"op()\", type = \"x\" }]", "unknown key"},
           {"[\"ingestion_time\", { name = \"b\", value = \"ingestion_time()\" }]", "listed twice"},
           {"[{ name = \"a\", value = \"op()\" }, { name = \"A\", value = \"lsn()\" }]", "are one name"},
           {"\"ingestion_time\"", "write a list"}}) {
    INFO(line);
    CHECK(Contains(Bad(kHead + "[tables.t]\nmetadata_columns = " + line + "\n"), text));
  }
}

TEST_CASE("a column of the source may have another name in the table") {
  const auto config =
      Good(kHead +
           "[tables.t.columns]\na = \"text\"\nV = { name = \"v_2\" }\nw = { type = \"int\", name = \"x\" }\n"
           "y = { type = \"date\" }\n");
  const auto table = *config->FindTable("t");
  CHECK(table.columns == std::map<std::string, std::string>{{"a", "text"}, {"w", "int"}, {"y", "date"}});
  CHECK(table.column_names == std::map<std::string, std::string>{{"V", "v_2"}, {"w", "x"}});
  CHECK(Contains(Bad(kHead + "[tables.t.columns]\na = {}\n"), "tables.t.columns.a: is empty"));
  CHECK(Contains(Bad(kHead + "[tables.t.columns]\na = { name = \"\" }\n"),
                 "tables.t.columns.a.name: is empty"));
  CHECK(Contains(Bad(kHead + "[tables.t.columns]\na = { as = \"b\" }\n"), "unknown key"));
}

TEST_CASE("a topic that is written for a table is known to be") {
  const auto config = Good(kHead + "[tables.t]\n[tables.u]\ntopic = \"" + "all_u\"\n");
  CHECK_FALSE(config->FindTable("t")->topic_given);
  CHECK(config->FindTable("u")->topic_given);
}

TEST_CASE("defaults, inheritance and paths relative to the file") {
  auto config = Good(kHead + R"toml([orchestrator]
rate_limit = "10s"
[defaults]
commit_interval = "2s"
on_type_change = "rewrite"
[defaults.columns]
amount = "numeric(10,2)"
[tables.students]
mode = "append"
[tables.students.columns]
gpa = "numeric(3,2)"
[tables.faculty]
key = ["a", "b"]
commit_interval = "250ms"
on_type_change = "hold"
)toml");
  CHECK(config->catalog.uri == "/etc/cdc/data/catalog.db");
  CHECK(config->catalog.warehouse == "/etc/cdc/data/warehouse");
  CHECK(config->orchestrator.state_dir == "/etc/cdc/state");
  CHECK(config->orchestrator.rate_limit == Millis(10'000));
  CHECK(config->orchestrator.idle_timeout == Millis(60'000));
  CHECK(config->orchestrator.max_jobs == 16);
  REQUIRE(config->tables.size() == 2);
  CHECK(config->tables[0].name == "students");  // the file's order
  CHECK(config->tables[0].mode == Mode::kAppend);
  CHECK(config->tables[0].commit_interval == Millis(2'000));
  CHECK(config->tables[0].columns ==
        std::map<std::string, std::string>{{"amount", "numeric(10,2)"}, {"gpa", "numeric(3,2)"}});
  CHECK(config->tables[1].key == std::vector<std::string>{"a", "b"});
  CHECK(config->tables[1].topics == std::vector<std::string>{"uni.server.public.faculty"});
  CHECK(config->tables[1].commit_interval == Millis(250));
  CHECK(config->tables[0].on_type_change == OnTypeChange::kRewrite);
  CHECK(config->tables[1].on_type_change == OnTypeChange::kHold);
}

TEST_CASE("every mistake is reported at once, with its line, key and what is allowed") {
  std::string text = R"([kafka]
bootstrap_server = "x"
[source]
topic_prefix = 7
[catalog]
type = "hive"
[orchestrator]
max_jobs = 0
rate_limit = "soon"
[defaults]
format_version = 3
[tables.a]
mode = "upsrt"
partition_by = ["x"]
job = "../evil"
[tabels.b]
)";
  std::string message = Bad(text);
  INFO(message);
  CHECK(Contains(message,
                 "tables.toml:2: kafka.bootstrap_server: unknown key: did you mean \"bootstrap_servers\"?"));
  CHECK(Contains(message, "kafka.bootstrap_servers: is missing"));
  CHECK(Contains(message, "tables.toml:4: source.topic_prefix: is an integer"));
  CHECK(
      Contains(message, "tables.toml:6: catalog.type: \"hive\" is not allowed: use \"sqlite\" or \"rest\""));
  CHECK(Contains(
      message, "tables.toml:8: orchestrator.max_jobs: 0 is not allowed: use a whole number from 1 to 1024"));
  CHECK(Contains(message, "tables.toml:9: orchestrator.rate_limit: \"soon\" is not allowed"));
  CHECK(Contains(message, "tables.toml:11: defaults.format_version: 3 is not built yet"));
  CHECK(Contains(message,
                 "tables.toml:13: tables.a.mode: \"upsrt\" is not allowed: use \"upsert\" or \"append\""));
  CHECK(Contains(message, "tables.toml:14: tables.a.partition_by: unknown key"));
  CHECK(Contains(message, "tables.toml:15: tables.a.job"));
  CHECK(Contains(message, "tables.toml:16: tabels: unknown key: did you mean \"tables\"?"));
}

TEST_CASE("text that is no TOML names its line") {
  CHECK(Contains(Bad(kHead + "[tables.a\n"), "tables.toml:9: not TOML"));
  CHECK(Contains(Bad(kHead + "[tables.a]\n[tables.a]\n"), "not TOML"));
}

TEST_CASE("environment variables are put in; one that is not set is an error naming it") {
  ::setenv("CDC_TEST_SECRET", "pass word", 1);
  ::unsetenv("CDC_TEST_ABSENT");
  auto config = Good(
      kHead + "[kafka.properties]\n\"sasl.password\" = \"<${CDC_TEST_SECRET}>\"\n\"fetch.min.bytes\" = 1\n");
  CHECK(config->kafka.properties.at("sasl.password") == "<pass word>");
  CHECK(config->kafka.properties.at("fetch.min.bytes") == "1");
  CHECK(Contains(Bad(kHead + "[kafka.properties]\na = \"${CDC_TEST_ABSENT}\"\n"),
                 "CDC_TEST_ABSENT is not set"));
  CHECK(Contains(Bad(kHead + "[kafka.properties]\na = \"${CDC\"\n"), "without \"}\""));
}

namespace {
std::string WithLake(const std::string& lake) {
  return "[kafka]\nbootstrap_servers = \"b\"\n[source]\ntopic_prefix = \"p\"\n" + lake;
}
}  // namespace

TEST_CASE("a REST catalog leaves the warehouse to the server unless told otherwise") {
  auto config = Good(WithLake(R"([catalog]
type = "rest"
uri = "http://localhost:8182/api/catalog/"
name = "uni"
namespace = "university"
credential = "root:secret"
scope = "PRINCIPAL_ROLE:ALL"
ca_file = "ca.pem"
[storage]
endpoint = "http://127.0.0.1:9000"
region = "eu-west-1"
path_style = false
)"));
  CHECK(config->catalog.type == CatalogType::kRest);
  CHECK(config->catalog.uri == "http://localhost:8182/api/catalog");
  CHECK(config->catalog.name == "uni");
  CHECK(config->catalog.warehouse.empty());
  CHECK(config->catalog.credential == "root:secret");
  CHECK(config->catalog.ca_file.starts_with('/'));
  CHECK(config->storage.endpoint == "http://127.0.0.1:9000");
  CHECK(config->storage.path_style == false);
  CHECK(Good(WithLake("[catalog]\ntype = \"rest\"\nuri = \"http://h\"\nnamespace = \"n\"\n"))
            ->catalog.name.empty());
}

TEST_CASE("an s3 warehouse of an embedded catalog needs its credentials in the file") {
  const std::string catalog =
      "[catalog]\nuri = \"c.db\"\nwarehouse = \"s3://bucket/x/\"\nnamespace = \"n\"\n";
  CHECK(Contains(Bad(WithLake(catalog)), "storage: is needed for an s3:// warehouse"));
  CHECK(Contains(Bad(WithLake(catalog + "[storage]\naccess_key_id = \"a\"\n")),
                 "storage.secret_access_key: access_key_id and secret_access_key belong together"));
  auto config = Good(WithLake(catalog + "[storage]\naccess_key_id = \"a\"\nsecret_access_key = \"s\"\n"));
  CHECK(config->catalog.warehouse == "s3://bucket/x");
  CHECK(config->storage.secret_access_key == "s");
}

TEST_CASE("addresses of the lake that make no sense are refused") {
  std::string message = Bad(WithLake(R"([catalog]
type = "rest"
uri = "localhost:8182"
namespace = "n"
warehouse = "s3:///x"
[storage]
endpoint = "127.0.0.1:9000"
secret = "x"
)"));
  CHECK(Contains(message, "tables.toml:7: catalog.uri: \"localhost:8182\" is not allowed: write http://"));
  CHECK(Contains(message, "tables.toml:9: catalog.warehouse: \"s3:///x\" has no bucket"));
  CHECK(Contains(message, "tables.toml:11: storage.endpoint"));
  CHECK(Contains(message, "tables.toml:12: storage.secret: unknown key"));
}

TEST_CASE("Kafka Connect's address is a URL, and a password in it is not shown") {
  const std::string head = kHead;
  const auto with = [&](const std::string& url) {
    std::string text = head;
    const std::string section = "[source]\n";
    return text.insert(text.find(section) + section.size(), "connect_url = \"" + url + "\"\n");
  };
  const std::string message = Bad(with("user:hunter2@connect:8083"));
  CHECK(Contains(message, "source.connect_url: \"…@connect:8083\" is not allowed"));
  CHECK_FALSE(Contains(message, "hunter2"));
}

TEST_CASE("topics and tables find each other") {
  std::string head = kHead;
  head.replace(head.find("topic_prefix"), 0, "schemas = [\"public\", \"hr\"]\n");
  auto config = Good(head + R"(
[tables.employee]
[tables."hr.employee"]
[tables.with]
topic = "elsewhere"
[tables."with.dot"]
[tables."öğrenci"]
)");
  CHECK(config->TablesOfTopic("uni.server.hr.employee") == Names{"hr.employee"});
  CHECK(config->TablesOfTopic("uni.server.public.employee") == Names{"employee"});
  CHECK(config->FindTable("employee")->topics == std::vector<std::string>{"uni.server.public.employee"});
  CHECK(config->TablesOfTopic("elsewhere") == Names{"with"});
  CHECK(config->TablesOfTopic("uni.server.public.with.dot") == Names{"with.dot"});
  CHECK(config->TablesOfTopic("uni.server.hr.__renci") == Names{"öğrenci"});
  CHECK(config->TablesOfTopic("uni.server.public.other").empty());
  CHECK(config->Covers("uni.server.public.other"));
  CHECK_FALSE(config->Covers("uni.server.public.other.dlq"));
  CHECK_FALSE(config->Covers("uni.server.transaction"));
  CHECK_FALSE(config->FindTable("other").has_value());
}

TEST_CASE("discover leaves the topic alone that a table would have if it had not said another") {
  auto config = Good(kHead + "[defaults]\ndiscover = true\n[tables.other]\ntopic = \"elsewhere\"\n");
  CHECK(config->TablesOfTopic("elsewhere") == Names{"other"});
  CHECK(config->TablesOfTopic("uni.server.public.other").empty());
  CHECK(config->TablesOfTopic("uni.server.public.more") == Names{"more"});
}

TEST_CASE("the line that would list a topic's table names it as it can be read back") {
  auto one = Good(kHead + "[tables.a]\n");
  CHECK(EntryLine(*one, "uni.server.public.more") == "[tables.more]");
  CHECK(EntryLine(*one, "uni.server.public.with.dot") == "[tables.\"with.dot\"]");
  CHECK(EntryLine(*one, "elsewhere") == "");
  auto two = Good(kTwoSchemas + "[tables.a]\n");
  CHECK(EntryLine(*two, "uni.server.hr.more") == "[tables.\"hr.more\"]");
  for (const char* topic : {"uni.server.public.more", "uni.server.hr.with.dot"}) {
    INFO(topic);
    CHECK(Good(kTwoSchemas + EntryLine(*two, topic) + "\n")->TablesOfTopic(topic).size() == 1);
  }
}

TEST_CASE("tables of one name in two schemas are two tables, whichever is known first") {
  const std::string twins = "[tables.\"public.twin\"]\n[tables.\"hr.twin\"]\n[tables.\"hr.single\"]\n";
  auto listed = Good(kTwoSchemas + twins);
  CHECK(IcebergName(*listed, "public.twin", "twin") == "public.twin");
  CHECK(IcebergName(*listed, "hr.twin", "twin") == "hr.twin");
  CHECK(IcebergName(*listed, "hr.single", "single") == "single");
  auto found = Good(kTwoSchemas + "[defaults]\ndiscover = true\n[tables.\"public.mine\"]\n");
  CHECK(IcebergName(*found, "public.twin", "twin") == "public.twin");
  CHECK(IcebergName(*found, "hr.twin", "twin") == "hr.twin");
  CHECK(IcebergName(*found, "hr.mine", "mine") == "hr.mine");
  auto only = Good(kHead + "[defaults]\ndiscover = true\n");
  CHECK(IcebergName(*only, "twin", "twin") == "twin");
}

TEST_CASE("discover takes every table of the schemas but signals and dead letters") {
  auto config = Good(kHead + "[defaults]\ndiscover = true\nmode = \"append\"\n");
  CHECK(config->TablesOfTopic("uni.server.public.other") == Names{"other"});
  CHECK(config->TablesOfTopic("uni.server.public.other.dlq").empty());
  CHECK(config->TablesOfTopic("uni.server.public.debezium_signal").empty());
  CHECK(config->TablesOfTopic("uni.server.transaction").empty());
  CHECK(config->FindTable("other")->mode == Mode::kAppend);
  CHECK(config->FindTable("other")->topics == std::vector<std::string>{"uni.server.public.other"});
}

TEST_CASE("two tables cannot share a topic unless one says that it reads the other's source") {
  const std::string message = Bad(kHead + "[tables.a]\n[tables.\"public.a\"]\n");
  CHECK(
      Contains(message, "belongs to table public.a already: a second table of it says from = \"public.a\""));
}

}  // namespace cdc::config
