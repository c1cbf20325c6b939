#pragma once

/// \file jobs/sink/delta/change_file.h
/// The change data of one commit (PROTOCOL.md, "Change Data Files").

#include <memory>
#include <span>
#include <string_view>

#include "jobs/sink/delta/commit_draft.h"
#include "jobs/sink/delta/delta_table.h"
#include "lib/parquet/data_file_writer.h"
#include "lib/rows/batch.h"

namespace cdc::delta_sink {

// Types of changes.
inline constexpr std::string_view kInsert = "insert", kDelete = "delete", kPreImage = "update_preimage",
                                  kPostImage = "update_postimage";

/// One file, made with the first row. One thread.
class ChangeFile {
 public:
  /// \param table, draft must outlive this
  ChangeFile(DeltaTable& table, CommitDraft* draft, parquet::WriterOptions options)
      : table_(table), draft_(draft), options_(options) {}

  /// \param batch of the table's columns \param rows numbers in it, in any order \return as
  /// DataFileWriter::Write().
  Status Write(const rows::Batch& batch, std::span<const uint32_t> rows, std::string_view type);

  bool empty() const { return writer_ == nullptr; }
  /// Adds the file, if there is one, to the draft. Call once, last.
  Status Close();

 private:
  Status Begin();

  DeltaTable& table_;
  CommitDraft* draft_;
  parquet::WriterOptions options_;
  std::string path_;
  std::unique_ptr<rows::Batch> slice_;  // with the column of the types; null: not begun
  std::unique_ptr<parquet::DataFileWriter> writer_;
};

}  // namespace cdc::delta_sink
