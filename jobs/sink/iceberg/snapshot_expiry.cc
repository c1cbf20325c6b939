#include "jobs/sink/iceberg/snapshot_expiry.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <unordered_set>

#include "jobs/sink/iceberg/upkeep_plan.h"
#include "lib/iceberg/deletable.h"
#include "lib/iceberg/expire.h"
#include "lib/storage/in_parallel.h"

namespace cdc::iceberg_sink {
namespace {

/// Beyond so many snapshots the oldest go however young they are, unless snapshot_keep says otherwise: each
/// is a kilobyte of metadata and a microsecond for every commit that follows.
constexpr int kMaxSnapshots = 100;
/// Files of an expired snapshot stay this long for readers that have begun with it.
constexpr std::chrono::minutes kReaderGrace{15};
constexpr size_t kMaxWaiting = 50'000;
/// Files deleted at a time.
constexpr size_t kDeletedTogether = 64;
/// A commit in flight can still want a younger file.
constexpr std::chrono::minutes kOrphanAge{75};

/// Old snapshots or a listing that are damaged prevent maintenance, not the table's newest rows: worth
/// another try later. An operator who asks for maintenance gets the error.
Error OfMaintenance(Error error, MaintenanceMode mode) {
  if (error.kind == ErrorKind::kCorrupt && mode != MaintenanceMode::kThorough)
    error.kind = ErrorKind::kTransient;
  return error;
}

}  // namespace

bool FilesToDelete::DeleteSome(SteadyTime now, bool now_all, storage::FileSystem& files) {
  std::vector<std::string> paths;
  while (!files_.empty() && paths.size() < kDeletedTogether &&
         (files_.front().due <= now || now_all || files_.size() > kMaxWaiting)) {
    paths.push_back(std::move(files_.front().path));
    files_.pop_front();
  }
  (void)storage::DeleteMany(files, paths);
  return !paths.empty();
}

void FilesToDelete::AddOrphans(std::vector<std::string> paths, SteadyTime now) {
  std::unordered_set<std::string> waiting;
  for (const File& file : files_) waiting.insert(file.path);
  for (std::string& path : paths) {
    if (!waiting.contains(path)) files_.push_front({now, std::move(path)});
  }
}

bool SnapshotExpiry::DeleteSome(MaintenanceMode mode) {
  return to_delete_.DeleteSome(ports_.clock.steady(), mode == MaintenanceMode::kThorough, ports_.files);
}

std::vector<int64_t> SnapshotExpiry::FindExpired() const {
  if (!iceberg::MayCollect(table_.metadata())) return {};
  iceberg::ExpiryPolicy policy;
  policy.min_snapshots = settings_.snapshot_keep;
  policy.max_age_ms = settings_.snapshot_age.count();
  policy.max_snapshots = std::max(settings_.snapshot_keep, kMaxSnapshots);
  return iceberg::PlanExpiry(table_.metadata(), policy, UnixMillis(ports_.clock.wall()));
}

Result<bool> SnapshotExpiry::Expire(MaintenanceMode mode) {
  auto expired = FindExpired();
  const size_t batch = ExpiryBatch(expired.size(), mode);
  if (batch == 0) return false;
  expired.resize(batch);  // oldest first
  auto unreachable = iceberg::FindUnreachable(ports_.files, table_.metadata(), expired, table_.departed());
  if (!unreachable) return OfMaintenance(unreachable.error(), mode);
  if (const Status committed = table_.Change(iceberg::ExpiryCommit(table_.metadata(), expired)); !committed) {
    // A commit that changes no row has nothing in doubt: the next one sees what became of it.
    Error error = committed.error();
    if (error.kind == ErrorKind::kCommitUnknown) error.kind = ErrorKind::kTransient;
    return error;
  }
  table_.ForgetDeparted(expired.back());
  CDC_TRY(locator_.ForgetGoneFiles());
  ports_.log.Debug("expired snapshots={} files={}", expired.size(), unreachable->size());
  if (SharesFolder()) return true;  // with the files of its old snapshots, too
  for (std::string& path : *unreachable)
    to_delete_.Add(std::move(path), ports_.clock.steady() + kReaderGrace);
  return true;
}

/// A table that was registered at this one's metadata needs the files of its old snapshots. A catalog that
/// cannot say has to keep apart what it registers.
bool SnapshotExpiry::SharesFolder() const {
  const auto others = ports_.catalog.OthersBelow(IdentOf(settings_), table_.metadata().location);
  if (!others) return others.error().kind != ErrorKind::kUnsupported;
  if (!others->empty()) {
    ports_.log.Info("files of expired snapshots stay, for {} has its metadata in this table's folder",
                    iceberg::ToString(others->front()));
  }
  return !others->empty();
}

Result<std::vector<std::string>> SnapshotExpiry::FindOrphans() const {
  const int64_t before = UnixMillis(ports_.clock.wall() - kOrphanAge);
  // As the table is now: another writer may have committed what it wrote long ago.
  CDC_ASSIGN(const auto table, table_.Load());
  return iceberg::FindOrphans(ports_.catalog, ports_.files, table, before);
}

/// When the last sweep was is the modification time of a file in the state folder.
Status SnapshotExpiry::SweepOrphans(MaintenanceMode mode) {
  const std::filesystem::path stamp = settings_.index_folder / "orphans-swept";
  std::error_code error;
  const auto swept = std::filesystem::last_write_time(stamp, error);
  std::optional<std::chrono::nanoseconds> age;
  if (!error) age = std::filesystem::file_time_type::clock::now() - swept;
  const SweepDecision decision = DecideSweep(mode, age, swept_thoroughly_);
  if (decision == SweepDecision::kNotDue) return {};
  if (decision == SweepDecision::kSweep) {
    swept_thoroughly_ = true;
    CDC_TRY(AddOrphans(mode));
  }
  std::filesystem::create_directories(settings_.index_folder, error);
  std::ofstream(stamp, std::ios::trunc) << "";
  return {};
}

Status SnapshotExpiry::AddOrphans(MaintenanceMode mode) {
  auto orphans = FindOrphans();
  if (!orphans) return OfMaintenance(orphans.error(), mode);
  if (!orphans->empty()) ports_.log.Info("removing leftovers of ended runs files={}", orphans->size());
  to_delete_.AddOrphans(std::move(*orphans), ports_.clock.steady());
  return {};
}

}  // namespace cdc::iceberg_sink
