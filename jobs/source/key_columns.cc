#include "jobs/source/key_columns.h"

#include <fmt/format.h>

#include <algorithm>

#include "jobs/source/event_key.h"
#include "lib/event/connect_schema.h"
#include "lib/event/json_cursor.h"

namespace cdc::source {
namespace {

Error KeyDropped(const std::string& table, const std::vector<std::string>& key) {
  return Error{
      ErrorKind::kUnsupported,
      fmt::format(
          "the key was dropped at the source: its events carry none any more, the table is keyed by {}",
          fmt::join(key, ",")),
      fmt::format("give the source table a primary key; or, where those columns still identify a row, say "
                  "key = [\"{1}\"] in tables.toml under [tables.\"{0}\"]; or say mode = \"append\" there and "
                  "`cdc reset {0} --yes`",
                  table, fmt::join(key, "\", \""))};
}

}  // namespace

void KeyColumns::Learn(const std::vector<event::SourceColumn>& columns) {
  row_names_.clear();
  for (const event::SourceColumn& column : columns) row_names_.insert(column.name);
  form_ = {};
}

Result<std::vector<std::string>> KeyColumns::OfNewTable(const kafka::Message& message,
                                                        const RowProgram* program) const {
  if (batch_.settings.append) return std::vector<std::string>();
  if (batch_.settings.rows.counts) return program->KeyOf({});
  if (!batch_.settings.key.empty()) return batch_.settings.key;
  std::vector<std::string> names = columns_.database_key();
  if (names.empty() && message.key()) {
    event::EnvelopeParser parser;
    std::string_view schema;
    const auto object = parser.ParseKey(*message.key(), &schema);
    if (object && !schema.empty()) {
      CDC_ASSIGN(names, event::NamesOfKeySchema(schema));
    } else if (object && !object->empty()) {
      names = event::MemberNames(*object);
    }
    names = KeyOfRow(std::move(names), row_names_, batch_.settings.takes_all);
  }
  if (program != nullptr) return program->KeyOf(names);
  for (std::string& name : names) name = columns_.declared().TargetOf(name);
  // Without a name rows are told apart by their content, as REPLICA IDENTITY FULL sends it (TakeByContent).
  return names;
}

/// A primary key that changed at the source identifies other rows than the table's, and without one nothing
/// does: they would collapse into one.
Status KeyColumns::Check(const kafka::Message& message, const event::Envelope& envelope,
                         const RowProgram* program, bool by_content) {
  if (batch_.settings.append || !batch_.settings.key.empty() || batch_.settings.rows.counts) return {};
  if (batch_.settings.rows.computes() && program == nullptr) return {};
  if (by_content && !message.key()) return {};
  if (!message.key())
    return columns_.database_key().empty() ? KeyDropped(batch_.settings.table, batch_.table.shape().key)
                                           : Status();
  if (form_.Has(*message.key())) return {};
  event::EnvelopeParser parser;
  std::string_view schema;
  const auto object = parser.ParseKey(*message.key(), &schema);
  if (!object || object->empty()) return {};
  std::vector<std::string> now = event::MemberNames(*object), then = batch_.table.shape().key;
  form_ = KeyForm(*message.key(), *object, now);
  // A column that has come since the shape was learned is in the row itself.
  for (std::string& name : event::MemberNames(envelope.after.empty() ? envelope.before : envelope.after))
    row_names_.insert(std::move(name));
  now = KeyOfRow(std::move(now), row_names_, batch_.settings.takes_all);
  if (program != nullptr) {
    CDC_ASSIGN(now, program->KeyOf(now));
  } else {
    for (std::string& name : now) name = columns_.declared().TargetOf(name);
  }
  std::sort(now.begin(), now.end());
  std::sort(then.begin(), then.end());
  if (now == then) return {};
  form_ = {};
  return Error{
      ErrorKind::kUnsupported,
      fmt::format("the key changed at the source: its events are keyed by {}, the table by {}",
                  fmt::join(now, ","), fmt::join(then, ",")),
      fmt::format("`cdc reset {} --yes` builds the table anew with the new key", batch_.settings.table)};
}

}  // namespace cdc::source
