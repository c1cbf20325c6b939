#include <chrono>

#include "jobs/sink/iceberg/iceberg_sink.h"

namespace cdc::iceberg_sink {

/// Files are encoded and committed on a second thread while the first one reads on. The two share nothing but
/// the fold, which neither changes, and this object, whose other functions wait.
void IcebergSink::BeginCommit(const Fold& fold, const Marker& marker, std::function<Status()> may) {
  (void)fold.slots();  // settled by the thread that filled it: from now on two may read it
  auto outcome = std::make_shared<std::promise<Result<Committed>>>();
  under_way_ = outcome->get_future().share();
  second_thread_.Run([this, &fold, marker, may = std::move(may), outcome] {
    const Status allowed = may();
    auto committed = allowed ? CommitNow(fold, marker) : Result<Committed>(allowed.error());
    if (committed) {
      const auto more = MaintainNow(Tidying::kBetweenCommits);
      if (!more) committed->untidy = more.error();
    }
    outcome->set_value(std::move(committed));
  });
}

bool IcebergSink::committing() const {
  return under_way_.valid() && under_way_.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
}

Result<Committed> IcebergSink::AwaitCommit() {
  Result<Committed> outcome = under_way_.get();
  under_way_ = {};
  return outcome;
}

/// Waits for the commit under way. \return its error; never kBadValue, which would be taken for a message's
Status IcebergSink::Settle() const {
  if (!under_way_.valid()) return {};
  const Result<Committed>& outcome = under_way_.get();
  if (outcome) return {};
  Error error = outcome.error();
  if (error.kind == ErrorKind::kBadValue) error.kind = ErrorKind::kCorrupt;
  return error;
}

Result<Committed> IcebergSink::Commit(const Fold& fold, const Marker& marker) {
  CDC_TRY(Settle());
  return CommitNow(fold, marker);
}

Result<bool> IcebergSink::Maintain(Tidying when) {
  CDC_TRY(Settle());
  return MaintainNow(when);
}

}  // namespace cdc::iceberg_sink
