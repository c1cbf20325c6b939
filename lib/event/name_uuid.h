#pragma once

/// \file lib/event/name_uuid.h
/// Name-based UUIDs without a namespace, as Java makes them.

#include <string>
#include <string_view>

namespace cdc::event {

/// Version 3 (RFC 4122 section 4.3) of the MD5 of `name`, printed.
std::string NameUuid(std::string_view name);

}  // namespace cdc::event
