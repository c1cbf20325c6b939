#pragma once

/// \file tests/component/worker/changed_table.h
/// A table that a sink fills with random changes, batch by batch, and what it must hold.

#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/component/worker/sink_table.h"
#include "tests/support/result_printing.h"

namespace cdc::worker {

using nlohmann::json;
using Model = std::map<int64_t, int64_t>;  ///< id → version

/// Batch number `n`: always the same changes. Upserts and deletes of random ids, few of them hot.
inline void Apply(int n, Model* model, Fold* fold, const std::function<Hash128(int64_t)>& key = {}) {
  std::mt19937 dice(static_cast<uint32_t>(n));
  const int changes = n == 0 ? 4000 : 200;
  for (int i = 0; i < changes; ++i) {
    const int64_t id = n == 0 ? i : dice() % (dice() % 4 == 0 ? 50 : 5000);
    if (n > 0 && dice() % 5 == 0) {
      model->erase(id);
      if (fold != nullptr) fold->Remove(key(id));
      continue;
    }
    const int64_t version = n * 1000 + i;
    (*model)[id] = version;
    if (fold == nullptr) continue;
    fold->batch().column(0).AppendLong(id);
    fold->batch().column(1).AppendLong(version);
    (void)fold->Upsert(key(id), fold->batch().rows() - 1, false);
  }
}

inline Model ModelAfter(int batches) {
  Model model;
  for (int n = 0; n < batches; ++n) Apply(n, &model, nullptr);
  return model;
}

struct ChangedTable : SinkTable {
  ChangedTable() : SinkTable(LongColumns({"id", "version"})) {}

  static int Committed(const IcebergSink& sink) {
    return sink.marker() ? static_cast<int>(sink.marker()->offsets.at("t").at(0)) : 0;
  }

  /// Batch number `n` with the offset n + 1.
  Result<worker::Committed> Commit(IcebergSink& sink, int n, int64_t expected_records = 0) const {
    Fold fold(sink.shape().schema);
    Model ignored;
    Apply(n, &ignored, &fold, [this](int64_t id) { return KeyOf(id); });
    Marker marker;
    marker.offsets["t"][0] = n + 1;
    return sink.Commit({fold, marker, expected_records});
  }
};

inline Model ById(const json& rows) {
  Model model;
  for (const json& row : rows) {
    if (!model.emplace(row["id"], row["version"]).second) FAIL_CHECK("twice in the table: " << row.dump());
  }
  return model;
}

}  // namespace cdc::worker
