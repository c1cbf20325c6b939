#include "lib/parquet/footer_internal.h"

#include <algorithm>

#include "lib/core/decimal.h"
#include "lib/parquet/thrift_writer_internal.h"

// Numbers of thrift fields and enumerations are those of the Parquet format's parquet.thrift.
namespace cdc::parquet {
namespace {

using rows::TypeKind;

constexpr std::string_view kCreatedBy = "cdc version " CDC_VERSION;
constexpr int32_t kRequired = 0, kOptional = 1, kRepeated = 2;

/// ConvertedType, for readers of before LogicalType; -1: none.
int32_t ConvertedType(TypeKind kind) {
  switch (kind) {
    case TypeKind::kString: return 0;
    case TypeKind::kList: return 3;
    case TypeKind::kDecimal: return 5;
    case TypeKind::kDate: return 6;
    case TypeKind::kTimestamptz: return 10;
    default: return -1;  // also times and timestamps of no zone: the old words mean UTC
  }
}

void AppendTimeType(int16_t id, bool utc, ThriftWriter* footer) {
  footer->Struct(id);
  utc ? footer->True(1) : footer->False(1);
  footer->Struct(2);
  footer->Struct(2);  // microseconds
  footer->EndStruct();
  footer->EndStruct();
  footer->EndStruct();
}

void AppendEmptyType(int16_t id, ThriftWriter* footer) {
  footer->Struct(id);
  footer->EndStruct();
}

bool HasLogicalType(TypeKind kind) {
  switch (kind) {
    case TypeKind::kString:
    case TypeKind::kList:
    case TypeKind::kDecimal:
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
    case TypeKind::kUuid: return true;
    default: return false;
  }
}

void AppendLogicalType(const rows::Type& type, ThriftWriter* footer) {
  if (!HasLogicalType(type.kind)) return;
  footer->Struct(10);
  switch (type.kind) {
    case TypeKind::kString: AppendEmptyType(1, footer); break;
    case TypeKind::kList: AppendEmptyType(3, footer); break;
    case TypeKind::kDecimal:
      footer->Struct(5);
      footer->Int32(1, type.scale);
      footer->Int32(2, type.precision);
      footer->EndStruct();
      break;
    case TypeKind::kDate: AppendEmptyType(6, footer); break;
    case TypeKind::kTime: AppendTimeType(7, false, footer); break;
    case TypeKind::kTimestamp: AppendTimeType(8, false, footer); break;
    case TypeKind::kTimestamptz: AppendTimeType(8, true, footer); break;
    default: AppendEmptyType(14, footer); break;  // kUuid
  }
  footer->EndStruct();
}

void AppendConvertedType(TypeKind kind, ThriftWriter* footer) {
  if (const int32_t converted = ConvertedType(kind); converted >= 0) footer->Int32(6, converted);
}

void AppendLeaf(std::string_view name, int32_t repetition, const rows::Type& type, int id,
                ThriftWriter* footer) {
  const Leaf leaf = LeafOf(type);
  footer->StructElement();
  footer->Enum(1, leaf.physical);
  if (leaf.length > 0) footer->Int32(2, leaf.length);
  footer->Int32(3, repetition);
  footer->Binary(4, name);
  AppendConvertedType(type.kind, footer);
  if (type.kind == TypeKind::kDecimal) {
    footer->Int32(7, type.scale);
    footer->Int32(8, type.precision);
  }
  footer->Int32(9, id);
  AppendLogicalType(type, footer);
  footer->EndStruct();
}

/// A list is three levels deep: the column, a repeated "list", an optional "element".
void AppendList(const rows::Field& field, int32_t repetition, ThriftWriter* footer) {
  footer->StructElement();
  footer->Int32(3, repetition);
  footer->Binary(4, field.name);
  footer->Int32(5, 1);
  AppendConvertedType(TypeKind::kList, footer);
  footer->Int32(9, field.id);
  AppendLogicalType(field.type, footer);
  footer->EndStruct();
  footer->StructElement();
  footer->Int32(3, kRepeated);
  footer->Binary(4, "list");
  footer->Int32(5, 1);
  footer->EndStruct();
  AppendLeaf("element", kOptional, field.type.element_type(), field.element_id, footer);
}

void AppendSchema(const rows::Schema& schema, ThriftWriter* footer) {
  size_t elements = 1;
  for (const rows::Field& field : schema.fields) elements += field.type.kind == TypeKind::kList ? 3 : 1;
  footer->List(2, ThriftWriter::Type::kStruct, elements);
  footer->StructElement();
  footer->Int32(3, kRequired);
  footer->Binary(4, "table");
  footer->Int32(5, static_cast<int32_t>(schema.fields.size()));
  footer->EndStruct();
  for (const rows::Field& field : schema.fields) {
    const int32_t repetition = field.required ? kRequired : kOptional;
    if (field.type.kind == TypeKind::kList) {
      AppendList(field, repetition, footer);
    } else {
      AppendLeaf(field.name, repetition, field.type, field.id, footer);
    }
  }
}

void AppendEncodings(const ColumnChunk& chunk, ThriftWriter* footer) {
  bool used[16] = {};
  used[static_cast<size_t>(Encoding::kRle)] = true;  // levels, if there are any
  for (const PageCount& each : chunk.pages) used[static_cast<size_t>(each.encoding)] = true;
  footer->List(2, ThriftWriter::Type::kInt32, static_cast<size_t>(std::count(used, used + 16, true)));
  for (int32_t encoding = 0; encoding < 16; ++encoding) {
    if (used[encoding]) footer->Element(encoding);
  }
}

void AppendStatistics(const ColumnChunk& chunk, ThriftWriter* footer) {
  footer->Struct(12);
  footer->Int64(3, chunk.nulls);
  if (chunk.bounds.most) footer->Binary(5, *chunk.bounds.most);
  if (chunk.bounds.least) footer->Binary(6, *chunk.bounds.least);
  if (chunk.bounds.most) footer->True(7);
  if (chunk.bounds.least) footer->True(8);
  footer->EndStruct();
}

void AppendChunk(const rows::Field& field, const ColumnChunk& chunk, ThriftWriter* footer) {
  const bool list = field.type.kind == TypeKind::kList;
  footer->StructElement();
  footer->Int64(2, 0);  // the metadata is here and nowhere else
  footer->Struct(3);
  footer->Enum(1, LeafOf(list ? field.type.element_type() : field.type).physical);
  AppendEncodings(chunk, footer);
  footer->List(3, ThriftWriter::Type::kBinary, list ? 3 : 1);
  footer->Element(std::string_view(field.name));
  if (list) {
    footer->Element(std::string_view("list"));
    footer->Element(std::string_view("element"));
  }
  footer->Enum(4, chunk.codec);
  footer->Int64(5, chunk.values);
  footer->Int64(6, chunk.plain_bytes);
  footer->Int64(7, chunk.bytes);
  footer->Int64(9, chunk.data_at);
  if (chunk.dictionary_at) footer->Int64(11, *chunk.dictionary_at);
  AppendStatistics(chunk, footer);
  footer->List(13, ThriftWriter::Type::kStruct, chunk.pages.size());
  for (const PageCount& each : chunk.pages) {
    footer->StructElement();
    footer->Enum(1, each.kind);
    footer->Enum(2, each.encoding);
    footer->Int32(3, each.count);
    footer->EndStruct();
  }
  footer->EndStruct();
  if (!chunk.offset_index.empty()) {
    footer->Int64(4, chunk.offset_index_at);
    footer->Int32(5, static_cast<int32_t>(chunk.offset_index.size()));
  }
  if (!chunk.column_index.empty()) {
    footer->Int64(6, chunk.column_index_at);
    footer->Int32(7, static_cast<int32_t>(chunk.column_index.size()));
  }
  footer->EndStruct();
}

void AppendGroup(const rows::Schema& schema, const RowGroup& group, ThriftWriter* footer) {
  int64_t plain_bytes = 0, bytes = 0;
  footer->StructElement();
  footer->List(1, ThriftWriter::Type::kStruct, group.chunks.size());
  for (size_t i = 0; i < group.chunks.size(); ++i) {
    AppendChunk(schema.fields[i], group.chunks[i], footer);
    plain_bytes += group.chunks[i].plain_bytes;
    bytes += group.chunks[i].bytes;
  }
  footer->Int64(2, plain_bytes);
  footer->Int64(3, group.rows);
  if (!group.chunks.empty()) footer->Int64(5, group.chunks.front().begin());
  footer->Int64(6, bytes);
  footer->EndStruct();
}

}  // namespace

void ColumnChunk::Count(PageKind kind, Encoding encoding, size_t plain_size, size_t size) {
  plain_bytes += static_cast<int64_t>(plain_size);
  bytes += static_cast<int64_t>(size);
  for (PageCount& each : pages) {
    if (each.kind != kind || each.encoding != encoding) continue;
    ++each.count;
    return;
  }
  // A dictionary is written when its data pages are known, and stands before them.
  pages.insert(kind == PageKind::kDictionary ? pages.begin() : pages.end(), {kind, encoding, 1});
}

int DecimalBytes(int precision) {
  // 10^precision − 1 needs this many bits beside the sign.
  UInt128 largest = 1;
  for (int i = 0; i < precision; ++i) largest *= 10;
  int bytes = 1;
  for (UInt128 limit = 128; limit < largest && bytes < 16; limit <<= 8) ++bytes;
  return bytes;
}

Leaf LeafOf(const rows::Type& type) {
  switch (type.kind) {
    case TypeKind::kBoolean: return {Physical::kBoolean, 0};
    case TypeKind::kInt:
    case TypeKind::kDate: return {Physical::kInt32, 0};
    case TypeKind::kLong:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz: return {Physical::kInt64, 0};
    case TypeKind::kFloat: return {Physical::kFloat, 0};
    case TypeKind::kDouble: return {Physical::kDouble, 0};
    case TypeKind::kDecimal:
      if (type.precision <= 9) return {Physical::kInt32, 0};
      if (type.precision <= 18) return {Physical::kInt64, 0};
      return {Physical::kFixedBytes, DecimalBytes(type.precision)};
    case TypeKind::kUuid: return {Physical::kFixedBytes, 16};
    default: return {Physical::kByteArray, 0};
  }
}

Status CheckSchema(const rows::Schema& schema) {
  for (const rows::Field& field : schema.fields) {
    const bool list = field.type.kind == TypeKind::kList;
    if (field.id <= 0 || (list && field.element_id <= 0)) {
      return Error{ErrorKind::kUnsupported,
                   "cannot write column " + field.name + ": it has no Iceberg field id"};
    }
    const rows::Type leaf = list ? field.type.element_type() : field.type;
    if (leaf.kind == TypeKind::kDecimal && (leaf.precision < 1 || leaf.precision > kMaxDecimalPrecision)) {
      return Error{ErrorKind::kUnsupported, "cannot write column " + field.name + " of type " +
                                                ToString(leaf) + ": a decimal has 1 to 38 digits"};
    }
  }
  return {};
}

void AppendFooter(const rows::Schema& schema, std::span<const RowGroup> groups, int64_t rows,
                  std::string* out) {
  const size_t begin = out->size();
  ThriftWriter footer(out);
  footer.Int32(1, 2);
  AppendSchema(schema, &footer);
  footer.Int64(3, rows);
  footer.List(4, ThriftWriter::Type::kStruct, groups.size());
  for (const RowGroup& group : groups) AppendGroup(schema, group, &footer);
  footer.Binary(6, kCreatedBy);
  footer.List(7, ThriftWriter::Type::kStruct, schema.fields.size());
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    footer.StructElement();
    footer.Struct(1);  // the order of the column's type
    footer.EndStruct();
    footer.EndStruct();
  }
  footer.Stop();
  const auto size = static_cast<uint32_t>(out->size() - begin);
  out->append(reinterpret_cast<const char*>(&size), sizeof size);
  out->append(kMagic);
}

}  // namespace cdc::parquet
