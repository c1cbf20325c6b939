#pragma once

/// \file lib/core/check.h
/// Assertions that stay in release builds. A broken invariant ends the process before a wrong row is written:
/// the next run starts from what is committed.

namespace cdc {

/// Says on stderr which condition does not hold, and aborts.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

/// For invariants of the program itself. What comes from outside and can be wrong is an Error.
#define CDC_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::cdc::CheckFailed(#condition, __FILE__, __LINE__))

}  // namespace cdc
