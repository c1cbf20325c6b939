#pragma once

/// \file lib/contract/kafka_properties.h
/// The properties of librdkafka that are not the user's to set: those that the programs set themselves, and
/// those by which records could be lost, doubled, reordered or not be seen. Declared here once: lib/config
/// refuses them in [kafka.properties], lib/kafka sets no other.

#include <optional>
#include <string>
#include <string_view>

namespace cdc::contract {

struct OwnedProperty {
  std::string_view name;     ///< librdkafka's, also each alias of it and names of its topic level
  std::string_view why;      ///< what the programs need it for
  std::string_view instead;  ///< where such a thing is set; empty: nowhere
  bool guarantee = true;     ///< correctness rests on it; false: only tuned to what the programs do
};

/// Nothing: the user may set it.
std::optional<OwnedProperty> FindOwnedProperty(std::string_view name);

/// "is not allowed: the programs set it themselves, for …": what a user is told.
std::string Describe(const OwnedProperty& property);

}  // namespace cdc::contract
