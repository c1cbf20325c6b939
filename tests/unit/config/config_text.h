#pragma once

/// \file tests/unit/config/config_text.h
/// Texts of configurations, and what becomes of them.

#include <memory>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "lib/config/config.h"

namespace cdc::config {

inline const std::string kHead = R"([kafka]
bootstrap_servers = "127.0.0.1:9092"
[source]
topic_prefix = "uni.server"
[catalog]
uri = "data/catalog.db"
warehouse = "data/warehouse/"
namespace = "university"
)";

inline std::shared_ptr<const Config> Good(const std::string& text) {
  auto config = Parse(text, "/etc/cdc/tables.toml");
  INFO((config ? "" : config.error().message));
  REQUIRE(config.has_value());
  return *config;
}

inline std::string Bad(const std::string& text) {
  auto config = Parse(text, "/etc/cdc/tables.toml");
  REQUIRE_FALSE(config.has_value());
  CHECK(config.error().kind == ErrorKind::kInvalidConfig);
  return config.error().message;
}

using Names = std::vector<std::string>;

inline bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace cdc::config
