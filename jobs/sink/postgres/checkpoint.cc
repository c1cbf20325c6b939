#include "jobs/sink/postgres/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "lib/contract/checkpoint_row.h"
#include "lib/rows/cast.h"

namespace cdc::postgres_sink {
namespace {

namespace column = contract::checkpoint;
using nlohmann::json;
using Marker = worker::Checkpoint;

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
  const json encoded = {{"version", 1},           {column::kTarget, state.target}, {"key", state.key},
                        {"own", state.own},       {"derived", state.derived}, {"absent", state.absent},
                        {"columns", columns},     {"secret", state.secret.Hex()}};
  return encoded.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// nlohmann throws where a member is missing or of another type.
TableState DecodeState(const json& encoded) {
  TableState state;
  encoded.at(column::kTarget).get_to(state.target);
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
  if (!marker.replayed.empty()) rest[column::kReplayed] = marker.replayed.Encode();
  if (!marker.passed_over.empty()) rest[column::kPassedOver] = marker.passed_over.Encode();
  if (!marker.event_times.empty()) rest[column::kEventTimes] = contract::EncodeEventTimes(marker.event_times);
  return rest.dump();
}

/// Of all partitions, for people; null: events have no time of their own.
std::optional<std::string> HighestText(const contract::EventTimes& times) {
  std::optional<int64_t> highest;
  for (const auto& [partition, micros] : times) highest = std::max(highest.value_or(micros), micros);
  if (!highest) return std::nullopt;
  rows::Column column(rows::Type::Of(rows::TypeKind::kTimestamptz));
  column.AppendLong(*highest);
  return rows::CellText(column, 0);
}

Status DecodeRest(const json& rest, Marker* marker) {
  if (const auto ms = rest.find("valid_through_ms"); ms != rest.end()) marker->valid_through_ms = *ms;
  if (const auto text = rest.find("key_changes"); text != rest.end()) {
    CDC_ASSIGN(marker->key_changes, contract::DecodeKeyChanges(text->get<std::string>()));
  }
  if (const auto text = rest.find(column::kReplayed); text != rest.end()) {
    CDC_ASSIGN(marker->replayed, contract::RecordRanges::Decode(text->get<std::string>()));
  }
  if (const auto text = rest.find(column::kPassedOver); text != rest.end()) {
    CDC_ASSIGN(marker->passed_over, contract::RecordRanges::Decode(text->get<std::string>()));
  }
  if (const auto text = rest.find(column::kEventTimes); text != rest.end()) {
    CDC_ASSIGN(marker->event_times, contract::DecodeEventTimes(text->get<std::string>()));
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
      name_(postgres::QuoteName(schema_) + "." + contract::checkpoint::kTable),
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
      fmt::format("CREATE TABLE IF NOT EXISTS {} ({} text PRIMARY KEY, {} text NOT NULL, {} json, {} json NOT NULL, "
                  "{} bigint NOT NULL, {} timestamptz, {} text NOT NULL, {} bigint NOT NULL, "
                  "{} timestamptz NOT NULL DEFAULT now(), {} json NOT NULL, {} json NOT NULL)",
                  name_, column::kPipeline, column::kSource, column::kOffsets, column::kLastRecords, column::kLsn,
                  column::kMaxEventTime, column::kWriter, column::kCommits, column::kAt, column::kMarker,
                  column::kState),
      what);
  if (!made && made.error().kind != ErrorKind::kConflict) return made.error();
  return {};
}

Result<std::optional<Checkpoint>> CheckpointTable::Lock(postgres::Session* session) const {
  const std::string what = "Reading " + name_;
  CDC_ASSIGN(const auto answer,
             session->Run(fmt::format("SELECT {}, {}, {}, {}, {}, {}, {}, {} FROM {} WHERE {} = $1 FOR UPDATE",
                                      column::kSource, column::kOffsets, column::kLastRecords, column::kLsn,
                                      column::kWriter, column::kCommits, column::kMarker, column::kState, name_,
                                      column::kPipeline),
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
      fmt::format("INSERT INTO {} ({}, {}, {}, {}, {}, {}, {}, {}) VALUES ($1, $2, '{{}}', 0, $3, 0, '{{}}', $4)",
                  name_, column::kPipeline, column::kSource, column::kLastRecords, column::kLsn, column::kWriter,
                  column::kCommits, column::kMarker, column::kState),
      "Writing " + name_, {pipeline_, checkpoint.source, checkpoint.writer, EncodeState(checkpoint.state)});
  return done ? Status{} : Status(done.error());
}

Status CheckpointTable::TakeOver(postgres::Session* session, const std::string& writer) const {
  const auto done = session->Run(
      fmt::format("UPDATE {} SET {} = $2 WHERE {} = $1", name_, column::kWriter, column::kPipeline),
      "Writing " + name_, {pipeline_, writer});
  return done ? Status{} : Status(done.error());
}

Status CheckpointTable::SaveState(postgres::Session* session, const TableState& state) const {
  const auto done = session->Run(fmt::format("UPDATE {} SET {} = $2, {} = now() WHERE {} = $1", name_, column::kState,
                                             column::kAt, column::kPipeline),
                                 "Writing " + name_, {pipeline_, EncodeState(state)});
  return done ? Status{} : Status(done.error());
}

Status CheckpointTable::SaveMarker(postgres::Session* session, const Marker& marker, const TableState& state,
                                   int64_t commits) const {
  const auto done = session->Run(
      fmt::format("UPDATE {} SET {} = $2, {} = $3, {} = greatest({}, $4::bigint), {} = $5, {} = $6, {} = $7, "
                  "{} = $8, {} = now() WHERE {} = $1",
                  name_, column::kOffsets, column::kLastRecords, column::kLsn, column::kLsn, column::kCommits,
                  column::kMarker, column::kState, column::kMaxEventTime, column::kAt, column::kPipeline),
      "Writing " + name_,
      {pipeline_, contract::EncodeOffsets(marker.offsets), contract::EncodeLastRecords(marker.last_records),
       std::to_string(marker.source_lsn), std::to_string(commits), EncodeRest(marker), EncodeState(state),
       HighestText(marker.event_times)});
  if (!done) return done.error();
  if (done->affected == 1) return {};
  return Error{ErrorKind::kConflict, "the row of " + pipeline_ + " in " + name_ + " is gone"};
}

Status CheckpointTable::Delete(postgres::Session* session) const {
  const auto done = session->Run(fmt::format("DELETE FROM {} WHERE {} = $1", name_, column::kPipeline),
                                 "Writing " + name_, {pipeline_});
  return done ? Status{} : Status(done.error());
}

}  // namespace cdc::postgres_sink
