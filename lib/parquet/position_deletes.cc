#include "lib/parquet/position_deletes.h"

#include <algorithm>
#include <bit>
#include <functional>

#include <arrow/util/crc32.h>

#include "lib/iceberg/value.h"
#include "lib/parquet/delta_encoding_internal.h"
#include "lib/parquet/position_deletes_internal.h"
#include "lib/parquet/thrift_writer_internal.h"

// Numbers of thrift fields and enumerations are those of the Parquet format's parquet.thrift.
namespace cdc::parquet {
namespace {

constexpr std::string_view kMagic = "PAR1";
constexpr std::string_view kCreatedBy = "cdc version " CDC_VERSION;
constexpr int32_t kByteArray = 6, kInt64 = 2, kRequired = 0, kUtf8 = 0, kUncompressed = 0;
constexpr int32_t kDataPage = 0, kDictionaryPage = 2;
constexpr int32_t kPlain = 0, kRle = 3, kDeltaBinaryPacked = 5, kRleDictionary = 8;
/// A page of positions takes a reader half a megabyte once decoded.
constexpr size_t kPageRows = 64 * 1024;

/// One column's pages, and what its footer says of them.
struct Chunk {
  const char* name;
  int32_t id, type;
  std::vector<int32_t> encodings;
  int64_t dictionary_at = -1, data_at = 0;  ///< offsets in the file
  int64_t begin = 0, end = 0;
  std::string least = {}, greatest = {};  ///< PLAIN, without the length of a byte array
};

/// Of all positions.
struct Bounds {
  int64_t least, greatest;
};

template <typename Integer>
std::string LittleEndian(Integer value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

void AppendPage(int32_t type, int32_t rows, int32_t encoding, std::string_view body, std::string* file) {
  ThriftWriter header(file);
  header.Int32(1, type);
  header.Int32(2, static_cast<int32_t>(body.size()));
  header.Int32(3, static_cast<int32_t>(body.size()));
  header.Int32(4, static_cast<int32_t>(arrow::internal::crc32(0, body.data(), body.size())));
  header.Struct(type == kDictionaryPage ? 7 : 5);
  header.Int32(1, rows);
  header.Int32(2, encoding);
  if (type == kDataPage) {
    header.Int32(3, kRle);
    header.Int32(4, kRle);
  }
  header.EndStruct();
  header.Stop();
  file->append(body);
}

void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

/// A run of the hybrid encoding: `number`, `count` times.
void AppendRun(uint64_t number, size_t count, int width, std::string* out) {
  AppendVarint(count << 1, out);
  for (int bit = 0; bit < width; bit += 8) out->push_back(static_cast<char>(number >> bit));
}

/// A dictionary of the paths, and for each of them one run that points to it.
Chunk AppendPaths(std::span<const FileDeletes> files, size_t rows, std::string* file) {
  Chunk chunk{"file_path", kFilePathId, kByteArray, {kPlain, kRle, kRleDictionary}};
  chunk.least = files.front().data_file_path;
  chunk.greatest = files.back().data_file_path;
  chunk.begin = chunk.dictionary_at = static_cast<int64_t>(file->size());
  std::string body;
  for (const FileDeletes& each : files) {
    body += LittleEndian(static_cast<uint32_t>(each.data_file_path.size()));
    body += each.data_file_path;
  }
  AppendPage(kDictionaryPage, static_cast<int32_t>(files.size()), kPlain, body, file);
  chunk.data_at = static_cast<int64_t>(file->size());
  const int width = std::max(1, static_cast<int>(std::bit_width(files.size() - 1)));
  size_t of = 0, taken = 0;  // the file, and how many of its positions the pages so far have
  for (size_t at = 0; at < rows; at += kPageRows) {
    const size_t count = std::min(rows - at, kPageRows);
    body.assign(1, static_cast<char>(width));
    for (size_t left = count; left > 0;) {
      const size_t here = std::min(left, files[of].positions.size() - taken);
      AppendRun(of, here, width, &body);
      left -= here;
      taken += here;
      if (taken == files[of].positions.size()) ++of, taken = 0;
    }
    AppendPage(kDataPage, static_cast<int32_t>(count), kRleDictionary, body, file);
  }
  chunk.end = static_cast<int64_t>(file->size());
  return chunk;
}

Chunk AppendPositions(std::span<const int64_t> positions, const Bounds& bounds, std::string* file) {
  Chunk chunk{"pos", kPosId, kInt64, {kRle, kDeltaBinaryPacked}};
  chunk.least = LittleEndian(bounds.least);
  chunk.greatest = LittleEndian(bounds.greatest);
  chunk.begin = chunk.data_at = static_cast<int64_t>(file->size());
  std::string body;
  for (size_t at = 0; at < positions.size(); at += kPageRows) {
    const auto page = positions.subspan(at, std::min(positions.size() - at, kPageRows));
    body.clear();
    AppendDeltaPacked(page, &body);
    AppendPage(kDataPage, static_cast<int32_t>(page.size()), kDeltaBinaryPacked, body, file);
  }
  chunk.end = static_cast<int64_t>(file->size());
  return chunk;
}

void AppendSchema(const std::vector<Chunk>& chunks, ThriftWriter* footer) {
  footer->List(2, ThriftWriter::Type::kStruct, 1 + chunks.size());
  footer->StructElement();
  footer->Binary(4, "schema");
  footer->Int32(5, static_cast<int32_t>(chunks.size()));
  footer->EndStruct();
  for (const Chunk& chunk : chunks) {
    footer->StructElement();
    footer->Int32(1, chunk.type);
    footer->Int32(3, kRequired);
    footer->Binary(4, chunk.name);
    if (chunk.type == kByteArray) footer->Int32(6, kUtf8);
    footer->Int32(9, chunk.id);
    if (chunk.type == kByteArray) {
      footer->Struct(10);  // LogicalType
      footer->Struct(1);   // STRING
      footer->EndStruct();
      footer->EndStruct();
    }
    footer->EndStruct();
  }
}

void AppendColumn(const Chunk& chunk, int64_t rows, ThriftWriter* footer) {
  footer->StructElement();
  footer->Int64(2, chunk.begin);
  footer->Struct(3);
  footer->Int32(1, chunk.type);
  footer->List(2, ThriftWriter::Type::kInt32, chunk.encodings.size());
  for (const int32_t encoding : chunk.encodings) footer->Element(encoding);
  footer->List(3, ThriftWriter::Type::kBinary, 1);
  footer->Element(chunk.name);
  footer->Int32(4, kUncompressed);
  footer->Int64(5, rows);
  footer->Int64(6, chunk.end - chunk.begin);
  footer->Int64(7, chunk.end - chunk.begin);
  footer->Int64(9, chunk.data_at);
  if (chunk.dictionary_at >= 0) footer->Int64(11, chunk.dictionary_at);
  footer->Struct(12);
  footer->Int64(3, 0);
  footer->Binary(5, chunk.greatest);
  footer->Binary(6, chunk.least);
  footer->True(7);
  footer->True(8);
  footer->EndStruct();
  footer->EndStruct();
  footer->EndStruct();
}

void AppendFooter(const std::vector<Chunk>& chunks, int64_t rows, std::string* file) {
  const size_t begin = file->size();
  ThriftWriter footer(file);
  footer.Int32(1, 2);
  AppendSchema(chunks, &footer);
  footer.Int64(3, rows);
  const int64_t bytes = chunks.back().end - chunks.front().begin;
  footer.List(4, ThriftWriter::Type::kStruct, 1);
  footer.StructElement();
  footer.List(1, ThriftWriter::Type::kStruct, chunks.size());
  for (const Chunk& chunk : chunks) AppendColumn(chunk, rows, &footer);
  footer.Int64(2, bytes);
  footer.Int64(3, rows);
  footer.Int64(5, chunks.front().begin);
  footer.Int64(6, bytes);
  footer.EndStruct();
  footer.Binary(6, kCreatedBy);
  footer.List(7, ThriftWriter::Type::kStruct, chunks.size());
  for (size_t i = 0; i < chunks.size(); ++i) {
    footer.StructElement();
    footer.Struct(1);  // the order of the column's type
    footer.EndStruct();
    footer.EndStruct();
  }
  footer.Stop();
  file->append(LittleEndian(static_cast<uint32_t>(file->size() - begin)));
  file->append(kMagic);
}

iceberg::DataFile Describe(const std::vector<Chunk>& chunks, std::span<const FileDeletes> files,
                           const Bounds& bounds, size_t rows) {
  iceberg::DataFile file;
  file.content = iceberg::FileContent::kPositionDeletes;
  file.record_count = static_cast<int64_t>(rows);
  if (files.size() == 1) file.referenced_data_file = std::string(files.front().data_file_path);
  for (const Chunk& chunk : chunks) {
    file.column_sizes[chunk.id] = chunk.end - chunk.begin;
    file.value_counts[chunk.id] = file.record_count;
    file.null_value_counts[chunk.id] = 0;
  }
  file.split_offsets.push_back(chunks.front().begin);
  // Readers prune by these bounds, so a path cut at 16 characters would match every file of the table.
  file.lower_bounds[kFilePathId] = files.front().data_file_path;
  file.upper_bounds[kFilePathId] = files.back().data_file_path;
  file.lower_bounds[kPosId] = iceberg::SerializeLong(bounds.least);
  file.upper_bounds[kPosId] = iceberg::SerializeLong(bounds.greatest);
  return file;
}

/// \return kInvalidArgument.
Status CheckOrder(std::span<const FileDeletes> files) {
  const FileDeletes* before = nullptr;
  for (const FileDeletes& each : files) {
    const auto& positions = each.positions;
    if (positions.empty() || positions.front() < 0 ||
        std::adjacent_find(positions.begin(), positions.end(), std::greater_equal<>()) != positions.end()) {
      return Error{ErrorKind::kInvalidArgument, "cannot write position deletes for " +
                                                    std::string(each.data_file_path) +
                                                    ": positions must ascend, at least one"};
    }
    if (before != nullptr && before->data_file_path >= each.data_file_path) {
      return Error{ErrorKind::kInvalidArgument, "cannot write position deletes for " +
                                                    std::string(each.data_file_path) + ": paths must ascend"};
    }
    before = &each;
  }
  if (before == nullptr) return Error{ErrorKind::kInvalidArgument, "cannot write no position deletes"};
  return {};
}

}  // namespace

Result<iceberg::DataFile> WritePositionDeletes(std::unique_ptr<storage::Writer> out, const std::string& path,
                                               std::span<const FileDeletes> files) {
  CDC_TRY(CheckOrder(files));
  Bounds bounds{INT64_MAX, 0};
  size_t rows = 0, path_bytes = 0;
  for (const FileDeletes& each : files) {
    bounds.least = std::min(bounds.least, each.positions.front());
    bounds.greatest = std::max(bounds.greatest, each.positions.back());
    rows += each.positions.size();
    path_bytes += each.data_file_path.size() + 8;
  }
  std::vector<int64_t> joined;
  std::span<const int64_t> positions = files.front().positions;
  if (files.size() > 1) {
    joined.reserve(rows);
    for (const FileDeletes& each : files)
      joined.insert(joined.end(), each.positions.begin(), each.positions.end());
    positions = joined;
  }
  std::string file(kMagic);
  file.reserve(1024 + 2 * path_bytes + 3 * rows);
  std::vector<Chunk> chunks;
  chunks.push_back(AppendPaths(files, rows, &file));
  chunks.push_back(AppendPositions(positions, bounds, &file));
  AppendFooter(chunks, static_cast<int64_t>(rows), &file);
  iceberg::DataFile written = Describe(chunks, files, bounds, rows);
  written.file_path = path;
  written.file_size_in_bytes = static_cast<int64_t>(file.size());
  CDC_TRY(out->Write(file));
  CDC_TRY(out->Close());
  return written;
}

Result<iceberg::DataFile> WritePositionDeletes(std::unique_ptr<storage::Writer> out, const std::string& path,
                                               const std::string& data_file_path,
                                               std::span<const int64_t> sorted_positions) {
  const FileDeletes only{data_file_path, sorted_positions};
  return WritePositionDeletes(std::move(out), path, std::span(&only, 1));
}

}  // namespace cdc::parquet
