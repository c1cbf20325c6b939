#pragma once

/// \file lib/s3/xml.h
/// Reads the small XML documents that an S3 server answers with.

#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.h"

namespace cdc::s3 {

/// Attributes and namespaces are not kept.
struct Element {
  std::string name;
  std::string text;  ///< of this element alone, entities decoded
  std::vector<Element> children;

  /// First child of this name; null when absent.
  const Element* Find(std::string_view child) const;
  /// Text of the first child of this name; empty when absent.
  std::string TextOf(std::string_view child) const;
};

/// One whole document in UTF-8, at most 32 levels deep, without a DTD.
/// \return kCorrupt: it is not that; the message says where.
Result<Element> ParseXml(std::string_view document);

}  // namespace cdc::s3
