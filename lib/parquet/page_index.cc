#include "lib/parquet/page_index_internal.h"

#include <algorithm>

#include "lib/parquet/thrift_writer_internal.h"

// Numbers of thrift fields and enumerations are those of the Parquet format's parquet.thrift.
namespace cdc::parquet {
namespace {

bool OnlyNulls(const DataPage& page) { return page.nulls == page.values; }

bool HasBounds(const ColumnChunk& chunk) {
  return std::all_of(chunk.data_pages.begin(), chunk.data_pages.end(), [](const DataPage& page) {
    return OnlyNulls(page) || (page.encoding == Encoding::kPlain && page.bounds.least && page.bounds.most);
  });
}

void EncodeColumnIndex(ColumnChunk* chunk) {
  const std::vector<DataPage>& pages = chunk->data_pages;
  ThriftWriter index(&chunk->column_index);
  index.List(1, ThriftWriter::Type::kBoolean, pages.size());
  for (const DataPage& page : pages) index.Element(OnlyNulls(page));
  const auto bounds = [&](int16_t id, auto of) {
    index.List(id, ThriftWriter::Type::kBinary, pages.size());
    for (const DataPage& page : pages) index.Element(std::string_view((page.bounds.*of).value_or("")));
  };
  bounds(2, &LeastAndMost::least);
  bounds(3, &LeastAndMost::most);
  index.Int32(4, 0);  // pages in no order
  index.List(5, ThriftWriter::Type::kInt64, pages.size());
  for (const DataPage& page : pages) index.Element(page.nulls);
  index.Stop();
}

void EncodeOffsetIndex(ColumnChunk* chunk) {
  int64_t at = chunk->data_at, row = 0;
  ThriftWriter index(&chunk->offset_index);
  index.List(1, ThriftWriter::Type::kStruct, chunk->data_pages.size());
  for (const DataPage& page : chunk->data_pages) {
    index.StructElement();
    index.Int64(1, at);
    index.Int32(2, static_cast<int32_t>(page.size));
    index.Int64(3, row);
    index.EndStruct();
    at += page.size;
    row += page.rows;
  }
  index.Stop();
}

}  // namespace

void EncodePageIndex(const rows::Schema& schema, RowGroup* group) {
  const bool useful = std::any_of(group->chunks.begin(), group->chunks.end(),
                                  [](const ColumnChunk& chunk) { return chunk.data_pages.size() > 1; });
  for (size_t i = 0; i < group->chunks.size(); ++i) {
    ColumnChunk& chunk = group->chunks[i];
    if (useful) {
      const bool list = schema.fields[i].type.kind == rows::TypeKind::kList;
      if (!list && HasBounds(chunk)) EncodeColumnIndex(&chunk);
      EncodeOffsetIndex(&chunk);
    }
    chunk.data_pages = {};
  }
}

}  // namespace cdc::parquet
