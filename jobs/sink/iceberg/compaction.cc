#include "jobs/sink/iceberg/compaction.h"

#include "lib/core/check.h"
#include "lib/parquet/data_file_writer.h"

namespace cdc::iceberg_sink {

using lake_sink::FileMerge;

Compaction::Compaction(const TableSettings& settings, const Ports& ports, const CommitProtocol::Parts& parts,
                       CommitProtocol& protocol, LocatedTable& located)
    : settings_(settings), ports_(ports), parts_(parts), protocol_(protocol), located_(located) {}

void Compaction::Abandon() { merge_.reset(); }

Status Compaction::Begin(const std::vector<std::string>& paths) {
  CDC_CHECK(!under_way() && !paths.empty());
  begun_ = ports_.clock.steady();
  int64_t rows = 0;
  for (const std::string& path : paths) rows += parts_.table.live().FindData(path)->file.record_count;
  const std::string path = parts_.table.NewPath("data");
  CDC_ASSIGN(auto file, ports_.files.Create(path));
  CDC_ASSIGN(auto writer, parquet::DataFileWriter::Make(std::move(file), path, parts_.table.schema(),
                                                        FileOptions(settings_.memory_bytes)));
  merge_ =
      std::make_unique<FileMerge>(FileMerge::Parts{located_, parts_.locator, ports_.files, settings_.table},
                                  paths, path, std::move(writer), rows);
  return {};
}

Result<Progress> Compaction::Continue(const Allowance* allowance) {
  CDC_CHECK(under_way());
  if (!merge_->closed()) {
    CDC_TRY(merge_->Continue());
    return Progress::kMore;
  }
  const int64_t rows = merge_->rows();
  if (allowance != nullptr && !allowance->Affords(finish_cost_.Of(rows))) return Progress::kWait;
  const SteadyTime begun = ports_.clock.steady();
  CDC_TRY(Finish());
  finish_cost_.Learn(rows, ports_.clock.steady() - begun);
  return Progress::kMore;
}

/// Puts the copy in the place of its sources, in a commit that leaves the offsets as they are.
Status Compaction::Finish() {
  CDC_ASSIGN(const auto deleted, merge_->DeletedSinceCopied());
  const std::unique_ptr<FileMerge> merge = std::move(merge_);
  if (!deleted) return {};  // its files went with a TRUNCATE, or with their last rows
  CommitDraft draft;
  if (const Status drafted = Draft(*merge, *deleted, &draft); !drafted) {
    protocol_.Discard(draft);
    return drafted;
  }
  auto sent = protocol_.CommitReplacing(&draft);
  if (!sent) return sent.error();
  ports_.log.Info("merged files={} rows={} ms={}", merge->sources().size(), merge->rows(),
                  std::chrono::duration_cast<Millis>(ports_.clock.steady() - begun_).count());
  return {};
}

Status Compaction::Draft(FileMerge& merge, const std::vector<int64_t>& deleted, CommitDraft* draft) {
  for (const std::string& path : merge.sources()) parts_.deletes.DropFile(path, draft);
  if (static_cast<int64_t>(deleted.size()) == merge.rows()) {  // nothing is left of them
    return parts_.deletes.Arrange(false, draft);
  }
  draft->intent.attempt_files.push_back(merge.path());
  draft->changes.added_data.push_back(merge.HandOver());
  if (!deleted.empty()) draft->deletes[merge.path()] = deleted;
  CDC_TRY(parts_.deletes.Arrange(false, draft));
  if (!parts_.locator.open()) return {};
  draft->moved = merge.TakeKeys();
  const uint32_t number = parts_.locator.next_number();
  draft->intent.new_files.emplace_back(number, merge.path());
  draft->intent.keys_in_files = true;
  // The key of a row that was deleted meanwhile is elsewhere by now, or nowhere.
  draft->moved_without = deleted;
  return {};
}

}  // namespace cdc::iceberg_sink
