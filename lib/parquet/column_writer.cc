#include "lib/parquet/column_writer_internal.h"

#include <utility>

namespace cdc::parquet {
namespace {

using rows::Cell;
using rows::TypeKind;

/// Slots of lists that are encoded at once, but for a longer list.
constexpr size_t kPieceSlots = 2048;

bool AllValues(const uint8_t* cells, size_t count) {
  uint8_t other = 0;
  for (size_t i = 0; i < count; ++i)
    other = static_cast<uint8_t>(other | (cells[i] ^ static_cast<uint8_t>(Cell::kValue)));
  return other == 0;
}

void AppendLevels(RunEncoder<uint8_t>* levels, int width, std::string* out) {
  const std::string_view encoded = levels->Finish();
  const auto size = static_cast<uint32_t>(encoded.size());
  out->append(reinterpret_cast<const char*>(&size), sizeof size);
  out->append(encoded);
  levels->Reset(width);
}

/// A list's elements have levels up to 3, or 2 in a required column.
int DefinitionWidth(const rows::Field& field) { return field.type.kind == TypeKind::kList ? 2 : 1; }

}  // namespace

ColumnWriter::ColumnWriter(const rows::Field& field, const ColumnLimits& limits, WritingTools* tools)
    : field_(field),
      list_(field.type.kind == TypeKind::kList),
      page_limit_(limits.page_bytes),
      tools_(*tools),
      values_(ValueEncoder::Make(list_ ? field.type.element_type() : field.type, limits)),
      definition_(DefinitionWidth(field)),
      repetition_(1) {
  BeginWith(true);
}

void ColumnWriter::BeginWith(bool dictionary) {
  dictionary_ = dictionary && (list_ ? field_.type.element : field_.type.kind) != TypeKind::kBoolean;
  values_->BeginChunk(dictionary_);
}

Status ColumnWriter::Write(const rows::Column& column, const ValueEncoder::Rows& rows) {
  return list_ ? WriteLists(column, rows.numbers) : WriteCells(column, rows);
}

Status ColumnWriter::WriteCells(const rows::Column& column, const ValueEncoder::Rows& rows) {
  const size_t count = rows.numbers.size();
  const uint8_t* cells = column.cells().data() + rows.numbers.front();
  if (!rows.consecutive) {
    tools_.cells.resize(count);
    for (size_t i = 0; i < count; ++i) tools_.cells[i] = column.cells()[rows.numbers[i]];
    cells = tools_.cells.data();
  }
  page_slots_ += count;
  page_rows_ += static_cast<int64_t>(count);
  if (AllValues(cells, count)) {
    if (!field_.required) definition_.AppendRun(1, count);
    return AppendValues(column, rows);
  }
  tools_.present.resize(count);
  size_t present = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto cell = static_cast<Cell>(cells[i]);
    if (cell == Cell::kUnavailable || (cell == Cell::kNull && field_.required)) return Absent(cell);
    tools_.present[present] = rows.numbers[i];
    present += cell == Cell::kValue;
  }
  definition_.Append(cells, count);  // a cell that is a null or a value is its own level
  page_nulls_ += static_cast<int64_t>(count - present);
  return AppendValues(column, {std::span(tools_.present).first(present), false});
}

Status ColumnWriter::WriteLists(const rows::Column& column, std::span<const uint32_t> rows) {
  for (const uint32_t row : rows) {
    CDC_TRY(AddList(column, row));
    ++piece_rows_;
    if (tools_.definition.size() >= kPieceSlots) {
      CDC_TRY(EndPiece(column.element()));
    }
  }
  return EndPiece(column.element());
}

Status ColumnWriter::AddList(const rows::Column& column, uint32_t row) {
  const Cell cell = column.cell(row);
  if (cell == Cell::kUnavailable || (cell == Cell::kNull && field_.required)) return Absent(cell);
  const uint8_t empty = field_.required ? 0 : 1;
  const uint32_t begin = column.list_begin(row), end = column.list_end(row);
  if (begin == end) {
    tools_.repetition.push_back(0);
    tools_.definition.push_back(cell == Cell::kNull ? 0 : empty);
  }
  for (uint32_t i = begin; i < end; ++i) {
    const Cell element = column.element().cell(i);
    if (element == Cell::kUnavailable) return Absent(element);
    tools_.repetition.push_back(i > begin);
    tools_.definition.push_back(static_cast<uint8_t>(empty + (element == Cell::kValue ? 2 : 1)));
    if (element == Cell::kValue) tools_.elements.push_back(i);
  }
  return {};
}

/// Encodes what AddList() collected. Pages end between rows.
Status ColumnWriter::EndPiece(const rows::Column& elements) {
  const size_t slots = tools_.definition.size();
  if (values_->in_dictionary() && tools_.elements.size() > ValueEncoder::kMostAtOnce) {
    CDC_TRY(KeepPage());
    values_->LeaveDictionary();
  }
  page_slots_ += slots;
  page_rows_ += std::exchange(piece_rows_, 0);
  page_nulls_ += static_cast<int64_t>(slots - tools_.elements.size());
  definition_.Append(tools_.definition.data(), slots);
  repetition_.Append(tools_.repetition.data(), slots);
  const Status appended = AppendValues(elements, {tools_.elements, false});
  tools_.definition.clear();
  tools_.repetition.clear();
  tools_.elements.clear();
  return appended;
}

Status ColumnWriter::AppendValues(const rows::Column& values, const ValueEncoder::Rows& rows) {
  values_->Append(values, rows);
  if (values_->dictionary_full()) {
    CDC_TRY(KeepPage());
    values_->LeaveDictionary();
    return {};
  }
  const size_t levels = definition_.bytes() + repetition_.bytes();
  if (values_->page_full() || levels >= page_limit_) return KeepPage();
  return {};
}

const std::string& ColumnWriter::TakeLevels() {
  tools_.levels.clear();
  if (list_) AppendLevels(&repetition_, 1, &tools_.levels);
  if (list_ || !field_.required) AppendLevels(&definition_, DefinitionWidth(field_), &tools_.levels);
  return tools_.levels;
}

/// The open page, which is then another one.
Result<PageBytes> ColumnWriter::TakePage() {
  const Encoding encoding = values_->encoding();
  DataPage facts{0, page_rows_, static_cast<int64_t>(page_slots_), page_nulls_, encoding, {}};
  const std::string_view body = values_->TakePage(TakeLevels(), &tools_.scratch, &facts.bounds);
  CDC_ASSIGN(const PageBytes page, tools_.compressor.Compress(PageKind::kData, page_slots_, encoding, body));
  values_->Trim();
  chunk_.Count(PageKind::kData, encoding, page.header.size() + body.size(), page.size());
  chunk_.values += static_cast<int64_t>(page_slots_);
  chunk_.nulls += page_nulls_;
  facts.size = static_cast<int64_t>(page.size());
  chunk_.data_pages.push_back(std::move(facts));
  page_slots_ = 0;
  page_rows_ = page_nulls_ = 0;
  return page;
}

Status ColumnWriter::KeepPage() {
  if (page_slots_ == 0) return {};
  CDC_ASSIGN(const PageBytes page, TakePage());
  waiting_.Add(page);
  return {};
}

int64_t ColumnWriter::open_bytes() const {
  const size_t levels = field_.required && !list_ ? 0 : definition_.bytes() + repetition_.bytes();
  return waiting_.bytes() +
         static_cast<int64_t>(values_->page_bytes() + values_->dictionary_bytes() + levels);
}

Result<ColumnChunk> ColumnWriter::EndGroup(FileEnd* file) {
  const auto write = [&](const PageBytes& page) -> Status {
    CDC_TRY(file->Write(page.header));
    return file->Write(page.body);
  };
  if (const size_t entries = values_->dictionary_entries(); entries > 0) {
    const std::string_view body = values_->DictionaryPage(&tools_.scratch);
    CDC_ASSIGN(const PageBytes page,
               tools_.compressor.Compress(PageKind::kDictionary, entries, Encoding::kPlain, body));
    chunk_.dictionary_at = file->position();
    chunk_.Count(PageKind::kDictionary, Encoding::kPlain, page.header.size() + body.size(), page.size());
    CDC_TRY(write(page));
  }
  chunk_.data_at = file->position();
  CDC_TRY(waiting_.WriteTo(file));
  if (page_slots_ > 0) {
    CDC_ASSIGN(const PageBytes page, TakePage());
    CDC_TRY(write(page));
  }
  chunk_.bounds = values_->EndChunk();
  values_->BeginChunk(dictionary_);
  slots_ += chunk_.values;
  nulls_ += chunk_.nulls;
  return std::exchange(chunk_, {});
}

void ColumnWriter::AddMetrics(iceberg::DataFile* file) const {
  const int id = metrics_id();
  file->value_counts[id] = slots_;
  file->null_value_counts[id] = nulls_;
  // An engine may take an element's bound for the list's.
  values_->AddMetrics(id, !list_, file);
}

Error ColumnWriter::Absent(Cell cell) const {
  if (cell == Cell::kNull) {
    return Error{ErrorKind::kBadValue, "cannot write a null into required column " + field_.name};
  }
  return Error{ErrorKind::kBadValue, "cannot write column " + field_.name +
                                         ": its unchanged value was not looked up in the old row"};
}

}  // namespace cdc::parquet
