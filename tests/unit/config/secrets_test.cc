#include "lib/config/secrets.h"

#include <map>

#include "tests/unit/config/config_text.h"

namespace cdc::config {
namespace {

using Variables = std::map<std::string, std::string>;

Names Secrets(const std::string& text, const Variables& variables = {}) {
  for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
  const auto config = Good(text);
  for (const auto& [name, value] : variables) unsetenv(name.c_str());
  return SecretsOf(*config, [&](const std::string& name) {
    const auto at = variables.find(name);
    return at == variables.end() ? nullptr : at->second.c_str();
  });
}

TEST_CASE("settings that are secrets are hidden") {
  CHECK(Secrets(kHead + "[storage]\naccess_key_id = \"AKIA\"\nsecret_access_key = \"s3cret/key\"\n"
                        "session_token = \"a-session\"\n") == Names{"a-session", "s3cret/key"});
  CHECK(Secrets(kHead) == Names{});
}

TEST_CASE("of a credential the secret is hidden, alone and with its id") {
  const std::string rest = R"([kafka]
bootstrap_servers = "127.0.0.1:9092"
[source]
topic_prefix = "uni.server"
[catalog]
type = "rest"
uri = "http://127.0.0.1:8181/api/catalog"
warehouse = "lake"
namespace = "university"
credential = "root:s3cr3t"
)";
  CHECK(Secrets(rest) == Names{"root:s3cr3t", "s3cr3t"});
}

TEST_CASE("passwords in connection strings are hidden, hosts and users are not") {
  const auto with = [](const std::string& dsn) {
    std::string text = kHead;
    text.insert(text.find("[catalog]"), "dsn = \"" + dsn + "\"\n");
    return Secrets(text);
  };
  CHECK(with("host=127.0.0.1 user=reader password=hunter22 dbname=app") == Names{"hunter22"});
  CHECK(with("host=127.0.0.1 password = 'two words' user=reader") == Names{"two words"});
  CHECK(with("postgresql://reader:p%40ss@127.0.0.1:5432/app") == Names{"p%40ss", "p@ss"});
  CHECK(with("postgresql://127.0.0.1/app?user=reader&password=hunter22&sslmode=disable") ==
        Names{"hunter22"});
  CHECK(with("postgresql:///app?host=127.0.0.1") == Names{});
  CHECK(with("host=127.0.0.1 user=reader") == Names{});
}

TEST_CASE("properties of librdkafka are hidden by their names") {
  CHECK(Secrets(kHead + R"([kafka.properties]
"security.protocol" = "SASL_SSL"
"sasl.username" = "writer"
"sasl.password" = "hunter22"
"ssl.key.password" = "of the key"
)") == Names{"hunter22", "of the key"});
}

TEST_CASE("values of the environment are hidden, whatever the setting") {
  CHECK(Secrets(kHead + "[kafka.properties]\n\"sasl.password\" = \"${SOME_WORD}\"\n",
                {{"SOME_WORD", "hunter22"}}) == Names{"hunter22"});
  CHECK(Secrets(kHead + "[kafka.properties]\n\"sasl.username\" = \"${A_USER}\"\n", {{"A_USER", "writer"}}) ==
        Names{});
}

TEST_CASE("a value that everybody may read elsewhere cannot be hidden, nor can a very short one") {
  std::string text = kHead;
  text.insert(text.find("[catalog]"), "dsn = \"host=127.0.0.1 user=postgres password=postgres\"\n");
  CHECK(Secrets(text) == Names{});
  CHECK(Secrets(kHead + "[kafka.properties]\n\"sasl.password\" = \"abc\"\n") == Names{});
}

TEST_CASE("whoever has read a configuration tells none of its secrets") {
  Good(kHead + "[kafka.properties]\n\"sasl.password\" = \"hunter22\"\n");
  CHECK(Describe({ErrorKind::kTransient, "no such user: hunter22"}) == "no such user: ***");
}

}  // namespace
}  // namespace cdc::config
