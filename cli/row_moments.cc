#include "cli/row_moments.h"

#include <algorithm>
#include <random>

namespace cdc::cli {
namespace {

constexpr Millis kKafkaPatience(5'000);
constexpr Millis kPause(200);

verify::FormSettings FormSettingsOf(const config::Source& source) {
  using Binary = verify::FormSettings::Binary;
  verify::FormSettings settings;
  settings.to_the_millisecond = source.time_precision == config::TimePrecision::kConnect;
  if (source.binary_handling == config::BinaryHandling::kHex) settings.binary = Binary::kHex;
  if (source.binary_handling == config::BinaryHandling::kBase64Url) settings.binary = Binary::kBase64Url;
  return settings;
}

/// Records between `offsets` and the ends.
int64_t LagOf(const contract::TopicOffsets& offsets, const RowMoments::Ends& ends) {
  std::vector<kafka::Watermark> marks;
  for (const auto& [topic, partitions] : ends) {
    for (const auto& [partition, place] : partitions)
      marks.push_back({topic, partition, place.first, place.second});
  }
  return RecordsBetween(offsets, marks);
}

}  // namespace

RowMoments::RowMoments(const config::Config& config, Millis count_timeout, Ports ports)
    : config_(config), count_timeout_(count_timeout), ports_(std::move(ports)) {
  std::random_device random;
  hashing_.seed = static_cast<int64_t>(uint64_t{random()} << 32 | random());
}

Status RowMoments::OpenSource() {
  source_.reset();
  for (const SourcePlace& place : ports_.reading->places()) {
    CDC_ASSIGN(auto session, postgres::Session::Connect(config_.source.dsn, "[source] dsn"));
    auto moment = verify::PostgresMoment::Open(std::move(session), place.schema, place.table, count_timeout_);
    if (!moment && moment.error().kind == ErrorKind::kNotFound) continue;
    if (!moment) return moment.error();
    source_ = std::move(*moment);
    lsn_ = source_->lsn();
    return {};
  }
  return {};
}

/// What replication slots tell of the source's moment. A slot that is in use may be confirmed late, or in a
/// quiet database never; as long as it or the topic moves, more may come.
Result<RowMoments::Sent> RowMoments::AwaitSent(bool wait) {
  std::string confirmed;
  Ends ends;
  for (bool moved = false;;) {
    CDC_ASSIGN(const auto now, source_->FindConfirmed(ports_.slot));
    if (now.covers) return Sent::kAll;
    if (now.lsn.empty()) return Sent::kUnknown;
    Ends ends_now = FindEnds();
    moved |= !confirmed.empty() && (confirmed != now.lsn || ends != ends_now);
    if (!wait || ports_.is_late(begun_)) return wait && !moved ? Sent::kUnknown : Sent::kNotAll;
    confirmed = now.lsn;
    ends = std::move(ends_now);
    ports_.sleep(kPause);
  }
}

RowMoments::Ends RowMoments::FindEnds() const {
  const auto marks = ports_.reading->Ends(*ports_.consumer, kKafkaPatience);
  Ends ends;
  if (marks && *marks) {
    for (const auto& mark : **marks) ends[mark.topic][mark.partition] = {mark.low, mark.end};
  }
  return ends;
}

Status RowMoments::OpenTarget(bool wait, const Ends& ends) {
  for (;;) {
    target_.reset();
    CDC_ASSIGN(target_, ports_.reading->store().OpenMoment(count_timeout_));
    lag_.reset();
    if (!ends.empty()) lag_ = LagOf(target_ ? target_->offsets() : contract::TopicOffsets(), ends);
    if (!wait || lag_.value_or(0) == 0 || ports_.is_late(begun_)) return {};
    ports_.sleep(kPause);
  }
}

Result<bool> RowMoments::SourceHasRows() {
  CDC_ASSIGN(const auto answer, source_->session().Run("SELECT EXISTS (SELECT FROM " + source_->name() + ")",
                                                       "Looking for rows of " + source_->name()));
  return answer.rows[0][0] == "t";
}

void RowMoments::MakePlan() {
  if (planned_) return;
  planned_ = true;
  const config::Table& table = ports_.reading->settings();
  const auto name_in_target = [&](const std::string& name) {
    const auto renamed = table.column_names.find(name);
    return renamed == table.column_names.end() ? name : renamed->second;
  };
  plan_ = verify::MakePlan(source_->columns(), target_->columns(), target_->key(), name_in_target,
                           FormSettingsOf(config_.source));
  hashing_.buckets = verify::BucketCount(std::max(source_->guessed_rows(), target_->guessed_rows()));
}

Result<std::optional<verify::Pair>> RowMoments::Open(bool wait) {
  begun_ = std::chrono::steady_clock::now();
  CDC_TRY(OpenSource());
  Sent sent = Sent::kNotAll;
  if (source_) {
    CDC_ASSIGN(sent, AwaitSent(wait));
  }
  Ends ends = FindEnds();  // after what was confirmed
  CDC_TRY(OpenTarget(wait && source_ != nullptr, ends));
  if (!source_ || !target_) return std::optional<verify::Pair>();
  at_ = target_->at();
  MakePlan();
  if (plan_.columns.empty())
    return Error{ErrorKind::kUnsupported, "Comparing rows: no column of the table can be compared"};
  verify::Pair pair;
  pair.source = source_->Read(plan_, hashing_, /*target=*/false, "");
  CDC_ASSIGN(pair.target, target_->Read(plan_, hashing_));
  using verify::Coverage;
  const bool still = !ends_ || *ends_ == ends;
  if (lag_.value_or(0) > 0 || sent == Sent::kNotAll)
    pair.coverage = Coverage::kNo;
  else if (sent == Sent::kAll && lag_)
    pair.coverage = Coverage::kProven;
  else
    pair.coverage = still ? Coverage::kQuiet : Coverage::kNo;
  ends_ = std::move(ends);
  return std::optional(std::move(pair));
}

}  // namespace cdc::cli
