#include <filesystem>
#include <fstream>
#include <unordered_set>

#include "jobs/sink/iceberg/rewrite_plan.h"
#include "jobs/sink/iceberg/rewriting.h"
#include "lib/iceberg/deletable.h"
#include "lib/iceberg/expire.h"
#include "lib/storage/in_parallel.h"

namespace cdc::iceberg_sink {
namespace {

/// At a time while there is nothing else to do: what arrives meanwhile waits no longer.
constexpr Millis kIdleSlice{50};
/// What failed is not tried again for so long.
constexpr std::chrono::seconds kPutOff{30};
/// Beyond so many snapshots go however young they are, unless snapshot_keep says otherwise: each is a
/// kilobyte of metadata and a microsecond for every commit that follows.
constexpr int kMostSnapshots = 100;
/// Files of an expired snapshot stay for readers that have begun with it. In memory only: what a run leaves
/// is the orphan sweep's.
constexpr std::chrono::minutes kReaderGrace{15};
constexpr size_t kMostDoomed = 50'000;
/// Snapshots beyond the policy before expiry is worth a commit, and at most at a time: what they leave behind
/// may have to be read, which takes a millisecond or two for each (with files for a hundred deletes).
constexpr size_t kExpirySlack = 20, kMostExpired = 100, kMostExpiredBeside = 20;
/// Files deleted at a time.
constexpr size_t kDeletedTogether = 64;
/// Files that no snapshot reaches are looked for this often, and only those that no commit in flight can
/// still want.
constexpr std::chrono::hours kSweepInterval{6};
constexpr std::chrono::minutes kOrphanAge{75};
/// Numbers of files that are gone, kept before the list of numbers is worth rewriting.
constexpr size_t kSpareNumbers = 1000;

/// What old snapshots or a listing have wrong bars tidying up, not the table's newest rows. Who asks for
/// tidiness is told.
Error Bearable(Error error, Tidying when) {
  if (error.kind == ErrorKind::kCorrupt && when != Tidying::kThorough) error.kind = ErrorKind::kTransient;
  return error;
}

}  // namespace

RewriteRules IcebergSink::RulesFor(Tidying when) const {
  RewriteRules rules;
  rules.target_bytes = settings_.target_file_bytes;
  rules.max_rows = ShareOut(settings_.memory_bytes).rewrite_rows;
  if (when == Tidying::kIdle) {
    rules.deleted_share = 0.1;
    rules.files_per_merge = 4;
  } else if (when == Tidying::kThorough) {
    rules.deleted_share = 0;
    rules.files_per_merge = 2;
    rules.thorough = true;
  }
  return rules;
}

Result<bool> IcebergSink::Maintain(Tidying when) {
  if (table_.metadata == nullptr || live_.snapshot_id() == std::nullopt) return false;
  const SteadyTime begun = ports_.clock.steady();
  if (begun < put_off_until_) return false;
  const bool beside = when == Tidying::kBetweenCommits;
  SteadyTime now = begun;
  if (beside && allowance_.Left(now) == Millis{0}) return true;
  Result<Step> step = Step::kNone;
  do {
    step = MaintainOnce(when);
    const SteadyTime before = now;
    now = ports_.clock.steady();
    if (beside) allowance_.Spend(now - before);
  } while (step && *step == Step::kDone &&
           (beside ? allowance_.Left(now) > Millis{0} : now - begun < kIdleSlice));
  if (step) return *step != Step::kNone;
  rewriting_.reset();
  put_off_until_ = now + kPutOff;
  return step.error();
}

/// The next small step of what is most urgent.
Result<IcebergSink::Step> IcebergSink::MaintainOnce(Tidying when) {
  if (DeleteSomeDoomed(when)) return Step::kDone;
  // Even while files are rewritten, which takes hundreds of commits under load. What there is to expire is
  // found out once for each commit then, for it takes a walk through all snapshots.
  if (rewriting_ == nullptr || looked_for_expired_ != live_.snapshot_id()) {
    CDC_ASSIGN(const bool expired, Expire(when));
    if (expired) return Step::kDone;
    looked_for_expired_ = live_.snapshot_id();
  }
  if (rewriting_ != nullptr) return GoOnRewriting(when);
  // Nothing can have changed for the plan before something was committed.
  if (planned_for_ != live_.snapshot_id() || planned_when_ != when) {
    CDC_ASSIGN(const SharedDeletes* shared, LoadShared());
    const auto paths = PlanRewrite(live_, *shared, RulesFor(when));
    if (!paths.empty()) {
      CDC_TRY(BeginRewrite(paths));
      return Step::kDone;
    }
    planned_for_ = live_.snapshot_id();
    planned_when_ = when;
  }
  if (when != Tidying::kBetweenCommits) {
    CDC_ASSIGN(const bool split, SplitSharedDeletes());
    if (split) return Step::kDone;
    CDC_TRY(SweepOrphans(when));
  }
  return DeleteSomeDoomed(when) ? Step::kDone : Step::kNone;
}

/// What cannot be deleted stays as an orphan. \return whether there was something to delete
bool IcebergSink::DeleteSomeDoomed(Tidying when) {
  const SteadyTime now = ports_.clock.steady();
  std::vector<std::string> paths;
  while (!doomed_.empty() && paths.size() < kDeletedTogether &&
         (doomed_.front().due <= now || when == Tidying::kThorough || doomed_.size() > kMostDoomed)) {
    paths.push_back(std::move(doomed_.front().path));
    doomed_.pop_front();
  }
  (void)storage::DeleteMany(ports_.files, paths);
  return !paths.empty();
}

std::vector<int64_t> IcebergSink::FindExpired() const {
  if (!iceberg::MayCollect(*table_.metadata)) return {};
  iceberg::ExpiryPolicy policy;
  policy.min_snapshots = settings_.snapshot_keep;
  policy.max_age_ms = settings_.snapshot_age.count();
  policy.max_snapshots = std::max(settings_.snapshot_keep, kMostSnapshots);
  return iceberg::PlanExpiry(*table_.metadata, policy, UnixMillis(ports_.clock.wall()));
}

/// \return whether there was something to expire
Result<bool> IcebergSink::Expire(Tidying when) {
  auto expired = FindExpired();
  if (expired.size() < (when == Tidying::kThorough ? 1 : kExpirySlack)) return false;
  const size_t most = when == Tidying::kBetweenCommits ? kMostExpiredBeside : kMostExpired;
  if (expired.size() > most) expired.resize(most);  // oldest first
  auto found = iceberg::FindUnreachable(ports_.files, *table_.metadata, expired, departed_);
  if (!found) return Bearable(found.error(), when);
  std::vector<std::string>& unreachable = *found;
  auto committed = ports_.catalog.CommitTable(table_, iceberg::ExpiryCommit(*table_.metadata, expired));
  if (!committed) {
    // A commit that changes no row has nothing in doubt: the next one sees what became of it.
    Error error = committed.error();
    if (error.kind == ErrorKind::kCommitUnknown) error.kind = ErrorKind::kTransient;
    return error;
  }
  table_ = std::move(*committed);
  departed_.ForgetUpTo(expired.back());
  // Index entries of files that are gone mean nothing; their numbers need not be known any more.
  if (numbers_ && numbers_->size() > 2 * live_.data().size() + kSpareNumbers) {
    CDC_TRY(numbers_->Retain([this](const std::string& path) { return live_.FindData(path) != nullptr; }));
    index_->SetNumbers(numbers_->chain());
  }
  ports_.log.Debug("expired snapshots={} files={}", expired.size(), unreachable.size());
  if (SharesFolder()) return true;  // with the files of its old snapshots, too
  for (std::string& path : unreachable)
    doomed_.push_back({ports_.clock.steady() + kReaderGrace, std::move(path)});
  return true;
}

/// A table that was registered at this one's metadata needs the files of its old snapshots. A catalog that
/// cannot say has to keep apart what it registers.
bool IcebergSink::SharesFolder() {
  const auto others = ports_.catalog.OthersBelow(IdentOf(settings_), table_.metadata->location);
  if (!others) return others.error().kind != ErrorKind::kUnsupported;
  if (!others->empty()) {
    ports_.log.Info("files of expired snapshots stay, for {} has its metadata in this table's folder",
                    iceberg::ToString(others->front()));
  }
  return !others->empty();
}

Result<std::vector<std::string>> IcebergSink::FindLeftovers() {
  const int64_t before = UnixMillis(ports_.clock.wall() - kOrphanAge);
  // As it is now: another writer may have committed what it wrote long ago.
  CDC_ASSIGN(const auto table, ports_.catalog.LoadTable(IdentOf(settings_)));
  return iceberg::FindOrphans(ports_.catalog, ports_.files, table, before);
}

TableFigures IcebergSink::figures() const {
  const iceberg::LiveTotals& totals = live_.totals();
  TableFigures figures;
  figures.rows = totals.records - totals.position_deletes;
  figures.deleted_rows = totals.position_deletes;
  figures.bytes = totals.bytes;
  figures.data_files = totals.data_files;
  figures.delete_files = totals.delete_files;
  figures.manifests = static_cast<int64_t>(live_.manifests().size());
  figures.snapshots = static_cast<int64_t>(table_.metadata->snapshots.size());
  for (const auto& [path, entry] : live_.data())
    figures.small_files += entry->file.file_size_in_bytes < settings_.target_file_bytes / 2;
  return figures;
}

Result<MaintenanceDue> IcebergSink::FindDue() {
  MaintenanceDue due;
  CDC_ASSIGN(const SharedDeletes* shared, LoadShared());
  due.files_to_rewrite =
      static_cast<int64_t>(FilesToRewrite(live_, *shared, RulesFor(Tidying::kThorough)).size());
  due.snapshots_to_expire = static_cast<int64_t>(FindExpired().size());
  CDC_ASSIGN(const auto orphans, FindLeftovers());
  due.orphans = static_cast<int64_t>(orphans.size());
  return due;
}

/// Leftovers of killed runs. When the last sweep was is the modification time of a file in the state folder.
Status IcebergSink::SweepOrphans(Tidying when) {
  const std::filesystem::path stamp = settings_.index_folder / "orphans-swept";
  std::error_code error;
  const auto swept = std::filesystem::last_write_time(stamp, error);
  const auto now = std::filesystem::file_time_type::clock::now();
  const bool known = !error;
  const bool due = when == Tidying::kThorough ? !swept_thoroughly_ : known && now - swept > kSweepInterval;
  if (known && !due) return {};
  if (due) {
    swept_thoroughly_ = true;
    auto found = FindLeftovers();
    if (!found) return Bearable(found.error(), when);
    std::vector<std::string>& orphans = *found;
    if (!orphans.empty()) ports_.log.Info("removing leftovers of ended runs files={}", orphans.size());
    std::unordered_set<std::string> waiting;
    for (const Doomed& doomed : doomed_) waiting.insert(doomed.path);
    for (std::string& path : orphans) {
      if (waiting.count(path) == 0) doomed_.push_front({ports_.clock.steady(), std::move(path)});
    }
  }
  // A table made just now has none yet: the first time only starts the clock.
  std::filesystem::create_directories(settings_.index_folder, error);
  std::ofstream(stamp, std::ios::trunc) << "";
  return {};
}

}  // namespace cdc::iceberg_sink
