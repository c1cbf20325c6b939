#include "cli/postgres_target.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lib/config/table_names.h"
#include "lib/contract/checkpoint_row.h"
#include "lib/postgres/source_table.h"
#include "lib/verify/postgres_moment.h"

namespace cdc::cli {
namespace {

namespace column = contract::checkpoint;
using nlohmann::json;
using postgres::QuoteName;

/// In `writer`: no run has this name.
constexpr const char* kWriter = "cdc";

Error Unreadable(const std::string& what) {
  return {ErrorKind::kCorrupt, what + " is not what a worker writes", "`cdc reset` rebuilds the table"};
}

/// The marker of a row that goes on from `next`: what is known of single records before that.
Result<std::string> MarkerBelow(const std::string& marker, const contract::PartitionOffsets& next) {
  const json before = json::parse(marker, nullptr, false);
  if (!before.is_object()) return Unreadable("The marker " + marker);
  json kept = json::object();
  for (const char* each : {column::kReplayed, column::kPassedOver}) {
    const auto text = before.find(each);
    if (text == before.end() || !text->is_string()) continue;
    CDC_ASSIGN(const std::string ranges, KeepBelow(text->get<std::string>(), next));
    if (!ranges.empty()) kept[each] = ranges;
  }
  return kept.dump();
}

class PostgresTargetMoment final : public TargetMoment {
 public:
  PostgresTargetMoment(std::unique_ptr<verify::PostgresMoment> moment, contract::TopicOffsets offsets,
                       std::string where)
      : moment_(std::move(moment)), offsets_(std::move(offsets)), where_(std::move(where)) {}

  const contract::TopicOffsets& offsets() const override { return offsets_; }
  std::vector<verify::TargetColumn> columns() const override {
    std::vector<verify::TargetColumn> columns;
    for (const verify::SourceColumn& column : moment_->columns())
      columns.push_back({.name = column.name, .type = std::nullopt, .server = column});
    return columns;
  }
  std::vector<std::string> key() const override { return moment_->key(); }
  int64_t guessed_rows() const override { return moment_->guessed_rows(); }
  std::string at() const override { return "LSN " + moment_->lsn() + " of the target"; }
  Result<std::unique_ptr<verify::Side>> Read(const verify::Plan& plan,
                                             const verify::Hashing& hashing) override {
    return moment_->Read(plan, hashing, /*target=*/true, where_);
  }

 private:
  std::unique_ptr<verify::PostgresMoment> moment_;
  contract::TopicOffsets offsets_;
  std::string where_;
};

}  // namespace

PostgresTarget::PostgresTarget(const config::Config& config, const config::Table& table) : sink_(table.sink) {
  if (table.deletes == config::Deletes::kSoft) marks_ = config::MarksOf(table);
  const config::Sink& sink = config.sinks.at(table.sink);
  dsn_ = sink.dsn;
  schema_ = sink.schema;
  target_ = config::TargetName(config, table);
  pipeline_ = PipelineName(config, table);
  table_ = QuoteName(schema_) + "." + QuoteName(target_);
  offsets_table_ = QuoteName(schema_) + "." + column::kTable;
}

Result<postgres::Session> PostgresTarget::Connect() {
  reached_ = false;
  auto session = postgres::Session::Connect(dsn_, fmt::format("[sinks.{}] dsn", sink_));
  reached_ = session.has_value();
  return session;
}

bool PostgresTarget::IsSilent(const Error& error) const {
  return !reached_ && error.kind == ErrorKind::kTransient;
}

Result<bool> PostgresTarget::Exists(postgres::Session& session, const std::string& quoted) const {
  CDC_ASSIGN(const auto answer,
             session.Run("SELECT to_regclass($1) IS NOT NULL", "Looking for " + quoted, {quoted}));
  return answer.rows[0][0] == "t";
}

Result<std::optional<PostgresTarget::Row>> PostgresTarget::FindRow(postgres::Session& session,
                                                                   bool lock) const {
  CDC_ASSIGN(const bool there, Exists(session, offsets_table_));
  if (!there) return std::optional<Row>();
  const std::string sql = fmt::format("SELECT {}, {}, {}, {}->>'{}' FROM {} WHERE {} = $1{}", column::kSource,
                                      column::kOffsets, column::kMarker, column::kState, column::kTarget,
                                      offsets_table_, column::kPipeline, lock ? " FOR UPDATE" : "");
  CDC_ASSIGN(const auto answer, session.Run(sql, "Reading " + offsets_table_, {pipeline_}));
  if (answer.rows.empty()) return std::optional<Row>();
  const auto& cells = answer.rows[0];
  return std::optional(Row{cells[0].value_or(""), cells[1], cells[2].value_or(""), cells[3].value_or("")});
}

Error PostgresTarget::NoRow() const {
  return {ErrorKind::kNotFound, fmt::format("{} has no row of {}", offsets_table_, pipeline_)};
}

Status PostgresTarget::InTransaction(postgres::Session& session,
                                     const std::function<Status()>& statements) const {
  CDC_TRY(session.Run("BEGIN", "Beginning a transaction"));
  Status done = statements();
  if (done) done = session.Commit();
  if (done) return {};
  Error error = done.error();
  const bool may_be_repeated = error.kind == ErrorKind::kTransient || error.kind == ErrorKind::kCommitUnknown;
  if (may_be_repeated && error.hint.empty()) {
    error.kind = ErrorKind::kTransient;
    error.hint = "run the command again: it does the same once more";
  }
  return error;
}

// ---- reading

Result<std::optional<TargetRows>> PostgresTarget::Count(Millis timeout) {
  CDC_ASSIGN(postgres::Session session, Connect());
  const std::string what = "Counting the rows of " + table_;
  CDC_TRY(session.Run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", what));
  CDC_TRY(session.Run(fmt::format("SET LOCAL statement_timeout = {}", timeout.count()), what));
  CDC_ASSIGN(const bool there, Exists(session, table_));
  if (!there) return std::optional<TargetRows>();
  TargetRows target;
  CDC_ASSIGN(const auto row, FindRow(session, false));
  if (row && row->offsets) {
    CDC_ASSIGN(target.offsets, contract::DecodeTopicOffsets(*row->offsets));
  }
  std::string sql = "SELECT count(*) FROM " + table_;
  if (marks_) sql += " WHERE " + RowsThere();
  CDC_ASSIGN(const auto answer, session.Run(sql, what));
  target.rows = std::strtoll(answer.rows[0][0].value_or("").c_str(), nullptr, 10);
  return std::optional(std::move(target));
}

Result<std::unique_ptr<TargetMoment>> PostgresTarget::OpenMoment(Millis timeout) {
  CDC_ASSIGN(postgres::Session session, Connect());
  CDC_ASSIGN(const bool there, Exists(session, table_));
  if (!there) return std::unique_ptr<TargetMoment>();
  CDC_ASSIGN(auto moment, verify::PostgresMoment::Open(std::move(session), schema_, target_, timeout));
  CDC_ASSIGN(const auto row, FindRow(moment->session(), false));
  contract::TopicOffsets offsets;
  if (row && row->offsets) {
    CDC_ASSIGN(offsets, contract::DecodeTopicOffsets(*row->offsets));
  }
  return std::unique_ptr<TargetMoment>(
      new PostgresTargetMoment(std::move(moment), std::move(offsets), RowsThere()));
}

std::string PostgresTarget::RowsThere() const {
  if (!marks_) return {};
  return fmt::format("{} IS DISTINCT FROM '{}'", QuoteName(marks_->column), marks_->deleted);
}

Result<std::optional<TargetFacts>> PostgresTarget::Facts(Millis) {
  CDC_ASSIGN(postgres::Session session, Connect());
  CDC_ASSIGN(const bool there, Exists(session, table_));
  if (!there) return std::optional<TargetFacts>();
  CDC_ASSIGN(const auto table, postgres::Describe(dsn_, schema_, target_));
  CDC_ASSIGN(const auto row, FindRow(session, false));
  CDC_ASSIGN(const auto size,
             session.Run("SELECT pg_total_relation_size($1::regclass), greatest(reltuples, 0)::bigint "
                         "FROM pg_class WHERE oid = $1::regclass",
                         "Describing " + table_, {table_}));
  TargetFacts found;
  for (const postgres::SourceColumn& column : table.columns) {
    const auto& key = table.primary_key;
    const bool in_key = std::find(key.begin(), key.end(), column.name) != key.end();
    found.columns.push_back({column.name, column.type, column.nullable, in_key});
  }
  if (row && row->offsets) {
    CDC_ASSIGN(found.offsets, contract::DecodeTopicOffsets(*row->offsets));
  }
  const auto cell = [&](size_t at) { return size.rows.empty() ? "" : size.rows[0][at].value_or(""); };
  found.facts = {{"table", table_}, {"rows_guessed", cell(1)}, {"bytes", cell(0)}};
  return std::optional(std::move(found));
}

Result<contract::RecordRanges> PostgresTarget::Replayed() {
  CDC_ASSIGN(postgres::Session session, Connect());
  CDC_ASSIGN(const auto row, FindRow(session, false));
  if (!row) return contract::RecordRanges();
  const json marker = json::parse(row->marker, nullptr, false);
  if (!marker.is_object()) return Unreadable("The marker " + row->marker);
  const auto text = marker.find(column::kReplayed);
  if (text == marker.end() || !text->is_string()) return contract::RecordRanges();
  return contract::RecordRanges::Decode(text->get<std::string>());
}

Result<contract::TopicOffsets> PostgresTarget::WrittenOffsets() {
  CDC_ASSIGN(postgres::Session session, Connect());
  CDC_ASSIGN(const auto row, FindRow(session, false));
  if (!row) return NoRow();
  if (!row->offsets) return contract::TopicOffsets();
  return contract::DecodeTopicOffsets(*row->offsets);
}

// ---- reset

Result<std::vector<std::string>> PostgresTarget::PlanReset(bool purge) {
  purge_ = purge;
  CDC_ASSIGN(postgres::Session session, Connect());
  CDC_ASSIGN(const bool there, Exists(session, table_));
  CDC_ASSIGN(const auto row, FindRow(session, false));
  std::vector<std::string> lines;
  if (!there) {
    lines.push_back(fmt::format("there is no table {}", table_));
  } else if (purge) {
    lines.push_back(fmt::format("drop {}; readers do not find it until it is rebuilt", table_));
  } else {
    lines.push_back(
        fmt::format("empty {} (--purge drops it); readers find no rows until it is rebuilt", table_));
  }
  if (row) {
    lines.push_back(fmt::format("delete the row of {} in {}", pipeline_, offsets_table_));
    if (row->target != target_) {
      lines.push_back(
          fmt::format("leave {}.{}, which it has filled so far", QuoteName(schema_), QuoteName(row->target)));
    }
  } else {
    lines.push_back(NoRow().message + (there ? ": nothing says that the table's rows come from it" : ""));
  }
  return lines;
}

/// The row first, as workers do: one that is committing is waited for.
Status PostgresTarget::Clear() {
  CDC_ASSIGN(postgres::Session session, Connect());
  return InTransaction(session, [&]() -> Status {
    CDC_ASSIGN(const bool noted, Exists(session, offsets_table_));
    if (noted) {
      CDC_TRY(session.Run(fmt::format("DELETE FROM {} WHERE {} = $1", offsets_table_, column::kPipeline),
                          "Deleting a row of " + offsets_table_, {pipeline_}));
    }
    CDC_ASSIGN(const bool there, Exists(session, table_));
    return there ? TakeRowsAway(session) : Status{};
  });
}

Status PostgresTarget::TakeRowsAway(postgres::Session& session) const {
  const auto done = session.Run((purge_ ? "DROP TABLE " : "TRUNCATE ") + table_,
                                (purge_ ? "Dropping " : "Emptying ") + table_);
  if (done) return {};
  Error error = done.error();
  const std::string& state = session.sqlstate();
  if (state == "2BP01" || state == "0A000") {  // a view, or a foreign key of another table
    error.kind = ErrorKind::kUnsupported;
    error.hint = "drop what depends on it first: this command touches no other table";
  } else if (state == "55P03") {
    error.hint = "somebody holds a lock on the table: let them end, and run the command again";
  }
  return error;
}

// ---- adopt and rewind

Status PostgresTarget::GoOnFrom(const SourceTopic& topic, const contract::PartitionOffsets& next) {
  CDC_ASSIGN(postgres::Session session, Connect());
  return InTransaction(session, [&]() -> Status {
    CDC_ASSIGN(const auto row, FindRow(session, true));
    if (!row) return NoRow();
    const std::string source = SourceJson(topic);
    std::string marker = "{}";
    if (row->source == source) {
      CDC_ASSIGN(marker, MarkerBelow(row->marker, next));
    }
    const std::string sql = fmt::format(
        "UPDATE {} SET {} = $2, {} = $3, {} = '{{}}', {} = 0, {} = $4, {} = $5, {} = {} + 1, {} = now() "
        "WHERE {} = $1",
        offsets_table_, column::kSource, column::kOffsets, column::kLastRecords, column::kLsn,
        column::kMarker, column::kWriter, column::kCommits, column::kCommits, column::kAt, column::kPipeline);
    const std::string offsets = contract::EncodeOffsets(contract::TopicOffsets{{topic.name, next}});
    CDC_TRY(session.Run(sql, "Writing " + offsets_table_, {pipeline_, source, offsets, marker, kWriter}));
    return {};
  });
}

}  // namespace cdc::cli
