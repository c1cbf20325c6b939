#include "lib/delta/checkpoint.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>

#include <nlohmann/json.hpp>

namespace cdc::delta {
namespace {

using nlohmann::json;

using Type = std::shared_ptr<arrow::DataType>;

Type Texts() { return arrow::map(arrow::utf8(), arrow::utf8()); }

Type VectorType() {
  return arrow::struct_({arrow::field("storageType", arrow::utf8()),
                         arrow::field("pathOrInlineDv", arrow::utf8()),
                         arrow::field("offset", arrow::int32()), arrow::field("sizeInBytes", arrow::int32()),
                         arrow::field("cardinality", arrow::int64())});
}

/// "Checkpoint Schema"; all columns are optional.
std::shared_ptr<arrow::Schema> CheckpointSchema() {
  using arrow::field;
  const Type text = arrow::utf8(), number = arrow::int64(), flag = arrow::boolean(),
             texts = arrow::list(text);
  const Type format = arrow::struct_({field("provider", text), field("options", Texts())});
  return arrow::schema(
      {field("txn",
             arrow::struct_({field("appId", text), field("version", number), field("lastUpdated", number)})),
       field("add", arrow::struct_({field("path", text), field("partitionValues", Texts()),
                                    field("size", number), field("modificationTime", number),
                                    field("dataChange", flag), field("stats", text), field("tags", Texts()),
                                    field("deletionVector", VectorType())})),
       field("remove", arrow::struct_({field("path", text), field("deletionTimestamp", number),
                                       field("dataChange", flag), field("extendedFileMetadata", flag),
                                       field("partitionValues", Texts()), field("size", number),
                                       field("deletionVector", VectorType())})),
       field("metaData", arrow::struct_({field("id", text), field("name", text), field("description", text),
                                         field("format", format), field("schemaString", text),
                                         field("partitionColumns", texts), field("configuration", Texts()),
                                         field("createdTime", number)})),
       field("protocol", arrow::struct_({field("minReaderVersion", arrow::int32()),
                                         field("minWriterVersion", arrow::int32()),
                                         field("readerFeatures", texts), field("writerFeatures", texts)})),
       field("domainMetadata",
             arrow::struct_({field("domain", text), field("configuration", text), field("removed", flag)}))});
}

/// Appends what JSON says of a value; null where it says nothing.
arrow::Status Append(const json& value, arrow::ArrayBuilder* to) {
  if (value.is_null()) return to->AppendNull();
  switch (to->type()->id()) {
    case arrow::Type::STRING: return static_cast<arrow::StringBuilder*>(to)->Append(value.get<std::string>());
    case arrow::Type::INT32: return static_cast<arrow::Int32Builder*>(to)->Append(value.get<int32_t>());
    case arrow::Type::INT64: return static_cast<arrow::Int64Builder*>(to)->Append(value.get<int64_t>());
    case arrow::Type::BOOL: return static_cast<arrow::BooleanBuilder*>(to)->Append(value.get<bool>());
    case arrow::Type::LIST: {
      auto* list = static_cast<arrow::ListBuilder*>(to);
      ARROW_RETURN_NOT_OK(list->Append());
      for (const json& each : value) ARROW_RETURN_NOT_OK(Append(each, list->value_builder()));
      return arrow::Status::OK();
    }
    case arrow::Type::MAP: {
      auto* map = static_cast<arrow::MapBuilder*>(to);
      ARROW_RETURN_NOT_OK(map->Append());
      for (const auto& [name, each] : value.items()) {
        ARROW_RETURN_NOT_OK(Append(name, map->key_builder()));
        ARROW_RETURN_NOT_OK(Append(each, map->item_builder()));
      }
      return arrow::Status::OK();
    }
    case arrow::Type::STRUCT: {
      auto* members = static_cast<arrow::StructBuilder*>(to);
      ARROW_RETURN_NOT_OK(members->Append());
      for (int i = 0; i < members->num_fields(); ++i) {
        const auto found = value.find(to->type()->field(i)->name());
        ARROW_RETURN_NOT_OK(Append(found == value.end() ? json() : *found, members->field_builder(i)));
      }
      return arrow::Status::OK();
    }
    default: return arrow::Status::NotImplemented("a type that checkpoints do not have");
  }
}

/// The value as JSON; null for types that no action has.
json Read(const arrow::Array& array, int64_t row) {
  if (array.IsNull(row)) return {};
  switch (array.type_id()) {
    case arrow::Type::STRING: return static_cast<const arrow::StringArray&>(array).GetString(row);
    case arrow::Type::INT32: return static_cast<const arrow::Int32Array&>(array).Value(row);
    case arrow::Type::INT64: return static_cast<const arrow::Int64Array&>(array).Value(row);
    case arrow::Type::BOOL: return static_cast<const arrow::BooleanArray&>(array).Value(row);
    case arrow::Type::LIST: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      json out = json::array();
      for (int64_t i = list.value_offset(row); i < list.value_offset(row + 1); ++i)
        out.push_back(Read(*list.values(), i));
      return out;
    }
    case arrow::Type::MAP: {
      const auto& map = static_cast<const arrow::MapArray&>(array);
      json out = json::object();
      for (int64_t i = map.value_offset(row); i < map.value_offset(row + 1); ++i)
        out[Read(*map.keys(), i).get<std::string>()] = Read(*map.items(), i);
      return out;
    }
    case arrow::Type::STRUCT: {
      const auto& members = static_cast<const arrow::StructArray&>(array);
      json out = json::object();
      for (int i = 0; i < members.num_fields(); ++i)
        out[array.type()->field(i)->name()] = Read(*members.field(i), row);
      return out;
    }
    default: return {};
  }
}

arrow::Result<std::string> Encode(const std::vector<Action>& actions) {
  const auto schema = CheckpointSchema();
  ARROW_ASSIGN_OR_RAISE(auto rows, arrow::RecordBatchBuilder::Make(schema, arrow::default_memory_pool()));
  for (const Action& action : actions) {
    const json line = json::parse(EncodeAction(action));
    for (int i = 0; i < schema->num_fields(); ++i) {
      const auto found = line.find(schema->field(i)->name());
      ARROW_RETURN_NOT_OK(Append(found == line.end() ? json() : *found, rows->GetField(i)));
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto batch, rows->Flush());
  ARROW_ASSIGN_OR_RAISE(auto table, arrow::Table::FromRecordBatches({batch}));
  ARROW_ASSIGN_OR_RAISE(auto out, arrow::io::BufferOutputStream::Create());
  const auto properties =
      parquet::WriterProperties::Builder().compression(parquet::Compression::ZSTD)->build();
  ARROW_RETURN_NOT_OK(
      parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), out, 1 << 20, properties));
  ARROW_ASSIGN_OR_RAISE(auto buffer, out->Finish());
  return buffer->ToString();
}

arrow::Result<std::shared_ptr<arrow::Table>> ReadTable(std::string bytes) {
  auto source = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(std::move(bytes)));
  parquet::arrow::FileReaderBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Open(source));
  std::unique_ptr<parquet::arrow::FileReader> reader;
  ARROW_RETURN_NOT_OK(builder.Build(&reader));
  ARROW_ASSIGN_OR_RAISE(auto table, reader->ReadTable());
  return table->CombineChunks();
}

}  // namespace

Result<std::string> EncodeCheckpoint(const std::vector<Action>& actions) {
  try {
    auto bytes = Encode(actions);
    if (bytes.ok()) return std::move(*bytes);
    return Error{ErrorKind::kTransient, "writing a checkpoint: " + bytes.status().ToString()};
  } catch (const std::exception& failed) {
    return Error{ErrorKind::kTransient, std::string("writing a checkpoint: ") + failed.what()};
  }
}

Result<std::vector<Action>> DecodeCheckpoint(std::unique_ptr<storage::Reader> file) {
  std::string bytes(static_cast<size_t>(file->size()), '\0');
  CDC_TRY(file->ReadAt(0, bytes.size(), bytes.data()));
  try {
    auto table = ReadTable(std::move(bytes));
    if (!table.ok()) return Error{ErrorKind::kCorrupt, "reading a checkpoint: " + table.status().ToString()};
    std::vector<Action> actions;
    for (int64_t row = 0; row < (*table)->num_rows(); ++row) {
      for (int i = 0; i < (*table)->num_columns(); ++i) {
        const arrow::ChunkedArray& column = *(*table)->column(i);
        if (column.num_chunks() == 0 || column.chunk(0)->IsNull(row)) continue;
        const std::string name = (*table)->field(i)->name();
        if (name == "sidecar" || name == "checkpointMetadata")
          return Error{ErrorKind::kUnsupported, "reading a checkpoint: it is of the V2 spec"};
        CDC_ASSIGN(auto action, DecodeAction(json{{name, Read(*column.chunk(0), row)}}.dump()));
        if (action) actions.push_back(std::move(*action));
      }
    }
    return actions;
  } catch (const std::exception& failed) {
    return Error{ErrorKind::kCorrupt, std::string("reading a checkpoint: ") + failed.what()};
  }
}

}  // namespace cdc::delta
