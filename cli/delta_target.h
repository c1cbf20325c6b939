#pragma once

/// \file cli/delta_target.h
/// A table in a Delta sink: what can be asked of it. Commands that change it are not built yet.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/target_store.h"
#include "lib/lake/lake.h"

namespace cdc::cli {

class DeltaTarget final : public TargetStore {
 public:
  /// \param table written to a Delta sink of `config.sinks` \return as lake::OpenFiles
  static Result<std::unique_ptr<DeltaTarget>> Open(const config::Config& config, const config::Table& table,
                                                   Millis patience);

  std::string name() const override { return root_; }
  /// By the log: rows of live data files less the deleted ones. \return kUnsupported: the log does not say
  /// it.
  Result<std::optional<TargetRows>> Count(Millis timeout) override;
  Result<std::unique_ptr<TargetMoment>> OpenMoment(Millis timeout) override;
  Result<contract::RecordRanges> Replayed() override;
  Result<contract::TopicOffsets> WrittenOffsets() override;
  Result<std::vector<std::string>> PlanReset(bool purge) override;
  Status Clear() override;
  Status GoOnFrom(const SourceTopic& topic, const contract::PartitionOffsets& next) override;

 private:
  DeltaTarget() = default;
  Error NotYet(const std::string& what) const;

  std::string entry_, sink_, root_;
  std::unique_ptr<lake::Files> files_;
};

}  // namespace cdc::cli
