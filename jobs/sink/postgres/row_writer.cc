#include "jobs/sink/postgres/row_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "jobs/sink/postgres/copy_text.h"

namespace cdc::postgres_sink {
namespace {

using postgres::QuoteName;
using worker::Fold;
using worker::Slot;

/// Lines are handed to libpq in pieces of this size.
constexpr size_t kPiece = 128 << 10;
constexpr const char* kRows = "pg_temp.cdc_rows";
constexpr const char* kKeys = "pg_temp.cdc_keys";

/// Columns of the row that were not sent.
std::vector<int> MissingOf(const rows::Batch& batch, uint32_t row) {
  std::vector<int> missing;
  for (size_t i = 0; i < batch.column_count(); ++i) {
    if (batch.column(i).cell(row) == rows::Cell::kUnavailable) missing.push_back(static_cast<int>(i));
  }
  return missing;
}

}  // namespace

RowWriter::RowWriter(WriterTable table) : table_(std::move(table)) {
  for (const rows::Field& field : table_.fields) names_.push_back(field.name);
}

std::string RowWriter::SameKey(const std::string& a, const std::string& b) const {
  std::string same;
  for (const std::string& name : table_.key) {
    same += fmt::format("{}{}.{} = {}.{}", same.empty() ? "" : " AND ", a, QuoteName(name), b, QuoteName(name));
  }
  return same;
}

/// Whether `row` may take the place of the target's row t; empty: always.
std::string RowWriter::IsNewer(const std::string& row) const {
  if (table_.order_column.empty()) return "";
  const std::string column = QuoteName(table_.order_column);
  return fmt::format("(t.{0} IS NULL OR {1}.{0} >= t.{0})", column, row);
}

/// Assignments that mark a row as deleted.
std::string RowWriter::Marking() const {
  const std::string operation = fmt::format("{} = '{}'", QuoteName(table_.marks.column), table_.marks.deleted);
  return table_.marks.time.empty() ? operation : operation + ", " + QuoteName(table_.marks.time) + " = now()";
}

Status RowWriter::Prepare(postgres::Session* session) const {
  const std::string what = "Making temporary tables";
  // The temporary tables have no statistics: rows of the target are found through its index, however few the
  // planner takes them for.
  CDC_TRY(session->Run("SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off; "
                       "DROP TABLE IF EXISTS pg_temp.cdc_rows; DROP TABLE IF EXISTS pg_temp.cdc_keys",
                       what));
  if (table_.key.empty()) return {};
  CDC_TRY(session->Run(
      fmt::format("CREATE TEMPORARY TABLE cdc_rows ON COMMIT DELETE ROWS AS SELECT 0 AS \"cdc group\", {} FROM {} "
                  "WITH NO DATA",
                  QuotedList(names_), table_.target->full_name()),
      what));
  CDC_TRY(session->Run(fmt::format("CREATE TEMPORARY TABLE cdc_keys ON COMMIT DELETE ROWS AS SELECT 0 AS "
                                   "\"cdc number\", {} FROM {} WITH NO DATA",
                                   QuotedList(table_.key), table_.target->full_name()),
                       what));
  return {};
}

Result<Applied> RowWriter::Apply(const Fold& fold, bool into_target, postgres::Session* session) {
  Applied applied;
  if (fold.truncated()) {
    CDC_ASSIGN(applied.deletes, Truncate(session));
  }
  std::map<std::vector<int>, RowNumbers> by_missing;
  if (table_.key.empty()) {
    RowNumbers& all = by_missing[{}];
    for (uint32_t row = 0; row < fold.batch().rows(); ++row) all.push_back(row);
  } else {
    CDC_ASSIGN(const int64_t removed, Remove(fold, session));
    applied.deletes += removed;
    RowNumbers& whole = by_missing[{}];
    for (const Slot& slot : fold.slots()) {
      if (slot.state != Slot::State::kLive) continue;
      if (fold.gaps().contains(slot.row))
        by_missing[MissingOf(fold.batch(), slot.row)].push_back(slot.row);
      else
        whole.push_back(slot.row);
    }
  }
  std::vector<std::pair<int, RowNumbers>> groups;
  std::vector<std::vector<int>> missing;
  for (auto& [columns, rows] : by_missing) {
    applied.rows += static_cast<int64_t>(rows.size());
    groups.emplace_back(static_cast<int>(groups.size()), std::move(rows));
    missing.push_back(columns);
  }
  if (applied.rows == 0) return applied;
  if (table_.key.empty() || (into_target && groups.size() == 1)) {
    CDC_TRY(CopyRows(fold, groups, table_.target->full_name(), false, session));
    return applied;
  }
  CDC_TRY(CopyRows(fold, groups, kRows, true, session));
  // The empty set of missing columns comes first.
  if (!groups.front().second.empty()) CDC_TRY(Upsert(session));
  for (size_t group = 1; group < groups.size(); ++group)
    CDC_TRY(Update(missing[group], static_cast<int>(group), groups[group].second.size(), session));
  return applied;
}

Status RowWriter::Flush(size_t least, postgres::Session* session) {
  if (lines_.size() < least || lines_.empty()) return {};
  const Status sent = session->SendCopy(lines_);
  lines_.clear();
  return sent;
}

Status RowWriter::CopyRows(const Fold& fold, const std::vector<std::pair<int, RowNumbers>>& groups,
                           const std::string& into, bool numbered, postgres::Session* session) {
  const rows::Batch& batch = fold.batch();
  CDC_TRY(session->BeginCopy(fmt::format("COPY {} ({}{}) FROM STDIN", into, numbered ? "\"cdc group\", " : "",
                                         QuotedList(names_)),
                             "Writing rows of " + table_.target->full_name()));
  lines_.clear();
  for (const auto& [group, rows] : groups) {
    for (const uint32_t row : rows) {
      if (numbered) lines_ += fmt::format_int(group).str() + "\t";
      for (size_t i = 0; i < batch.column_count(); ++i) {
        if (i > 0) lines_ += '\t';
        AppendCell(batch.column(i), row, table_.types[i].form, table_.types[i].bits, &lines_);
      }
      lines_ += '\n';
      CDC_TRY(Flush(kPiece, session));
    }
  }
  CDC_TRY(Flush(0, session));
  const auto copied = session->EndCopy();
  return copied ? Status{} : Status(copied.error());
}

Status RowWriter::CopyKeys(const std::vector<rows::KeyRow>& keys, postgres::Session* session) {
  CDC_TRY(session->BeginCopy(
      fmt::format("COPY {} (\"cdc number\", {}) FROM STDIN", kKeys, QuotedList(table_.key)), "Writing keys"));
  lines_.clear();
  std::vector<const TargetType*> types;
  for (const std::string& name : table_.key) {
    const auto at = std::find(names_.begin(), names_.end(), name) - names_.begin();
    types.push_back(&table_.types[static_cast<size_t>(at)]);
  }
  for (size_t n = 0; n < keys.size(); ++n) {
    lines_ += fmt::format_int(n).str();
    for (size_t i = 0; i < types.size(); ++i) {
      lines_ += '\t';
      AppendCell(keys[n].column(i), keys[n].row, types[i]->form, types[i]->bits, &lines_);
    }
    lines_ += '\n';
    CDC_TRY(Flush(kPiece, session));
  }
  CDC_TRY(Flush(0, session));
  const auto copied = session->EndCopy();
  return copied ? Status{} : Status(copied.error());
}

std::string RowWriter::FindStatement() const {
  return fmt::format("SELECT k.\"cdc number\" FROM {} k JOIN {} t ON {}", kKeys, table_.target->full_name(),
                     SameKey("t", "k"));
}

std::string RowWriter::ReadStatement() const {
  return fmt::format("SELECT k.\"cdc number\", {} FROM {} k JOIN {} t ON {}", QuotedList(names_, "t."), kKeys,
                     table_.target->full_name(), SameKey("t", "k"));
}

Status RowWriter::AppendRow(const std::vector<std::optional<std::string>>& cells, size_t from,
                            rows::Batch* to) const {
  for (size_t i = 0; i < names_.size(); ++i) {
    const auto& cell = cells[from + i];
    if (!cell) {
      to->column(i).AppendNull();
    } else if (!ReadCell(*cell, table_.types[i].form, &to->column(i))) {
      return Error{ErrorKind::kCorrupt,
                   fmt::format("column {} of {} holds '{}', which is no {}", QuoteName(names_[i]),
                               table_.target->full_name(), *cell, rows::ToString(table_.fields[i].type))};
    }
  }
  return {};
}

Result<int64_t> RowWriter::Truncate(postgres::Session* session) const {
  const std::string& target = table_.target->full_name();
  if (!table_.soft_deletes) {
    CDC_TRY(session->Run("TRUNCATE " + target, "Emptying " + target));
    return 0;
  }
  CDC_ASSIGN(const auto done,
             session->Run(fmt::format("UPDATE {} SET {} WHERE {} IS DISTINCT FROM '{}'", target, Marking(),
                                      QuoteName(table_.marks.column), table_.marks.deleted),
                          "Marking the rows of " + target + " as deleted"));
  return done.affected;
}

Result<int64_t> RowWriter::Remove(const Fold& fold, postgres::Session* session) {
  std::vector<rows::KeyRow> keys;
  for (const Slot& slot : fold.slots()) {
    if (slot.state != Slot::State::kGone) continue;
    keys.push_back(fold.FindKey(slot.key));
    if (!keys.back().known())
      return Error{ErrorKind::kCorrupt, "a row is to be deleted whose key is not known"};
  }
  if (keys.empty()) return 0;
  CDC_TRY(CopyKeys(keys, session));
  const std::string& target = table_.target->full_name();
  const std::string same = SameKey("t", "k");
  const std::string sql =
      table_.soft_deletes
          ? fmt::format("UPDATE {} t SET {} FROM {} k WHERE {} AND t.{} IS DISTINCT FROM '{}'", target, Marking(),
                        kKeys, same, QuoteName(table_.marks.column), table_.marks.deleted)
          : fmt::format("DELETE FROM {} t USING {} k WHERE {}", target, kKeys, same);
  CDC_ASSIGN(const auto done, session->Run(sql, "Deleting rows of " + target));
  return done.affected;
}

Status RowWriter::Upsert(postgres::Session* session) const {
  const std::string& target = table_.target->full_name();
  std::string changes;
  for (const std::string& name : names_) {
    if (std::find(table_.key.begin(), table_.key.end(), name) != table_.key.end()) continue;
    changes += fmt::format("{}{} = excluded.{}", changes.empty() ? "" : ", ", QuoteName(name), QuoteName(name));
  }
  const std::string newer = IsNewer("excluded");
  const auto done = session->Run(
      fmt::format("INSERT INTO {0} AS t ({1}) SELECT {1} FROM {2} WHERE \"cdc group\" = 0 ON CONFLICT ({3}) DO {4}{5}",
                  target, QuotedList(names_), kRows, QuotedList(table_.key),
                  changes.empty() ? "NOTHING" : "UPDATE SET " + changes,
                  changes.empty() || newer.empty() ? "" : " WHERE " + newer),
      "Writing rows of " + target);
  return done ? Status{} : Status(done.error());
}

Status RowWriter::Update(const std::vector<int>& missing, int group, size_t rows,
                         postgres::Session* session) const {
  const std::string& target = table_.target->full_name();
  std::string changes;
  for (size_t i = 0; i < names_.size(); ++i) {
    if (std::find(missing.begin(), missing.end(), static_cast<int>(i)) != missing.end()) continue;
    changes += fmt::format("{}{} = r.{}", changes.empty() ? "" : ", ", QuoteName(names_[i]), QuoteName(names_[i]));
  }
  const std::string newer = IsNewer("r");
  CDC_ASSIGN(const auto done, session->Run(fmt::format("UPDATE {} t SET {} FROM {} r WHERE r.\"cdc group\" = {} AND {}{}",
                                                       target, changes, kRows, group, SameKey("t", "r"),
                                                       newer.empty() ? "" : " AND " + newer),
                                           "Updating rows of " + target));
  if (done.affected == static_cast<int64_t>(rows) || !newer.empty()) return {};
  return Error{ErrorKind::kTransient,
               fmt::format("{} of {} rows of {} that are to be updated are gone: somebody else deleted them",
                           static_cast<int64_t>(rows) - done.affected, rows, target)};
}

}  // namespace cdc::postgres_sink
