#include "lib/config/secrets.h"

#include <algorithm>
#include <cctype>

#include "lib/config/setting_internal.h"
#include "lib/core/percent.h"

namespace cdc::config {
namespace {

constexpr size_t kShortest = 4;

std::string LowerCase(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

bool SpeaksOfASecret(std::string_view name) {
  const std::string lower = LowerCase(name);
  for (const char* word :
       {"password", "passwd", "secret", "token", "credential", ".key", "key.pem", "jaas"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

/// A password as a text holds it.
struct Password {
  size_t at, size;  ///< where it is written
  std::string value;
};

/// The value of a keyword that begins at `at`: quoted, with backslashes, or up to a space
/// (PostgreSQL, libpq, section 34.1.1.1).
Password KeywordValue(std::string_view text, size_t at) {
  const bool quoted = text[at] == '\'';
  Password found{at, 0, {}};
  size_t i = at + (quoted ? 1 : 0);
  for (; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      found.value += text[++i];
    } else if (quoted ? text[i] == '\'' : text[i] == ' ' || text[i] == '&') {
      break;
    } else {
      found.value += text[i];
    }
  }
  found.size = i - at;
  return found;
}

/// `password = x`, `sslpassword=x`, and ?password=x in a URI.
void FindKeywords(std::string_view text, std::vector<Password>* found) {
  constexpr std::string_view kWord = "password";
  const std::string lower = LowerCase(text);
  for (size_t at = lower.find(kWord); at != std::string::npos; at = lower.find(kWord, at + 1)) {
    size_t value = text.find_first_not_of(" \t", at + kWord.size());
    if (value == std::string_view::npos || text[value] != '=') continue;
    value = text.find_first_not_of(" \t", value + 1);
    if (value != std::string_view::npos) found->push_back(KeywordValue(text, value));
  }
}

/// scheme://user:PASSWORD@host. The last @ before the path ends it, since passwords are not always encoded.
void FindInAuthority(std::string_view text, std::vector<Password>* found) {
  const size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return;
  const size_t start = scheme + 3;
  const size_t end = text.substr(0, text.find('?', start)).rfind('@');
  const size_t colon = text.find(':', start);
  if (end == std::string_view::npos || end < start || colon == std::string_view::npos || colon > end) return;
  found->push_back({colon + 1, end - colon - 1, std::string(text.substr(colon + 1, end - colon - 1))});
}

std::vector<Password> FindPasswords(std::string_view text) {
  std::vector<Password> found;
  FindInAuthority(text, &found);
  FindKeywords(text, &found);
  std::erase_if(found, [](const Password& password) { return password.value.empty(); });
  return found;
}

/// What is a secret of a section, and what everybody may read.
struct Sorted {
  std::vector<std::string> secret;
  std::vector<std::string> told;

  void AddTold(std::string text) {
    for (const Password& password : FindPasswords(text)) {
      secret.push_back(password.value);
      secret.push_back(PercentDecode(password.value).value_or(password.value));
      std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(password.at), password.size, ' ');
    }
    told.push_back(std::move(text));
  }

  template <typename Section>
  void Add(const std::vector<Setting<Section>>& settings, const Section& section) {
    for (const Setting<Section>& setting : settings) {
      const bool connection = setting.info.name == "dsn";  // hosts and names in it are no secret
      if (setting.info.shape.kind == ValueShape::Kind::kSection) continue;
      if (setting.info.secret && !connection) {
        secret.push_back(setting.text(section));
      } else {
        AddTold(setting.text(section));
      }
    }
  }
};

/// Names in ${NAME} of a text.
std::vector<std::string> VariablesIn(std::string_view text) {
  std::vector<std::string> names;
  for (size_t at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 2)) {
    const size_t end = text.find('}', at);
    if (end == std::string_view::npos) break;
    names.emplace_back(text.substr(at + 2, end - at - 2));
  }
  return names;
}

void AddProperties(const std::map<std::string, std::string>& properties, Sorted* sorted) {
  for (const auto& [name, value] : properties) {
    if (SpeaksOfASecret(name)) {
      sorted->secret.push_back(value);
    } else {
      sorted->AddTold(value);
    }
  }
}

}  // namespace

std::vector<std::string> SecretsOf(const Config& config,
                                   const std::function<const char*(const std::string&)>& variable) {
  Sorted sorted;
  sorted.Add(KafkaSettings(), config.kafka);
  AddProperties(config.kafka.properties, &sorted);
  sorted.Add(SourceSettings(), config.source);
  sorted.Add(CatalogSettings(), config.catalog);
  sorted.Add(StorageSettings(), config.storage);
  sorted.Add(OrchestratorSettings(), config.orchestrator);
  for (const auto& [name, sink] : config.sinks) sorted.Add(SinkSettings(), sink);
  const std::string& credential = config.catalog.credential;  // client_id:client_secret
  if (const size_t colon = credential.find(':'); colon != std::string::npos) {
    sorted.secret.push_back(credential.substr(colon + 1));
  }
  for (const Table& table : config.tables) {
    sorted.told.push_back(table.name);
    sorted.told.push_back(table.target);
  }
  for (const std::string& name : VariablesIn(config.text)) {
    if (const char* value = variable(name)) sorted.secret.emplace_back(value);
  }
  const auto cannot_be_hidden = [&](const std::string& value) {
    if (value.size() < kShortest) return true;
    return std::any_of(sorted.told.begin(), sorted.told.end(),
                       [&](const std::string& text) { return text.find(value) != std::string::npos; });
  };
  std::sort(sorted.secret.begin(), sorted.secret.end());
  sorted.secret.erase(std::unique(sorted.secret.begin(), sorted.secret.end()), sorted.secret.end());
  std::erase_if(sorted.secret, cannot_be_hidden);
  return std::move(sorted.secret);
}

}  // namespace cdc::config
