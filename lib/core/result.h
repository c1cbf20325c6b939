#pragma once

/// \file lib/core/result.h
/// Errors as values: what went wrong, and above all what the caller should do about it.

#include <stdexcept>
#include <string>
#include <utility>

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>
#include <boost/version.hpp>

static_assert(BOOST_VERSION == CDC_BOOST_VERSION, "these are not the Boost headers that CMake found");

namespace cdc {

/// What the caller should do about an error, not where it came from.
enum class ErrorKind {
  kInvalidArgument,  ///< The call itself is wrong (bad flag, bad usage); never retried.
  kInvalidConfig,    ///< Fix tables.toml or the environment; never retried.
  kNotFound,         ///< The named thing is absent; often a normal answer.
  kConflict,         ///< Someone else committed first; reload and decide again.
  kTransient,        ///< Outage or shortage; retry with backoff.
  kCommitUnknown,    ///< May have been committed; find out before any retry, never clean up.
  kCorrupt,          ///< Stored bytes break an invariant; rebuild or stop this table.
  kUnsupported,      ///< Permanent for this table: a schema or value we refuse to guess at.
  kBadValue,         ///< One message or value is bad; dead-letter it and carry on.
  kShuttingDown,     ///< Not a failure; log at debug.
};

/// Stable lower-case word for logs and JSON, e.g. "invalid_config".
const char* ToString(ErrorKind kind);

struct [[nodiscard]] Error {
  ErrorKind kind;
  std::string message;    ///< What was attempted, on what, and the cause.
  std::string hint = {};  ///< What an operator can do, as a command or a line of configuration; may be empty.
};

template <typename T>
using Result = boost::system::result<T, Error>;
using Status = Result<void>;

/// `message` and, where there is one, the hint: the form that is logged and shown.
std::string Describe(const Error& error);

/// Found by argument-dependent lookup when value() is called on an error: a programming mistake.
[[noreturn]] inline void throw_exception_from_error(const Error& e, const boost::source_location&) {
  throw std::logic_error("value() on an error: " + e.message);
}

#define CDC_CONCAT_INNER(a, b) a##b
#define CDC_CONCAT(a, b) CDC_CONCAT_INNER(a, b)

/// Returns the error of `expression` from the enclosing function, if it has one.
#define CDC_TRY(expression)                                                     \
  do {                                                                          \
    if (auto cdc_status = (expression); !cdc_status) return cdc_status.error(); \
  } while (false)

/// `CDC_ASSIGN(auto x, F())`: x = value of F(), or return F()'s error.
#define CDC_ASSIGN(declaration, expression) \
  CDC_ASSIGN_INNER(CDC_CONCAT(cdc_result_, __LINE__), declaration, expression)
#define CDC_ASSIGN_INNER(result, declaration, expression) \
  auto result = (expression);                             \
  if (!result) return result.error();                     \
  declaration = std::move(*result)

}  // namespace cdc
