#pragma once

/// \file orchestrator/page/files.h
/// The web page: the files of this folder, inside the program.

#include <string_view>
#include <vector>

namespace cdc::page {

struct File {
  std::string_view name;   ///< in this folder: "index.html", "uplot/uPlot.min.css"
  std::string_view sum;    ///< of the content, hexadecimal
  std::string_view plain;  ///< the content
  std::string_view gzip;   ///< the same, compressed
};

/// All of them; they live as long as the program.
const std::vector<File>& Files();

}  // namespace cdc::page
