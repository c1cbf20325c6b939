#pragma once

/// \file lib/event/infer.h
/// JSON's own types, for events without a schema whose columns nobody declared.

#include <string_view>
#include <vector>

#include "lib/event/placeholder.h"
#include "lib/event/source_column.h"

namespace cdc::event {

/// Collects the columns of row objects. A column that has been null so far is not known yet: it has no type.
/// Integers become long, other numbers double, texts string; objects are kept as their JSON text. Not
/// thread-safe.
class Inference {
 public:
  /// \param placeholder null: there is none; it must outlive the inference
  explicit Inference(const Placeholder* placeholder = nullptr) : placeholder_(placeholder) {}

  /// Takes note of one row object. Malformed rows are ignored: decoding will report them.
  void Add(std::string_view object);

  /// The columns with a type, in order of first appearance.
  const std::vector<SourceColumn>& columns() const { return columns_; }

 private:
  const Placeholder* placeholder_;
  std::vector<SourceColumn> columns_;
};

}  // namespace cdc::event
