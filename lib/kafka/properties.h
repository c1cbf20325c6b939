#pragma once

/// \file lib/kafka/properties.h
/// The properties of `[kafka.properties]` as clients take them.

#include <map>
#include <string>
#include <vector>

#include "lib/kafka/partition.h"

namespace cdc::kafka {

/// \param all by librdkafka's names
inline std::vector<Property> PropertiesOf(const std::map<std::string, std::string>& all) {
  std::vector<Property> properties;
  for (const auto& [name, value] : all) properties.push_back({name, value});
  return properties;
}

}  // namespace cdc::kafka
