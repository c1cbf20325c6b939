#pragma once

/// \file lib/core/letter_case.h
/// Names without regard to upper and lower case, as Iceberg's Java library, Spark and Trino compare them.

#include <string>
#include <string_view>

namespace cdc {

/// The name in lower case, of every script that has one: two columns whose names give the same text cannot be
/// in one table there. Bytes that are no UTF-8 stay as they are.
std::string LowerCase(std::string_view utf8);

}  // namespace cdc
