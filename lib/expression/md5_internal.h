#pragma once

/// \file lib/expression/md5_internal.h
/// RFC 1321. A name for a value, no protection of it.

#include <array>
#include <cstdint>
#include <string_view>

namespace cdc::expression {

std::array<uint8_t, 16> Md5(std::string_view bytes);

}  // namespace cdc::expression
