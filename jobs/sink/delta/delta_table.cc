#include "jobs/sink/delta/delta_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "jobs/sink/delta/table_features.h"
#include "lib/iceberg/metadata.h"
#include "lib/parquet/data_file_reader.h"
#include "lib/storage/in_parallel.h"

namespace cdc::delta_sink {
namespace {

constexpr int kMaxQuestions = 8;
constexpr Millis kFirstPause{100}, kLongestPause{10'000};

std::string TransactionOf(const std::vector<delta::Action>& actions) {
  for (const delta::Action& action : actions) {
    if (const auto* info = std::get_if<delta::CommitInfo>(&action)) return info->transaction_id;
  }
  return "";
}

}  // namespace

DeltaTable::DeltaTable(std::string root, const Ports& ports)
    : ports_(ports), log_(root, ports.files), closing_(ports.files), snapshot_(std::move(root)) {}

Status DeltaTable::Load(const delta::Log::Visit& visit) {
  CDC_ASSIGN(delta::Snapshot loaded, log_.Load(visit));
  CDC_TRY(CheckWritable(*loaded.protocol(), *loaded.metadata()));
  snapshot_ = std::move(loaded);
  CDC_TRY(ReadColumns());
  return CountRecords();
}

/// The same object stays as long as nothing of it changes: folds are made with it.
Status DeltaTable::ReadColumns() {
  CDC_ASSIGN(delta::TableSchema read,
             delta::DecodeSchema(metadata().schema_string, metadata().configuration));
  if (columns_.logical != nullptr && columns_.logical->fields == read.logical->fields)
    read.logical = columns_.logical;
  columns_ = std::move(read);
  return {};
}

Status DeltaTable::CountRecords() {
  std::vector<std::string> silent;
  for (const auto& [path, file] : snapshot_.files()) {
    if (file.records < 0) silent.push_back(path);
  }
  for (const std::string& path : silent) {
    CDC_ASSIGN(auto file, ports_.files.Open(path));
    CDC_ASSIGN(const auto reader,
               parquet::DataFileReader::MakeByName(std::move(file), std::make_shared<rows::Schema>()));
    snapshot_.SetRecords(path, reader->rows());
  }
  return {};
}

Result<std::vector<Version>> DeltaTable::ReadNewer() const {
  std::vector<Version> newer;
  for (int64_t next = version() + 1;; ++next) {
    auto actions = log_.Read(next);
    if (!actions && actions.error().kind == ErrorKind::kNotFound) return newer;
    if (!actions) return actions.error();
    newer.push_back({next, std::move(*actions)});
  }
}

Status DeltaTable::Take(const Version& version) {
  CDC_TRY(snapshot_.Apply(version.number, version.actions));
  CDC_TRY(CheckWritable(*snapshot_.protocol(), *snapshot_.metadata()));
  CDC_TRY(ReadColumns());
  return CountRecords();
}

Result<bool> DeltaTable::Is(int64_t version, const std::string& transaction) const {
  CDC_ASSIGN(const auto actions, log_.Read(version));
  return TransactionOf(actions) == transaction;
}

/// A commit has three answers. Only that the version is there, and whose it is, is certain; what is not is
/// asked for and, where it is not there, sent again: of all attempts on one version at most one succeeds.
Status DeltaTable::Send(const std::vector<delta::Action>& actions, const std::string& transaction) {
  const int64_t next = version() + 1;
  Millis pause = kFirstPause;
  for (int question = 0;; ++question) {
    const Status sent = log_.Write(next, actions);
    if (sent) break;
    const auto ours = Is(next, transaction);
    if (ours && *ours) break;
    if (ours)
      return Error{ErrorKind::kConflict, fmt::format("another writer committed version {} first", next)};
    const bool there = sent.error().kind == ErrorKind::kConflict;
    if (question == kMaxQuestions) {
      return Error{ErrorKind::kCommitUnknown,
                   fmt::format("version {} may be committed or not: {}", next,
                               there ? ours.error().message : sent.error().message)};
    }
    ports_.log.Warn("version {} in doubt, asking again: {}", next, sent.error().message);
    ports_.sleep(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
  return Take({next, actions});
}

std::string DeltaTable::NewPath(const char* kind) const {
  const bool changes = std::string_view(kind) == "changes";
  return fmt::format("{}/{}{}-{}.parquet", root(), changes ? "_change_data/" : "", iceberg::NewUuid(), kind);
}

Result<NewFile> DeltaTable::Create(const std::string& path) {
  NewFile file{path, nullptr};
  CDC_ASSIGN(file.out, closing_.Create(path));
  return file;
}

void DeltaTable::Discard(const std::vector<std::string>& paths) {
  (void)storage::DeleteMany(closing_, paths);
}

std::string DeltaTable::Property(const std::string& name) const {
  const auto found = metadata().configuration.find(name);
  return found == metadata().configuration.end() ? std::string() : found->second;
}

}  // namespace cdc::delta_sink
