#pragma once

/// \file tests/unit/run_loop/counting_sink.h
/// The smallest sink: counts what becomes of keys, and keeps the counts and the checkpoint in one file.
/// docs/adding-a-sink.md explains it.

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "jobs/worker/sink.h"

namespace cdc::worker {

/// Upserts are counted as such: without the rows it cannot tell a new key from one that was there.
class CountingSink final : public Sink {
 public:
  /// \param file made with the first commit
  CountingSink(std::filesystem::path file, std::string topic)
      : file_(std::move(file)), topic_(std::move(topic)) {
    std::ifstream in(file_);
    if (!in) return;
    counts_ = nlohmann::json::parse(in);
    opened_.checkpoint.emplace();
    opened_.checkpoint->offsets[topic_] =
        *contract::DecodePartitionOffsets(counts_["offsets"].get<std::string>());
  }

  Opened opened() const override { return opened_; }

  Result<Shape> Follow(const ShapeChange& change) override {
    if (const auto* made = std::get_if<NewTable>(&change)) {
      opened_.shape.schema = std::make_shared<const rows::Schema>(made->schema);
      opened_.shape.key = made->key;
    } else if (const auto* evolution = std::get_if<Evolution>(&change)) {
      const rows::Schema& before = *opened_.shape.schema;
      CDC_ASSIGN(rows::Schema after, rows::Evolve(before, before.max_field_id(), evolution->changes));
      opened_.shape.schema = std::make_shared<const rows::Schema>(std::move(after));
    }
    return opened_.shape;
  }

  Result<Committed> Commit(const Batch& batch) override {
    nlohmann::json counts = counts_;
    for (const Slot& slot : batch.fold.slots()) {
      const char* what = slot.state == Slot::State::kLive ? "upserts" : "deletes";
      counts[what] = counts.value(what, 0) + 1;
    }
    counts["offsets"] = contract::EncodeOffsets(batch.checkpoint.offsets.at(topic_));
    const std::filesystem::path next = file_.string() + ".next";
    std::ofstream(next) << counts;
    std::filesystem::rename(next, file_);  // both or neither
    counts_ = std::move(counts);
    return Committed{};
  }

 private:
  std::filesystem::path file_;
  std::string topic_;
  nlohmann::json counts_ = nlohmann::json::object();
  Opened opened_;
};

}  // namespace cdc::worker
