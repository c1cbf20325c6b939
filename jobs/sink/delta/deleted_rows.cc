#include "jobs/sink/delta/deleted_rows.h"

#include "lib/delta/file_stats.h"

namespace cdc::delta_sink {

Result<PositionSet> DeletedRows::Read(const delta::LiveFile& file) const {
  if (!file.add.vector) return PositionSet();
  CDC_ASSIGN(const auto positions, delta::ReadVector(*file.add.vector, table_.root(), ports_.files));
  return PositionSet(positions);
}

Result<const PositionSet*> DeletedRows::Find(const std::string& path) {
  if (const PositionSet* known = known_.Find(path)) return known;
  const delta::LiveFile* file = table_.snapshot().Find(path);
  CDC_ASSIGN(PositionSet deleted, file == nullptr ? Result<PositionSet>(PositionSet()) : Read(*file));
  return known_.Keep(path, std::move(deleted));
}

/// A remove action has the vector that the file had, the add action the one it has from now on: one of each
/// for a path.
Status DeletedRows::Draft(CommitDraft* draft) {
  if (draft->truncates) {
    for (const auto& [path, file] : table_.snapshot().files()) {
      draft->Remove(path, file);
      draft->deleted_rows += file.records - file.deleted();
    }
    return {};
  }
  const auto deleted = [this](const std::string& path) { return Find(path); };
  const auto rows_of = [this](const std::string& path) { return table_.snapshot().Find(path)->records; };
  CDC_ASSIGN(const lake_sink::DeletePlan plan, lake_sink::PlanDeletes(&draft->deletes, deleted, rows_of));
  draft->deleted_rows += plan.rows;
  for (const std::string& path : plan.emptied) draft->Remove(path, *table_.snapshot().Find(path));
  delta::VectorFile vectors;
  for (const auto& [path, positions] : draft->deletes) {
    const delta::LiveFile& file = *table_.snapshot().Find(path);
    CDC_ASSIGN(const PositionSet* before, Find(path));
    PositionSet all = *before;
    all.Add(positions);
    draft->actions.emplace_back(
        delta::RemoveFile{file.add.path, draft->now_ms, draft->data_change, file.add.size, file.add.vector});
    delta::AddFile add = file.add;
    add.data_change = draft->data_change;
    add.stats = delta::WithDeletedRows(add.stats);
    add.vector = vectors.Add(all.ToVector());
    draft->actions.emplace_back(std::move(add));
  }
  return WriteVectors(vectors, draft);
}

Status DeletedRows::WriteVectors(const delta::VectorFile& vectors, CommitDraft* draft) {
  if (vectors.empty()) return {};
  CDC_ASSIGN(NewFile file, draft->Create(table_.root() + "/" + vectors.name(), table_));
  CDC_TRY(file.out->Write(vectors.bytes()));
  return file.out->Close();
}

void DeletedRows::Advance(const CommitDraft& draft) {
  if (draft.truncates) return known_.ForgetAll();
  for (const auto& [path, positions] : draft.deletes) known_.Add(path, positions);
  for (const std::string& path : draft.gone) known_.Forget(path);
}

}  // namespace cdc::delta_sink
