#include <fmt/format.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

#include "lib/iceberg/compression_internal.h"

namespace cdc::iceberg {
namespace {

/// Against a damaged length, and a small file that unpacks to one without end.
constexpr size_t kLongest = size_t{1} << 30;

constexpr int kRaw = -MAX_WBITS;  // zlib's words for the format
constexpr int kGzip = MAX_WBITS + 16;

Error Damaged(std::string_view what) {
  return Error{ErrorKind::kCorrupt, fmt::format("{}: compressed bytes are damaged", what)};
}

Result<std::string> Inflate(std::string_view bytes, int format, std::string_view what) {
  z_stream stream{};
  if (inflateInit2(&stream, format) != Z_OK)
    return Error{ErrorKind::kTransient, fmt::format("{}: out of memory", what)};
  const std::unique_ptr<z_stream, int (*)(z_stream*)> ended(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int code = Z_OK;
  while (code == Z_OK && out.size() < kLongest) {
    const size_t at = out.size();
    out.resize(at + std::max<size_t>(bytes.size() * 4, 4096));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + at);
    stream.avail_out = static_cast<uInt>(out.size() - at);
    code = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (code == Z_OK && stream.avail_in == 0 && stream.avail_out != 0) break;
  }
  if (code != Z_STREAM_END) return Damaged(what);
  return out;
}

/// Java's writer streams, so that a frame need not say how long its content is.
Result<std::string> Unzstd(std::string_view bytes, std::string_view what) {
  const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!context) return Error{ErrorKind::kTransient, fmt::format("{}: out of memory", what)};
  std::string out;
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  size_t more = 1;  // 0: a frame ended
  while (in.pos < in.size || more != 0) {
    const size_t at = out.size();
    if (at >= kLongest) return Damaged(what);
    out.resize(at + ZSTD_DStreamOutSize());
    ZSTD_outBuffer room{out.data() + at, out.size() - at, 0};
    const size_t before = in.pos;
    more = ZSTD_decompressStream(context.get(), &room, &in);
    out.resize(at + room.pos);
    if (ZSTD_isError(more) != 0 || (more != 0 && in.pos == before && room.pos == 0)) return Damaged(what);
  }
  return out;
}

/// Each block ends with the CRC-32 of its content, big-endian.
Result<std::string> Unsnappy(std::string_view bytes, std::string_view what) {
  if (bytes.size() < 4) return Damaged(what);
  const std::string_view packed = bytes.substr(0, bytes.size() - 4);
  size_t size = 0;
  std::string out;
  if (!snappy::GetUncompressedLength(packed.data(), packed.size(), &size) || size > kLongest ||
      !snappy::Uncompress(packed.data(), packed.size(), &out)) {
    return Damaged(what);
  }
  uint32_t said = 0;
  for (const unsigned char byte : bytes.substr(packed.size())) said = said << 8 | byte;
  const auto sum = crc32_z(0, reinterpret_cast<const Bytef*>(out.data()), out.size());
  if (sum != said) return Damaged(what);
  return out;
}

}  // namespace

Result<BlockCodec> BlockCodecOf(std::string_view name) {
  if (name.empty() || name == "null") return BlockCodec::kNone;
  if (name == "deflate") return BlockCodec::kDeflate;
  if (name == "zstandard") return BlockCodec::kZstandard;
  if (name == "snappy") return BlockCodec::kSnappy;
  return Error{
      ErrorKind::kUnsupported,
      fmt::format("reading an Avro file: codec {}, only null, deflate, zstandard and snappy are handled",
                  name),
      "let the engine that wrote it write manifests with one of these, for example by rewriting them"};
}

Result<std::string> DecompressBlock(BlockCodec codec, std::string_view bytes) {
  constexpr std::string_view kWhat = "reading an Avro file";
  switch (codec) {
    case BlockCodec::kNone: return std::string(bytes);
    case BlockCodec::kDeflate: return Inflate(bytes, kRaw, kWhat);
    case BlockCodec::kZstandard: return Unzstd(bytes, kWhat);
    case BlockCodec::kSnappy: return Unsnappy(bytes, kWhat);
  }
  return Damaged(kWhat);
}

bool IsGzipped(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

Result<std::string> Gunzip(std::string_view bytes) {
  return Inflate(bytes, kGzip, "reading gzipped table metadata");
}

}  // namespace cdc::iceberg
