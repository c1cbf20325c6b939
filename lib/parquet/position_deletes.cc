#include "lib/parquet/position_deletes.h"

#include <algorithm>
#include <functional>

#include "lib/iceberg/value.h"
#include "lib/parquet/delta_encoding_internal.h"
#include "lib/parquet/footer_internal.h"
#include "lib/parquet/position_deletes_internal.h"
#include "lib/parquet/run_encoding_internal.h"

namespace cdc::parquet {
namespace {

/// A page of positions takes a reader half a megabyte once decoded.
constexpr size_t kPageRows = 64 * 1024;

/// Of all positions.
struct Bounds {
  int64_t least, greatest;
};

template <typename Integer>
std::string LittleEndian(Integer value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

void AppendPage(PageKind kind, size_t values, Encoding encoding, std::string_view body, ColumnChunk* chunk,
                std::string* file) {
  const size_t begin = file->size();
  AppendPageHeader(kind, values, encoding, body.size(), body, file);
  file->append(body);
  chunk->Count(kind, encoding, file->size() - begin, file->size() - begin);
}

/// A run of the hybrid encoding: `number`, `count` times.
void AppendRun(uint64_t number, size_t count, int width, std::string* out) {
  AppendVarint(count << 1, out);
  for (int bit = 0; bit < width; bit += 8) out->push_back(static_cast<char>(number >> bit));
}

/// Neither column is compressed.
ColumnChunk NewChunk(size_t rows) {
  ColumnChunk chunk;
  chunk.codec = Codec::kNone;
  chunk.values = static_cast<int64_t>(rows);
  return chunk;
}

/// A dictionary of the paths, and for each of them one run that points to it.
ColumnChunk AppendPaths(std::span<const FileDeletes> files, size_t rows, std::string* file) {
  ColumnChunk chunk = NewChunk(rows);
  chunk.bounds.least = files.front().data_file_path;
  chunk.bounds.most = files.back().data_file_path;
  chunk.dictionary_at = static_cast<int64_t>(file->size());
  std::string body;
  for (const FileDeletes& each : files) {
    body += LittleEndian(static_cast<uint32_t>(each.data_file_path.size()));
    body += each.data_file_path;
  }
  AppendPage(PageKind::kDictionary, files.size(), Encoding::kPlain, body, &chunk, file);
  chunk.data_at = static_cast<int64_t>(file->size());
  const int width = RunWidth(files.size() - 1);
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
    AppendPage(PageKind::kData, count, Encoding::kRleDictionary, body, &chunk, file);
  }
  return chunk;
}

ColumnChunk AppendPositions(std::span<const int64_t> positions, const Bounds& bounds, std::string* file) {
  ColumnChunk chunk = NewChunk(positions.size());
  chunk.bounds.least = LittleEndian(bounds.least);
  chunk.bounds.most = LittleEndian(bounds.greatest);
  chunk.data_at = static_cast<int64_t>(file->size());
  std::string body;
  for (size_t at = 0; at < positions.size(); at += kPageRows) {
    const auto page = positions.subspan(at, std::min(positions.size() - at, kPageRows));
    body.clear();
    AppendDeltaPacked(page, &body);
    AppendPage(PageKind::kData, page.size(), Encoding::kDeltaBinaryPacked, body, &chunk, file);
  }
  return chunk;
}

const rows::Schema& DeleteSchema() {
  static const rows::Schema schema{
      0,
      {{kFilePathId, 0, "file_path", true, rows::Type::Of(rows::TypeKind::kString)},
       {kPosId, 0, "pos", true, rows::Type::Of(rows::TypeKind::kLong)}},
      {}};
  return schema;
}

iceberg::DataFile Describe(const RowGroup& group, std::span<const FileDeletes> files, const Bounds& bounds) {
  iceberg::DataFile file;
  file.content = iceberg::FileContent::kPositionDeletes;
  file.record_count = group.rows;
  if (files.size() == 1) file.referenced_data_file = std::string(files.front().data_file_path);
  for (size_t i = 0; i < group.chunks.size(); ++i) {
    const int id = DeleteSchema().fields[i].id;
    file.column_sizes[id] = group.chunks[i].bytes;
    file.value_counts[id] = group.rows;
    file.null_value_counts[id] = 0;
  }
  file.split_offsets.push_back(group.chunks.front().begin());
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
  RowGroup group;
  group.rows = static_cast<int64_t>(rows);
  group.chunks.push_back(AppendPaths(files, rows, &file));
  group.chunks.push_back(AppendPositions(positions, bounds, &file));
  AppendFooter(DeleteSchema(), std::span(&group, 1), group.rows, &file);
  iceberg::DataFile written = Describe(group, files, bounds);
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
