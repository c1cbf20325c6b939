#pragma once

/// \file lib/core/base64.h
/// Standard base64 (RFC 4648 section 4), as Debezium's JSON converter writes bytes and decimals.

#include <cstddef>
#include <string>
#include <string_view>

namespace cdc {

/// Upper bound of the decoded size of `encoded_size` characters.
constexpr size_t Base64DecodedBound(size_t encoded_size) { return encoded_size / 4 * 3 + 3; }

/// Decodes strictly: length a multiple of four, padding only at the end, no other characters.
///
/// \param out room for Base64DecodedBound(encoded.size()) bytes
/// \param written number of bytes written to `out`
/// \return false: `encoded` is not base64; `out` is unspecified.
bool DecodeBase64(std::string_view encoded, char* out, size_t* written);

std::string EncodeBase64(std::string_view bytes);

}  // namespace cdc
