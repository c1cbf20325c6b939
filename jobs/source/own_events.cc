#include "jobs/source/own_events.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "lib/contract/names.h"
#include "lib/event/json_cursor.h"

namespace cdc::source {

OwnEvents::OwnEvents(const OpenBatch& batch) : batch_(batch) {
  std::error_code ignored;
  shared_topic_ = !batch.settings.takes_all &&
                  std::filesystem::exists(batch.settings.index_folder / kSharedTopicFile, ignored);
}

/// The names stand where they stood last time, or not far from there.
bool OwnEvents::IsAsLastTime(const event::Envelope& envelope) {
  if (our_source_.empty()) return false;
  if (envelope.source.size() >= our_source_at_ + our_source_.size() &&
      event::SameBytes(envelope.source.data() + our_source_at_, our_source_.data(), our_source_.size())) {
    return true;
  }
  const size_t at = envelope.source.find(our_source_);
  if (at == std::string_view::npos) return false;
  our_source_at_ = at;
  return true;
}

bool OwnEvents::Take(const event::Envelope& envelope) {
  const SourceSettings& settings = batch_.settings;
  if (settings.takes_all || settings.source_table.empty() || IsAsLastTime(envelope)) return true;
  const auto source = event::ParseSource(envelope.source);
  if (!source || source->table.empty()) return true;
  const bool ours = source->table == settings.source_table &&
                    (settings.source_schema.empty() || source->schema == settings.source_schema);
  if (ours) {
    our_source_ = fmt::format("\"schema\":\"{}\",\"table\":\"{}\",", source->schema, source->table);
    return true;
  }
  const bool namesake =
      contract::SanitiseForTopic(source->table) == contract::SanitiseForTopic(settings.source_table) &&
      contract::SanitiseForTopic(source->schema) == contract::SanitiseForTopic(settings.source_schema);
  left_alone_.Note(source->schema, source->table, namesake);
  if (!shared_topic_) NoteSharedTopic(*source);
  return false;
}

void OwnEvents::NoteSharedTopic(const event::Source& source) {
  shared_topic_ = true;
  std::error_code error;
  std::filesystem::create_directories(batch_.settings.index_folder, error);
  std::ofstream(batch_.settings.index_folder / kSharedTopicFile, std::ios::trunc) << "";
  batch_.log.Warn(
      "topic {} also carries table {}.{}, whose rows are left alone: if they belong to this table, as "
      "partitions "
      "that are routed into one topic do, say topic = \"{}\" here; else rename one of the two at the source, "
      "or let "
      "Debezium write them to different topics (RegexRouter)",
      batch_.settings.topic, source.schema, source.table, batch_.settings.topic);
}

Status OwnEvents::Judge() const {
  return left_alone_.Judge(own_, batch_.table.shape().schema != nullptr, batch_.settings.table,
                           batch_.settings.topic);
}

Status OwnEvents::CheckTruncated(const kafka::Message& message, const event::Envelope& envelope) const {
  if (!batch_.settings.takes_all) return {};
  const auto source = event::ParseSource(envelope.source);
  if (!source || source->table.empty() || source->table == batch_.settings.bare_name ||
      source->table == batch_.settings.source_table) {
    return {};
  }
  return Error{
      ErrorKind::kUnsupported,
      fmt::format("TRUNCATE of {}.{} at {}[{}]@{}: nothing says which rows of {} came from it",
                  source->schema, source->table, message.topic(), message.partition(), message.offset(),
                  batch_.settings.table),
      fmt::format("`cdc reset {0} --yes` rebuilds the table, with a new Debezium snapshot; `cdc adopt {0} "
                  "--yes` goes on from the topic's end",
                  batch_.settings.table)};
}

}  // namespace cdc::source
