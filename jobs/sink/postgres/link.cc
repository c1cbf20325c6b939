#include "jobs/sink/postgres/link.h"

#include <fmt/format.h>

namespace cdc::postgres_sink {
namespace {

/// Pauses between attempts to reach a server that went away.
constexpr Millis kPauses[] = {Millis{200}, Millis{1'000}, Millis{3'000}, Millis{6'000}};

}  // namespace

std::string WayOut(const std::string& table) {
  return fmt::format("`cdc reset {} --yes` rebuilds the table from the topic's start", table);
}

Link::Link(const Settings& settings, Ports ports)
    : settings_(settings),
      ports_(std::move(ports)),
      writer_(KeySecret::Random().Hex()),
      checkpoints_(settings.schema, settings.pipeline) {}

Status Link::Connect() {
  session_.reset();
  CDC_ASSIGN(session_, postgres::Session::Connect(settings_.dsn, fmt::format("[sinks.{}] dsn", settings_.sink)));
  return prepare_ ? prepare_(&*session_) : Status{};
}

Status Link::EnsureConnected() { return session_ && session_->alive() ? Status{} : Connect(); }

Result<std::optional<Checkpoint>> Link::TakeOver() {
  CDC_TRY(checkpoints_.Ensure(&*session_));
  CDC_TRY(session_->Run("BEGIN", "Beginning a transaction"));
  auto found = checkpoints_.Lock(&*session_);
  Status done = found ? Status{} : Status(found.error());
  if (done && *found) done = checkpoints_.TakeOver(&*session_, writer_);
  if (done) done = session_->Commit();
  if (!done) {
    session_->RollBack();
    return done.error();
  }
  if (*found) commits_ = (*found)->commits;
  return found;
}

Status Link::Insert(Checkpoint checkpoint) {
  checkpoint.writer = writer_;
  commits_ = 0;
  return checkpoints_.Insert(&*session_, checkpoint);
}

Status Link::Begin() {
  CDC_TRY(session_->Run("BEGIN", "Beginning a transaction"));
  CDC_ASSIGN(const auto found, checkpoints_.Lock(&*session_));
  if (found && found->writer == writer_ && found->commits == commits_) return {};
  return Error{ErrorKind::kConflict, fmt::format("another run writes what {} has in {}", settings_.pipeline,
                                                 checkpoints_.name())};
}

Status Link::InTransaction(const std::function<Status()>& statements) {
  Status done = Begin();
  if (done) done = statements();
  if (done) done = session_->Commit();
  if (done) return {};
  const Error error = HintFor(done.error());
  RollBack();
  return error;
}

Status Link::CommitWith(const worker::Checkpoint& marker, const TableState& state) {
  CDC_TRY(checkpoints_.SaveMarker(&*session_, marker, state, commits_ + 1));
  const Status done = session_->Commit();
  if (!done && done.error().kind != ErrorKind::kCommitUnknown) return done;
  if (!done) {
    CDC_ASSIGN(const bool committed, WasCommitted());
    if (!committed) return Error{ErrorKind::kTransient, done.error().message};
  }
  ++commits_;
  return {};
}

/// The row's lock is held by the transaction in doubt for as long as that goes on.
Result<bool> Link::WasCommitted() {
  Error last{ErrorKind::kCommitUnknown, "the server did not say whether the last commit took place"};
  for (const Millis pause : kPauses) {
    ports_.sleep(pause);
    Status asked = Connect();
    if (asked) {
      const auto begun = session_->Run("BEGIN", "Beginning a transaction");
      if (!begun) asked = begun.error();
    }
    if (!asked) {
      last.message = asked.error().message;
      continue;
    }
    const auto found = checkpoints_.Lock(&*session_);
    session_->RollBack();
    if (!found) continue;
    if (*found && (*found)->writer == writer_) return (*found)->commits == commits_ + 1;
    return Error{ErrorKind::kConflict, fmt::format("another run writes what {} has in {}", settings_.pipeline,
                                                   checkpoints_.name())};
  }
  return last;
}

Status Link::Retrying(const std::function<Status()>& what) {
  for (const Millis pause : kPauses) {
    Status done = EnsureConnected();
    if (done) done = what();
    if (done || done.error().kind != ErrorKind::kTransient) return done;
    ports_.log.Warn("{}; retrying", Describe(done.error()));
    ports_.sleep(pause);
  }
  CDC_TRY(EnsureConnected());
  return what();
}

Error Link::HintFor(Error error) const {
  const std::string table = postgres::QuoteName(settings_.schema) + "." + postgres::QuoteName(settings_.target);
  const bool by_server = session_ && !session_->sqlstate().empty();
  if (error.kind == ErrorKind::kConflict && by_server) {
    error.kind = ErrorKind::kUnsupported;
    error.hint = fmt::format("drop the unique constraint of {} that the source does not have, then `cdc trigger {}`",
                             table, settings_.table);
  } else if (error.kind == ErrorKind::kNotFound) {
    error.kind = ErrorKind::kUnsupported;
    error.hint = fmt::format("somebody dropped it: put it back, then `cdc trigger {0}`; or `cdc reset {0} --yes`",
                             settings_.table);
  } else if (error.kind == ErrorKind::kUnsupported && error.hint.empty()) {
    error.hint = fmt::format("change the column or constraint of {} that refuses the value, then `cdc trigger {}`",
                             table, settings_.table);
  }
  return error;
}

}  // namespace cdc::postgres_sink
