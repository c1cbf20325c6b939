#pragma once

/// \file lib/config/line_of.h
/// Where a setting stands, for what is found out after the file was read.

#include <string>
#include <vector>

#include "lib/config/config.h"

namespace cdc::config {

/// \param path of a setting, for example {"tables", "orders", "columns", "price"}
/// \return its line, from 1; that of the nearest section around it where it is not there; 0: none of them is
int LineOf(const Config& config, const std::vector<std::string>& path);

}  // namespace cdc::config
