#pragma once

/// \file lib/expression/program.h
/// A compiled expression, and running it over rows. Step three of three.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/expression/context.h"
#include "lib/rows/batch.h"

namespace cdc::expression {

/// A row whose value cannot be computed.
struct RowError {
  uint32_t row = 0;    ///< in the batch
  std::string reason;  ///< as PostgreSQL words it: "division by zero"
};

struct Code;

/// A flat list of operations on scratch columns. Owns its scratch memory: one thread at a time. Values are
/// UTF-8 texts with the rules of the collation C.UTF-8 (PostgreSQL's libc provider): compared by code point,
/// upper and lower case one code point at a time. The time zone is UTC.
class Program {
 public:
  explicit Program(std::unique_ptr<Code> code);
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;
  ~Program();

  const rows::Type& type() const;
  bool nullable() const;
  /// Positions in the schema of the columns that the result depends on, ascending.
  const std::vector<int>& columns() const;
  const ContextFunctions& context_functions() const;
  bool constant() const;

  /// Appends one cell for each of the rows [begin, end) of `in`.
  ///
  /// A cell is unavailable where the result depends on a cell that the source did not send; where it does
  /// not (`coalesce(known, unsent)`, `false and unsent`, a null beside it in an operator), it is known.
  /// \param in of the schema that the program was compiled for
  /// \param out of type type()
  /// \param errors appended to, in row order; the cell of such a row is null
  void Run(const rows::Batch& in, uint32_t begin, uint32_t end, const Context& context, rows::Column* out,
           std::vector<RowError>* errors);

 private:
  std::unique_ptr<Code> code_;
};

}  // namespace cdc::expression
