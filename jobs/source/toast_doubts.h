#pragma once

/// \file jobs/source/toast_doubts.h
/// Nulls that may stand for unchanged TOAST values: Debezium sends null for those of types that it has no
/// placeholder for, unless whole old rows are sent (REPLICA IDENTITY FULL).

#include <string>
#include <string_view>
#include <vector>

#include "jobs/source/words.h"
#include "lib/event/envelope.h"
#include "lib/event/source_column.h"

namespace cdc::source {

/// The columns of one table that such nulls come in. Not thread-safe.
class ToastDoubts {
 public:
  /// \param columns of the present event shape \param table its schema
  void Learn(const std::vector<event::SourceColumn>& columns, const rows::Schema& table);

  /// What is in doubt of a row that was just decoded. \param moved it is the second half of a key change
  std::vector<Doubt> In(const rows::Batch& batch, uint32_t row, const event::Envelope& envelope, bool moved) {
    if (columns_.empty()) return {};
    return Find(batch, row, envelope, moved);
  }

  /// The first half of a key change tells whether old rows are whole: the second does not carry one.
  void NoteRemoval(std::string_view before);

 private:
  struct Column {
    std::string name;
    Doubt doubt;
    bool empty_for_null;
  };

  std::vector<Doubt> Find(const rows::Batch& batch, uint32_t row, const event::Envelope& envelope,
                          bool moved);

  std::vector<Column> columns_;
  bool whole_old_rows_ = false;
};

/// Names of the columns among `columns` whose unchanged TOAST values come as null for certain, as "a, b".
///
/// \param known null, or a schema that has some of them already: those are left out
std::string NamesOfUnmarked(const std::vector<event::SourceColumn>& columns, const rows::Schema* known);

/// Why a row could not be completed, for its dead letter.
std::string ReasonOf(const Refusal& refusal, const rows::Schema& schema);

}  // namespace cdc::source
