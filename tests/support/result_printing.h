#pragma once

/// \file tests/support/result_printing.h
/// Lets Catch2 show a Result: its error, or that it has a value. Include it where a Result is the tested
/// expression.

#include <catch2/catch_tostring.hpp>

#include "lib/core/result.h"

template <typename T>
struct Catch::StringMaker<boost::system::result<T, cdc::Error>> {
  static std::string convert(const boost::system::result<T, cdc::Error>& result) {
    return result ? "a value"
                  : std::string(cdc::ToString(result.error().kind)) + ": " + cdc::Describe(result.error());
  }
};
