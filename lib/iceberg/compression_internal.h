#pragma once

/// \file lib/iceberg/compression_internal.h
/// Bytes that other writers compressed. Private to this room.

#include <string>
#include <string_view>

#include "lib/core/result.h"

namespace cdc::iceberg {

/// How the blocks of an Avro file are compressed:
/// https://avro.apache.org/docs/1.12.0/specification/#required-codecs
enum class BlockCodec { kNone, kDeflate, kZstandard, kSnappy };

/// \param name what "avro.codec" says; empty: none
/// \return kUnsupported: bzip2, xz or unknown
Result<BlockCodec> BlockCodecOf(std::string_view name);

/// \return kCorrupt: damaged, or longer than any block of a manifest
Result<std::string> DecompressBlock(BlockCodec codec, std::string_view bytes);

/// A gzipped file (RFC 1952), as table metadata may be (write.metadata.compression-codec): told by its first two bytes,
/// whatever its name says.
bool IsGzipped(std::string_view bytes);
/// \return kCorrupt: damaged, or longer than any metadata
Result<std::string> Gunzip(std::string_view bytes);

}  // namespace cdc::iceberg
