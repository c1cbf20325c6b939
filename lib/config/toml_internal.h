#pragma once

/// \file lib/config/toml_internal.h
/// toml++ as this room uses it. Private: only its .cc files include this.

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>
