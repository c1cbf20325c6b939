#include "lib/contract/names.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "lib/core/hash128.h"

namespace cdc::contract {
namespace {

constexpr std::string_view kDlqSuffix = ".dlq";
constexpr size_t kMaxFileKey = 60;

bool IsTopicCharacter(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

std::string_view OperationWord(std::string_view op) {
  if (op == "c") return "create";
  if (op == "u") return "update";
  if (op == "d") return "delete";
  if (op == "r") return "read";
  if (op == "t") return "truncate";
  return op.empty() ? "unknown" : op;
}

}  // namespace

std::string DlqTopic(std::string_view topic) { return std::string(topic) + std::string(kDlqSuffix); }

bool IsDlqTopic(std::string_view topic) { return topic.ends_with(kDlqSuffix); }

std::string SanitiseForTopic(std::string_view name) {
  std::string out;
  for (unsigned char c : name) {
    if (c < 0x80) {
      out += IsTopicCharacter(c) ? static_cast<char>(c) : '_';
    } else if (c >= 0xF0) {
      out += "__";  // four UTF-8 bytes: a surrogate pair in Java
    } else if (c >= 0xC0) {
      out += '_';
    }  // 0x80–0xBF continue a character that is counted already
  }
  return out;
}

std::string TopicName(std::string_view prefix, std::string_view schema, std::string_view table) {
  return fmt::format("{}.{}.{}", prefix, SanitiseForTopic(schema), SanitiseForTopic(table));
}

std::optional<SourceName> ParseTopic(std::string_view prefix, const std::vector<std::string>& schemas,
                                     std::string_view topic) {
  if (IsDlqTopic(topic) || !topic.starts_with(prefix) || !topic.substr(prefix.size()).starts_with('.')) {
    return std::nullopt;
  }
  std::string_view rest = topic.substr(prefix.size() + 1);
  std::optional<SourceName> found;
  for (const std::string& schema : schemas) {
    std::string start = SanitiseForTopic(schema) + ".";
    if (!rest.starts_with(start) || rest.size() == start.size()) continue;
    if (found && found->schema.size() >= schema.size()) continue;
    found = SourceName{schema, std::string(rest.substr(start.size()))};
  }
  return found;
}

std::string FileKey(std::string_view table) {
  std::string key;
  for (unsigned char c : table) {
    if (c >= 'A' && c <= 'Z') c = static_cast<unsigned char>(c - 'A' + 'a');
    bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    key += plain ? static_cast<char>(c) : '_';
    if (key.size() == kMaxFileKey) break;
  }
  // "orchestrator" is the name of our own log file.
  if (key == table && key != "orchestrator" && !key.empty()) return key;
  return fmt::format("{}-{:08x}", key, static_cast<uint32_t>(HashBytes(table).low));
}

std::string DetectedLine(std::string_view op, std::string_view table) {
  return fmt::format("Detected {} operation on table: {}", OperationWord(op), table);
}
std::string TriggeredLine(std::string_view table) {
  return fmt::format("Successfully triggered job for: {}", table);
}
std::string FinishedLine(std::string_view table) { return fmt::format("Job finished for: {}", table); }

}  // namespace cdc::contract
