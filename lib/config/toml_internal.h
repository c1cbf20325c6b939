#pragma once

/// \file lib/config/toml_internal.h
/// toml++ as this room uses it. Private: only its .cc files include this.

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
// toml++ 3.3 asserts of a document what it then looks at: "[=" ends a program that is built with assertions, where it is an
// ordinary mistake (parser.inl, parse_key).
#define TOML_ASSERT(expr) static_cast<void>(0)
#include <toml++/toml.h>
