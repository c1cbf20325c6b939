#pragma once

/// \file cli/verify_rows.h
/// cdc verify --rows: each row of source and target, table by table. How: docs/decisions/0021.

#include <memory>
#include <string>
#include <vector>

#include "cli/row_verdict.h"
#include "lib/config/config.h"
#include "lib/core/clock.h"
#include "lib/core/result.h"
#include "lib/verify/row_proof.h"

namespace cdc::cli {

struct RowsOptions {
  bool json = false;
  Millis timeout{10'000};         ///< to look again at rows that differ
  Millis count_timeout{300'000};  ///< of one statement
  std::string slot = {};          ///< Debezium's; empty: every one in use must confirm
  size_t limit = 20;              ///< rows shown of each table
};

/// What is known of one table in the end.
struct RowsCheck {
  std::string table;
  Verdict verdict = Verdict::kUnknown;
  std::string why = {};  ///< of a table whose rows are not compared
  verify::Plan plan = {};
  verify::Proof proof = {};
  std::optional<int64_t> lag = {};
  std::string lsn = {}, target_at = {};
  std::optional<Error> error = {};
};

Verdict VerdictOf(const verify::Proof& proof);

/// For people: the rows that differ, what was not compared.
std::string RowsText(const RowsCheck& check);
/// An object of the list that --json prints.
std::string RowsJson(const RowsCheck& check);

/// \return an exit code, as `cdc verify` has them; the result is printed.
Result<int> VerifyRows(const std::shared_ptr<const config::Config>& config,
                       const std::vector<std::string>& tables, const RowsOptions& options);

}  // namespace cdc::cli
