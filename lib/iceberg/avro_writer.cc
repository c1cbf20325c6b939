#include <fmt/format.h>
#include <zlib.h>

#include "lib/iceberg/avro_writer_internal.h"
#include "lib/iceberg/random_internal.h"

namespace cdc::iceberg::avro {
namespace {

constexpr size_t kBlockBytes = 64 * 1024;
/// Smaller blocks are left as they are: most manifests are written for one commit, have few entries beside
/// some kilobytes of schema, and setting up zlib costs more than all the rest of them.
constexpr size_t kWorthDeflating = 32 * 1024;
static_assert(kWorthDeflating <= UINT16_MAX);  // a stored block holds no more
constexpr std::string_view kMagic("Obj\x01", 4);

/// One stored block (RFC 1951, 3.2.4), the last one.
std::string Stored(std::string_view bytes) {
  const auto size = static_cast<uint16_t>(bytes.size());
  const auto both = [](uint16_t v) { return std::string{static_cast<char>(v), static_cast<char>(v >> 8)}; };
  return "\x01" + both(size) + both(static_cast<uint16_t>(~size)) + std::string(bytes);
}

/// Raw deflate (RFC 1951), as Avro wants it.
Result<std::string> Deflate(std::string_view bytes) {
  if (bytes.size() < kWorthDeflating) return Stored(bytes);
  z_stream stream{};
  // Level 1: paths and bounds repeat so much that more effort gains little.
  if (deflateInit2(&stream, 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return Error{ErrorKind::kTransient, "compressing an Avro block: out of memory"};
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int code = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (code != Z_STREAM_END)
    return Error{ErrorKind::kTransient, fmt::format("compressing an Avro block: zlib {}", code)};
  return out;
}

}  // namespace

ContainerWriter::ContainerWriter(std::string_view schema_json,
                                 const std::vector<std::pair<std::string, std::string>>& metadata) {
  Encoder header;
  header.PutLong(static_cast<int64_t>(metadata.size()) + 2);
  header.PutBytes("avro.schema");
  header.PutBytes(schema_json);
  header.PutBytes("avro.codec");
  header.PutBytes("deflate");
  for (const auto& [key, value] : metadata) {
    header.PutBytes(key);
    header.PutBytes(value);
  }
  header.PutLong(0);
  char sync[16];
  RandomBytes(sync, sizeof sync);
  sync_.assign(sync, sizeof sync);
  file_.append(kMagic).append(header.bytes()).append(sync_);
}

Status ContainerWriter::EndRecord() {
  ++block_records_;
  return block_.bytes().size() < kBlockBytes ? Status{} : Flush();
}

Status ContainerWriter::Flush() {
  if (block_records_ == 0) return {};
  CDC_ASSIGN(const std::string compressed, Deflate(block_.bytes()));
  Encoder frame;
  frame.PutLong(block_records_);
  frame.PutBytes(compressed);
  file_.append(frame.bytes()).append(sync_);
  block_.Clear();
  block_records_ = 0;
  return {};
}

Result<std::string> ContainerWriter::Finish() {
  CDC_TRY(Flush());
  return std::move(file_);
}

}  // namespace cdc::iceberg::avro
