#include "lib/change/row_identity.h"

#include <algorithm>
#include <cstring>

namespace cdc::change {

RowIdentity::RowIdentity(const KeySecret& secret, const rows::Schema& schema,
                         const std::vector<std::string>& except, int until)
    : secret_(secret), first_added_(0) {
  // By field id, so that what was added later comes last wherever it stands.
  std::vector<std::pair<int, int>> counted;
  for (size_t at = 0; at < schema.fields.size(); ++at) {
    const rows::Field& field = schema.fields[at];
    if (std::find(except.begin(), except.end(), field.name) == except.end())
      counted.emplace_back(field.id, static_cast<int>(at));
  }
  std::sort(counted.begin(), counted.end());
  for (const auto& [id, at] : counted) {
    columns_.push_back(at);
    ids_.push_back(id);
    first_added_ += id <= until ? 1 : 0;
  }
}

Hash128 RowIdentity::ContentOf(const rows::Batch& batch, uint32_t row, size_t columns) {
  scratch_.clear();
  for (size_t i = 0; i < columns; ++i) {
    const rows::Column& column = batch.column(static_cast<size_t>(columns_[i]));
    if (!column.has_value(row)) continue;
    const auto* id = reinterpret_cast<const char*>(&ids_[i]);
    scratch_.insert(scratch_.end(), id, id + sizeof ids_[i]);
    rows::AppendCanonical(column, row, &scratch_);
  }
  return KeyedHash(secret_, {scratch_.data(), scratch_.size()});
}

std::vector<Hash128> RowIdentity::EarlierContentsOf(const rows::Batch& batch, uint32_t row) {
  std::vector<Hash128> contents;
  for (size_t columns = columns_.size(); columns > first_added_; --columns) {
    if (batch.column(static_cast<size_t>(columns_[columns - 1])).has_value(row))
      contents.push_back(ContentOf(batch, row, columns - 1));
  }
  return contents;
}

Hash128 RowIdentity::KeyOf(const Hash128& content, uint32_t number) const {
  if (number == 0) return content;
  char bytes[sizeof content.low + sizeof content.high + sizeof number];
  std::memcpy(bytes, &content.low, 8);
  std::memcpy(bytes + 8, &content.high, 8);
  std::memcpy(bytes + 16, &number, 4);
  return KeyedHash(secret_, {bytes, sizeof bytes});
}

Result<uint32_t> RowIdentity::Count(const std::function<Result<bool>(const Hash128& key)>& has,
                                    const Hash128& content) const {
  uint32_t some = 0, none = 1;  // there are `some` at least, and fewer than `none` where that is not there
  while (true) {
    CDC_ASSIGN(const bool there, has(KeyOf(content, none - 1)));
    if (!there) break;
    some = none;
    none *= 2;
  }
  while (some + 1 < none) {
    const uint32_t middle = some + (none - some) / 2;
    CDC_ASSIGN(const bool there, has(KeyOf(content, middle - 1)));
    (there ? some : none) = middle;
  }
  return some;
}

}  // namespace cdc::change
