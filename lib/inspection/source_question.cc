#include "lib/inspection/source_question.h"

#include <algorithm>

#include <fmt/format.h>

#include "lib/http/client.h"
#include "lib/inspection/connect_answer.h"
#include "lib/postgres/slots.h"

namespace cdc::inspection {
namespace {

constexpr Millis kTimeout{4'000};
constexpr int64_t kLongestAnswer = 16 << 20;  // settings of thousands of connectors

Result<contract::ConnectFacts> AskConnect(const config::Source& source) {
  CDC_ASSIGN(const auto client,
             http::Client::Make({.ca_file = {}, .connect_timeout = kTimeout, .max_body = kLongestAnswer}));
  const std::string url = source.connect_url + "/connectors?expand=status&expand=info";
  CDC_ASSIGN(const http::Response answer, client->Send({.url = url, .timeout = kTimeout}));
  if (answer.status != 200) {
    return Error{ErrorKind::kTransient, fmt::format("GET {} answered {}: {}", http::Shown(url), answer.status,
                                                    FirstLine(answer.body))};
  }
  return ReadConnectors(answer.body, source.topic_prefix);
}

contract::DatabaseFacts AskDatabase(const std::string& dsn) {
  contract::DatabaseFacts facts{.asked = true};
  const auto slots = postgres::ReadSlots(dsn, kTimeout);
  if (!slots) {
    facts.error = slots.error().message;
    return facts;
  }
  facts.database = slots->database;
  // What the server keeps by itself is no worry; half of what it would take the slot away for is one.
  facts.held_limit = slots->max_wal_size;
  if (slots->max_slot_wal > 0) facts.held_limit = std::min(facts.held_limit, slots->max_slot_wal / 2);
  for (const postgres::Slot& slot : slots->slots)
    facts.slots.push_back({slot.name, slot.active, slot.wal_status, slot.held_bytes});
  return facts;
}

}  // namespace

contract::SourceFacts AskSource(const config::Source& source) {
  contract::SourceFacts facts;
  if (!source.connect_url.empty()) {
    auto connect = AskConnect(source);
    facts.connect = connect ? std::move(*connect) : contract::ConnectFacts{};
    facts.connect.asked = true;
    if (!connect) facts.connect.error = connect.error().message;
  }
  if (!source.dsn.empty()) facts.database = AskDatabase(source.dsn);
  return facts;
}

}  // namespace cdc::inspection
