#include "jobs/sink/iceberg/compaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "jobs/sink/iceberg/position_set.h"
#include "lib/core/check.h"
#include "lib/parquet/data_file_reader.h"
#include "lib/parquet/data_file_writer.h"

namespace cdc::iceberg_sink {

struct Compaction::Copy {
  /// Deletes a closed file that no commit has taken over: a source was truncated away, a step failed, the run
  /// ends. After a kill it is the orphan sweep's.
  ~Copy() {
    if (file && !handed_over) (void)files->Delete(path);
  }

  struct Source {
    std::string path;
    PositionSet gone;   ///< rows that were deleted when it was copied
    int64_t first = 0;  ///< position in the new file of its first row that was not
  };

  std::vector<Source> sources;
  size_t at = 0;  ///< the source being copied; past the last one: all are copied
  std::unique_ptr<parquet::DataFileReader> reader;
  std::shared_ptr<const rows::Schema> schema;
  storage::FileSystem* files = nullptr;
  std::string path;  ///< of the new file
  std::unique_ptr<parquet::DataFileWriter> writer;
  std::optional<iceberg::DataFile> file;          ///< once it is closed
  bool handed_over = false;                       ///< to a draft
  std::vector<Hash128> keys;                      ///< of its rows, in their order; empty without an index
  std::unordered_map<Hash128, uint32_t> numbers;  ///< content → number to look for next; without a key only
  SteadyTime begun;
};

Compaction::Compaction(const TableSettings& settings, const Ports& ports, const CommitProtocol::Parts& parts,
                       CommitProtocol& protocol)
    : settings_(settings), ports_(ports), parts_(parts), protocol_(protocol) {}

Compaction::~Compaction() = default;

void Compaction::Abandon() { copy_.reset(); }

Status Compaction::Begin(const std::vector<std::string>& paths) {
  CDC_CHECK(!under_way() && !paths.empty());
  auto copy = std::make_unique<Copy>();
  copy->begun = ports_.clock.steady();
  copy->schema = parts_.table.schema();
  int64_t rows = 0;
  for (const std::string& path : paths) {
    copy->sources.push_back({path, {}, 0});
    rows += parts_.table.live().FindData(path)->file.record_count;
  }
  if (parts_.locator.open()) copy->keys.reserve(static_cast<size_t>(rows));
  copy->files = &ports_.files;
  copy->path = parts_.table.NewPath("data");
  CDC_ASSIGN(auto file, ports_.files.Create(copy->path));
  CDC_ASSIGN(copy->writer, parquet::DataFileWriter::Make(std::move(file), copy->path, copy->schema,
                                                         FileOptions(settings_.memory_bytes)));
  copy_ = std::move(copy);
  return {};
}

Result<Progress> Compaction::Continue(const Allowance* allowance) {
  CDC_CHECK(under_way());
  if (copy_->at < copy_->sources.size()) {
    CDC_TRY(CopySlice());
    return Progress::kMore;
  }
  if (!copy_->file) {
    CDC_ASSIGN(copy_->file, copy_->writer->Close());
    return Progress::kMore;
  }
  const int64_t rows = copy_->writer->rows();
  if (allowance != nullptr && !allowance->Affords(finish_cost_.Of(rows))) return Progress::kWait;
  const SteadyTime begun = ports_.clock.steady();
  CDC_TRY(Finish());
  finish_cost_.Learn(rows, ports_.clock.steady() - begun);
  return Progress::kMore;
}

/// Copies some rows of the present source.
Status Compaction::CopySlice() {
  Copy& copy = *copy_;
  Copy::Source& source = copy.sources[copy.at];
  if (copy.reader == nullptr) {
    CDC_ASSIGN(source.gone, parts_.deletes.Read(source.path));
    source.first = copy.writer->rows();
    CDC_ASSIGN(auto opened, ports_.files.Open(source.path));
    CDC_ASSIGN(copy.reader, parquet::DataFileReader::Make(std::move(opened), copy.schema));
  }
  rows::Batch batch(copy.schema);
  int64_t first = 0;
  CDC_ASSIGN(const bool read, copy.reader->Next(&batch, &first));
  if (!read) {
    copy.reader.reset();
    ++copy.at;
    return {};
  }
  std::vector<uint32_t> keep;
  keep.reserve(batch.rows());
  for (uint32_t row = 0; row < batch.rows(); ++row) {
    if (!source.gone.Has(first + row)) keep.push_back(row);
  }
  CDC_TRY(NoteKeys(batch, keep, source.path, first));
  return copy.writer->Write(batch, keep);
}

/// \param first position of the batch's first row in the file `path`
Status Compaction::NoteKeys(const rows::Batch& batch, const std::vector<uint32_t>& rows,
                            const std::string& path, int64_t first) {
  const RowKeys& keys = parts_.definition.keys();
  if (keys.identity != nullptr) {
    const uint32_t number = parts_.locator.NumberOf(path);
    for (const uint32_t row : rows) {
      CDC_ASSIGN(copy_->keys.emplace_back(),
                 KeyOfEqualRow(batch, row, {number, static_cast<uint32_t>(first + row)}));
    }
  } else if (parts_.locator.open()) {
    rows::KeyHasher hasher(keys.secret, keys.ColumnsIn(*copy_->schema));
    for (const uint32_t row : rows) copy_->keys.push_back(hasher(batch, row));
  }
  return {};
}

/// Under which of the numbers of equal rows the index has the row at `at`. \return kCorrupt: under none.
Result<Hash128> Compaction::KeyOfEqualRow(const rows::Batch& batch, uint32_t row, index::Location at) {
  worker::RowIdentity& identity = *parts_.definition.keys().identity;
  const Hash128 content = identity.ContentOf(batch, row);
  // Equal rows lie in the order of their numbers, nearly always.
  const auto hint = copy_->numbers.find(content);
  const uint32_t first = hint == copy_->numbers.end() ? 0 : hint->second;
  uint32_t number = first;
  bool again = false;
  while (!again || number < first) {
    const Hash128 key = identity.KeyOf(content, number);
    CDC_ASSIGN(const index::Location found, parts_.locator.FindRaw(key));
    if (found == at) {
      if (number > 0 || hint != copy_->numbers.end()) copy_->numbers[content] = number + 1;
      return key;
    }
    if (!(found == index::KeyIndex::Missing())) {
      ++number;
    } else if (!again && first > 0) {
      again = true;
      number = 0;
    } else {
      break;
    }
  }
  return Error{ErrorKind::kCorrupt, "the key index does not have a row of the table",
               fmt::format("`cdc trigger {}`: the next run rebuilds the index", settings_.table)};
}

/// Positions in the new file of rows that were deleted since they were copied. nothing: a source is not live
/// any more.
Result<std::optional<std::vector<int64_t>>> Compaction::DeletedSinceCopied() {
  std::vector<int64_t> deleted;
  for (const Copy::Source& source : copy_->sources) {
    if (parts_.table.live().FindData(source.path) == nullptr) return std::optional<std::vector<int64_t>>();
    CDC_ASSIGN(const PositionSet now, parts_.deletes.Read(source.path));
    now.EachBeyond(source.gone, [&](int64_t, int64_t rank) { deleted.push_back(source.first + rank); });
  }
  return std::optional(std::move(deleted));
}

/// Puts the copy in the place of its sources, in a commit that leaves the offsets as they are.
Status Compaction::Finish() {
  CDC_ASSIGN(const auto deleted, DeletedSinceCopied());
  const std::unique_ptr<Copy> copy = std::move(copy_);
  if (!deleted) return {};  // its files went with a TRUNCATE, or with their last rows
  CommitDraft draft;
  if (const Status drafted = Draft(*copy, *deleted, &draft); !drafted) {
    protocol_.Discard(draft);
    return drafted;
  }
  auto sent = protocol_.CommitReplacing(&draft);
  if (!sent) return sent.error();
  ports_.log.Info("merged files={} rows={} ms={}", copy->sources.size(), copy->writer->rows(),
                  std::chrono::duration_cast<Millis>(ports_.clock.steady() - copy->begun).count());
  return {};
}

Status Compaction::Draft(Copy& copy, const std::vector<int64_t>& deleted, CommitDraft* draft) {
  for (const Copy::Source& source : copy.sources) parts_.deletes.DropFile(source.path, draft);
  if (static_cast<int64_t>(deleted.size()) == copy.writer->rows()) {  // nothing is left of them
    return parts_.deletes.Arrange(false, draft);
  }
  copy.handed_over = true;
  draft->intent.attempt_files.push_back(copy.path);
  draft->changes.added_data.push_back(*copy.file);
  if (!deleted.empty()) draft->deletes[copy.path] = deleted;
  CDC_TRY(parts_.deletes.Arrange(false, draft));
  if (!parts_.locator.open()) return {};
  CDC_CHECK(static_cast<int64_t>(copy.keys.size()) == copy.writer->rows());
  const uint32_t number = parts_.locator.next_number();
  draft->intent.new_files.emplace_back(number, copy.path);
  draft->intent.keys_in_files = true;
  draft->moved = std::move(copy.keys);
  // The key of a row that was deleted meanwhile is elsewhere by now, or nowhere.
  draft->moved_without = deleted;
  return {};
}

}  // namespace cdc::iceberg_sink
