/// What a program sends, by its first bytes.

#include <array>
#include <cctype>
#include <cstdint>
#include <cstring>

#include "tests/faults/io_points.h"

namespace cdc::faults {
namespace {

uint32_t Big32(std::string_view bytes) {
  uint32_t v = 0;
  for (size_t i = 0; i < 4; ++i) v = v << 8 | static_cast<unsigned char>(bytes[i]);
  return v;
}

/// The first two words of a statement, without what looks like a value.
std::string Words(std::string_view sql) {
  std::string out;
  int words = 0;
  for (const char c : sql) {
    if (c == '\0' || words == 2) break;
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
      ++words;
    }
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

/// PostgreSQL, "Message Formats": a letter, and a length that counts itself.
std::string OfPostgres(std::string_view bytes) {
  if (bytes.size() < 5) return "";
  const uint32_t length = Big32(bytes.substr(1));
  if (length < 4 || length > 1U << 24) return "";
  switch (bytes[0]) {
    case 'Q': return "postgres " + Words(bytes.substr(5));
    case 'P': {
      const size_t name = bytes.find('\0', 5);
      return name == std::string_view::npos ? "" : "postgres " + Words(bytes.substr(name + 1));
    }
    case 'd': return "postgres copied rows";
    case 'c': return "postgres end of copy";
    default: return "";
  }
}

std::string OfHttp(std::string_view bytes) {
  for (const std::string_view method : {"POST ", "PUT ", "DELETE ", "GET ", "HEAD "}) {
    if (!bytes.starts_with(method)) continue;
    std::string name = "http ";
    for (const char c : bytes.substr(0, bytes.find_first_of("?\r", method.size())))
      name += std::isdigit(static_cast<unsigned char>(c)) != 0 ? '#' : c;
    return name.substr(0, name.rfind(" HTTP"));
  }
  return "";
}

/// Kafka protocol guide: a size that does not count itself, an API key, its version.
std::string OfKafka(std::string_view bytes) {
  if (bytes.size() < 12 || bytes[0] != '\0' || bytes[4] != '\0') return "";
  const auto key = static_cast<unsigned char>(bytes[5]);
  const auto version = static_cast<unsigned>(Big32(bytes.substr(4)) & 0xffff);
  if (version > 20) return "";
  switch (key) {
    case 0: return "kafka Produce";
    case 1: return "kafka Fetch";
    case 2: return "kafka ListOffsets";
    case 3: return "kafka Metadata";
    case 8: return "kafka OffsetCommit";
    case 9: return "kafka OffsetFetch";
    case 19: return "kafka CreateTopics";
    case 22: return "kafka InitProducerId";
    default: return "";
  }
}

/// A line between our own processes: {"type":"progress",…}.
std::string OfOurs(std::string_view bytes) {
  if (!bytes.starts_with("{\"")) return "";
  std::string name = "line ";
  for (const char c : bytes.substr(0, 60)) {
    if (c == ',' || c == '}') break;
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) name += c;
    if (c == ':') name += ' ';
  }
  return name;
}

}  // namespace

std::string PointOfMessage(std::string_view bytes) {
  for (const auto& kind : {OfHttp, OfOurs, OfKafka, OfPostgres}) {
    if (std::string name = kind(bytes); !name.empty()) return name;
  }
  return "";
}

}  // namespace cdc::faults
