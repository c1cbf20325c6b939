#pragma once

/// \file cli/row_moments.h
/// Pairs of moments of one table and its source, the table's being the later one.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "cli/table_reading.h"
#include "lib/core/result.h"
#include "lib/kafka/consumer.h"
#include "lib/verify/postgres_moment.h"
#include "lib/verify/row_proof.h"

namespace cdc::cli {

/// Not thread-safe. Its parts outlive it; the sides that it gives out end with the next Open().
class RowMoments {
 public:
  struct Ports {
    TableReading* reading = nullptr;
    kafka::Consumer* consumer = nullptr;
    std::string slot = {};  ///< Debezium's; empty: every one in use
    std::function<bool(std::chrono::steady_clock::time_point begun)> is_late;  ///< for one look
    std::function<void(Millis)> sleep;
  };

  /// Low and end of each partition; empty: unknown, or no topic yet.
  using Ends = std::map<std::string, std::map<int32_t, std::pair<int64_t, int64_t>>>;

  RowMoments(const config::Config& config, Millis count_timeout, Ports ports);

  /// \param wait for the table to have what the source has, as long as there is time
  /// \return nothing: there is no such table at the source, or no copy of it: source_there(), target_there().
  Result<std::optional<verify::Pair>> Open(bool wait);

  bool source_there() const { return source_ != nullptr; }
  bool target_there() const { return target_ != nullptr; }
  /// Not without a source.
  Result<bool> SourceHasRows();
  /// What is compared; decided by the first Open().
  const verify::Plan& plan() const { return plan_; }
  const std::string& lsn() const { return lsn_; }       ///< of the source, at the last Open()
  const std::string& target_at() const { return at_; }  ///< of the table
  std::optional<int64_t> lag() const { return lag_; }   ///< records that the table did not have then

 private:
  Status OpenSource();
  /// Whether all that the source's moment has is in Kafka. Unknown: nothing tells, and nothing moves.
  enum class Sent { kAll, kNotAll, kUnknown };
  Result<Sent> AwaitSent(bool wait);
  Ends FindEnds() const;
  Status OpenTarget(bool wait, const Ends& ends);
  void MakePlan();

  const config::Config& config_;
  Millis count_timeout_;
  Ports ports_;
  verify::Hashing hashing_;
  bool planned_ = false;
  verify::Plan plan_;
  std::unique_ptr<verify::PostgresMoment> source_;
  std::unique_ptr<TargetMoment> target_;
  std::string lsn_, at_;
  std::optional<int64_t> lag_;
  std::optional<Ends> ends_;                     // of the look before
  std::chrono::steady_clock::time_point begun_;  // of the present look
};

}  // namespace cdc::cli
