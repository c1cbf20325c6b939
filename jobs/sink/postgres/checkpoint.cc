#include "jobs/sink/postgres/checkpoint.h"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

namespace cdc::postgres_sink {
namespace {

using nlohmann::json;
using worker::Marker;

json EncodeField(const rows::Field& field) {
  return {{"name", field.name},
          {"kind", static_cast<int>(field.type.kind)},
          {"precision", field.type.precision},
          {"scale", field.type.scale},
          {"element", static_cast<int>(field.type.element)},
          {"source_type", field.source_type}};
}

std::string EncodeState(const TableState& state) {
  json columns = json::array();
  for (const rows::Field& field : state.columns) columns.push_back(EncodeField(field));
  const json encoded = {{"version", 1},           {"target", state.target},   {"key", state.key},
                        {"own", state.own},       {"derived", state.derived}, {"absent", state.absent},
                        {"columns", columns},     {"secret", state.secret.Hex()}};
  return encoded.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// nlohmann throws where a member is missing or of another type.
TableState DecodeState(const json& encoded) {
  TableState state;
  encoded.at("target").get_to(state.target);
  encoded.at("key").get_to(state.key);
  encoded.at("own").get_to(state.own);
  encoded.at("derived").get_to(state.derived);
  encoded.at("absent").get_to(state.absent);
  for (const json& each : encoded.at("columns")) {
    rows::Field field;
    field.id = static_cast<int>(state.columns.size()) + 1;
    each.at("name").get_to(field.name);
    field.type.kind = static_cast<rows::TypeKind>(each.at("kind").get<int>());
    field.type.precision = each.at("precision").get<int>();
    field.type.scale = each.at("scale").get<int>();
    field.type.element = static_cast<rows::TypeKind>(each.at("element").get<int>());
    each.at("source_type").get_to(field.source_type);
    field.required = std::find(state.key.begin(), state.key.end(), field.name) != state.key.end();
    state.columns.push_back(std::move(field));
  }
  const auto secret = KeySecret::FromHex(encoded.at("secret").get<std::string>());
  if (!secret) throw std::invalid_argument("secret");
  state.secret = *secret;
  return state;
}

std::string EncodeRest(const Marker& marker) {
  json rest = json::object();
  if (marker.valid_through_ms) rest["valid_through_ms"] = *marker.valid_through_ms;
  if (!marker.key_changes.empty()) rest["key_changes"] = contract::EncodeKeyChanges(marker.key_changes);
  if (!marker.replayed.empty()) rest["replayed"] = marker.replayed.Encode();
  if (!marker.passed_over.empty()) rest["passed_over"] = marker.passed_over.Encode();
  return rest.dump();
}

Status DecodeRest(const json& rest, Marker* marker) {
  if (const auto ms = rest.find("valid_through_ms"); ms != rest.end()) marker->valid_through_ms = *ms;
  if (const auto text = rest.find("key_changes"); text != rest.end()) {
    CDC_ASSIGN(marker->key_changes, contract::DecodeKeyChanges(text->get<std::string>()));
  }
  if (const auto text = rest.find("replayed"); text != rest.end()) {
    CDC_ASSIGN(marker->replayed, contract::RecordRanges::Decode(text->get<std::string>()));
  }
  if (const auto text = rest.find("passed_over"); text != rest.end()) {
    CDC_ASSIGN(marker->passed_over, contract::RecordRanges::Decode(text->get<std::string>()));
  }
  return {};
}

/// source, offsets, last_records, lsn, writer, commits, marker, state
Result<Checkpoint> Decode(const std::vector<std::optional<std::string>>& cells) {
  const auto text = [&](size_t i) { return cells[i].value_or(""); };
  Checkpoint checkpoint;
  checkpoint.source = text(0);
  checkpoint.writer = text(4);
  checkpoint.commits = std::strtoll(text(5).c_str(), nullptr, 10);
  checkpoint.state = DecodeState(json::parse(text(7)));
  if (!cells[1]) return checkpoint;
  Marker marker;
  CDC_ASSIGN(marker.offsets, contract::DecodeTopicOffsets(text(1)));
  CDC_ASSIGN(marker.last_records, contract::DecodeLastRecords(text(2)));
  marker.source_lsn = std::strtoll(text(3).c_str(), nullptr, 10);
  CDC_TRY(DecodeRest(json::parse(text(6)), &marker));
  checkpoint.marker = std::move(marker);
  return checkpoint;
}

}  // namespace

CheckpointTable::CheckpointTable(std::string schema, std::string pipeline)
    : schema_(std::move(schema)),
      name_(postgres::QuoteName(schema_) + ".cdc_offsets"),
      pipeline_(std::move(pipeline)) {}

Status CheckpointTable::Ensure(postgres::Session* session) const {
  const std::string what = "Making " + name_;
  CDC_ASSIGN(const auto there,
             session->Run("SELECT to_regclass($1) IS NOT NULL", "Looking for " + name_, {name_}));
  if (there.rows[0][0] == "t") return {};
  // Two runs may make it at once: the one that comes second finds it there.
  const auto schema = session->Run("CREATE SCHEMA IF NOT EXISTS " + postgres::QuoteName(schema_), what);
  if (!schema && schema.error().kind != ErrorKind::kConflict) return schema.error();
  const auto made = session->Run(
      "CREATE TABLE IF NOT EXISTS " + name_ +
          " (pipeline text PRIMARY KEY, source text NOT NULL, offsets json, last_records json NOT NULL, "
          "lsn bigint NOT NULL, max_event_time timestamptz, writer text NOT NULL, commits bigint NOT NULL, "
          "at timestamptz NOT NULL DEFAULT now(), marker json NOT NULL, state json NOT NULL)",
      what);
  if (!made && made.error().kind != ErrorKind::kConflict) return made.error();
  return {};
}

Result<std::optional<Checkpoint>> CheckpointTable::Lock(postgres::Session* session) const {
  const std::string what = "Reading " + name_;
  CDC_ASSIGN(const auto answer,
             session->Run("SELECT source, offsets, last_records, lsn, writer, commits, marker, state FROM " +
                              name_ + " WHERE pipeline = $1 FOR UPDATE",
                          what, {pipeline_}));
  if (answer.rows.empty()) return std::optional<Checkpoint>();
  try {
    CDC_ASSIGN(Checkpoint checkpoint, Decode(answer.rows[0]));
    return std::optional(std::move(checkpoint));
  } catch (const std::exception& error) {
    return Error{ErrorKind::kCorrupt,
                 fmt::format("{}: the row of {} is not one that this program wrote: {}", what, pipeline_,
                             error.what()),
                 "put the row back from a backup, or rebuild the table: `cdc reset`"};
  }
}

Status CheckpointTable::Insert(postgres::Session* session, const Checkpoint& checkpoint) const {
  const auto done = session->Run(
      "INSERT INTO " + name_ +
          " (pipeline, source, last_records, lsn, writer, commits, marker, state) "
          "VALUES ($1, $2, '{}', 0, $3, 0, '{}', $4)",
      "Writing " + name_, {pipeline_, checkpoint.source, checkpoint.writer, EncodeState(checkpoint.state)});
  return done ? Status{} : Status(done.error());
}

Status CheckpointTable::TakeOver(postgres::Session* session, const std::string& writer) const {
  const auto done = session->Run("UPDATE " + name_ + " SET writer = $2 WHERE pipeline = $1", "Writing " + name_,
                                 {pipeline_, writer});
  return done ? Status{} : Status(done.error());
}

Status CheckpointTable::SaveState(postgres::Session* session, const TableState& state) const {
  const auto done = session->Run("UPDATE " + name_ + " SET state = $2, at = now() WHERE pipeline = $1",
                                 "Writing " + name_, {pipeline_, EncodeState(state)});
  return done ? Status{} : Status(done.error());
}

Status CheckpointTable::SaveMarker(postgres::Session* session, const Marker& marker, const TableState& state,
                                   int64_t commits) const {
  const auto done = session->Run(
      "UPDATE " + name_ +
          " SET offsets = $2, last_records = $3, lsn = greatest(lsn, $4::bigint), commits = $5, marker = $6, "
          "state = $7, at = now() WHERE pipeline = $1",
      "Writing " + name_,
      {pipeline_, contract::EncodeOffsets(marker.offsets), contract::EncodeLastRecords(marker.last_records),
       std::to_string(marker.source_lsn), std::to_string(commits), EncodeRest(marker), EncodeState(state)});
  if (!done) return done.error();
  if (done->affected == 1) return {};
  return Error{ErrorKind::kConflict, "the row of " + pipeline_ + " in " + name_ + " is gone"};
}

Status CheckpointTable::Delete(postgres::Session* session) const {
  const auto done =
      session->Run("DELETE FROM " + name_ + " WHERE pipeline = $1", "Writing " + name_, {pipeline_});
  return done ? Status{} : Status(done.error());
}

}  // namespace cdc::postgres_sink
