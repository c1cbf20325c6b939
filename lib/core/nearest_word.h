#pragma once

/// \file lib/core/nearest_word.h
/// "Did you mean": the word that somebody wanted to write.

#include <string>
#include <string_view>
#include <vector>

namespace cdc {

/// The candidate that fewest single changes make of `word`, two neighbours that changed places being one;
/// empty: none is near, which is a third of its letters, at least one. Costs the product of the lengths.
std::string NearestWord(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace cdc
