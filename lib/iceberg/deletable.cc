#include "lib/iceberg/deletable.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <unordered_set>

#include "lib/iceberg/new_table_internal.h"

namespace cdc::iceberg {
namespace {

/// Metadata files of unknown origin that are read to see whose they are; with more of them it is not known.
constexpr size_t kMostStrangers = 200;
/// Folders above a table's that may be another table's.
constexpr int kMostParents = 4;

struct Place {
  std::string scheme;  // "s3", "file"
  std::string path;    // after "scheme://"; of a local file from its first slash on
};

Place PlaceOf(const std::string& text) {
  Place place{"file", text};
  if (const size_t end = text.find("://"); end != std::string::npos) {
    place.scheme = text.substr(0, end);
    place.path = text.substr(end + 3);
  } else if (text.starts_with("file:")) {
    place.path = text.substr(5);
  }
  std::transform(place.scheme.begin(), place.scheme.end(), place.scheme.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  // Hadoop's names for the same store.
  if (place.scheme == "s3a" || place.scheme == "s3n") place.scheme = "s3";
  if (place.scheme != "file") return place;
  std::string plain;
  for (const char c : place.path) {
    if (c != '/' || plain.empty() || plain.back() != '/') plain.push_back(c);
  }
  place.path = std::move(plain);
  return place;
}

bool HasDots(std::string_view path) {
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (part == "." || part == "..") return true;
    at = end + 1;
  }
  return false;
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

/// Iceberg's names, plain or gzipped.
bool IsMetadataFile(const std::string& path) {
  return EndsWith(path, ".metadata.json") || EndsWith(path, ".metadata.json.gz");
}

/// As we name folders, and as servers do: the table's name, perhaps with something behind it.
bool IsCalledAfter(std::string location, const std::string& table) {
  while (!location.empty() && location.back() == '/') location.pop_back();
  return FolderName(location.substr(location.rfind('/') + 1)).starts_with(FolderName(table));
}

Error Shared(const TableMetadata& metadata, const std::string& why) {
  return Error{ErrorKind::kUnsupported,
               fmt::format("the folder {} is not the table's alone: {}", metadata.location, why)};
}

/// A metadata file in the table's folder that its log does not name: left by an attempt of our own, or of
/// another table.
Status CheckStranger(storage::FileSystem& files, const TableMetadata& metadata, const std::string& path) {
  const auto bytes = files.ReadAll(path);
  if (!bytes && bytes.error().kind == ErrorKind::kNotFound) return {};
  if (!bytes) return bytes.error();
  const auto other = ParseTableMetadata(*bytes);
  if (!other) return Shared(metadata, path + " is of a table that cannot be told");
  if (other->table_uuid == metadata.table_uuid) return {};
  return Shared(metadata, fmt::format("{} is of table {}", path, other->table_uuid));
}

Status CheckListed(storage::FileSystem& files, const LoadedTable& table,
                   const std::vector<storage::FileInfo>& listed) {
  std::unordered_set<std::string> known{Spelling(table.metadata_location)};
  for (const MetadataLogEntry& old : table.metadata->metadata_log) known.insert(Spelling(old.metadata_file));
  size_t strangers = 0;
  for (const storage::FileInfo& file : listed) {
    if (!IsMetadataFile(file.path) || known.contains(Spelling(file.path))) continue;
    if (++strangers > kMostStrangers)
      return Shared(*table.metadata, "it holds hundreds of metadata files that the table does not name");
    CDC_TRY(CheckStranger(files, *table.metadata, file.path));
  }
  return {};
}

/// Whether one of the folders above is a table's: it has a metadata folder of its own.
Status CheckParents(storage::FileSystem& files, const TableMetadata& metadata) {
  std::string folder = metadata.location;
  for (int level = 0; level < kMostParents; ++level) {
    while (!folder.empty() && folder.back() == '/') folder.pop_back();
    const size_t slash = folder.rfind('/');
    // Not the bucket itself, nor the root of the disk.
    if (slash == std::string::npos || slash == 0 || folder[slash - 1] == '/') return {};
    folder.resize(slash);
    const std::string metadata_folder = folder + "/metadata";
    CDC_ASSIGN(const auto listed, files.List(metadata_folder));
    for (const storage::FileInfo& file : listed) {
      // Further down they are those of a table called "metadata".
      if (!IsMetadataFile(file.path) || file.path.rfind('/') != metadata_folder.size()) continue;
      return Shared(metadata,
                    fmt::format("it is inside {}, which is another table's ({})", folder, file.path));
    }
  }
  return {};
}

}  // namespace

std::string Spelling(const std::string& path) {
  std::string_view rest = path;
  if (rest.substr(0, 5) == "file:") rest.remove_prefix(5);
  const size_t scheme = rest.find("://");
  std::string out(scheme == std::string_view::npos ? std::string_view() : rest.substr(0, scheme + 3));
  rest.remove_prefix(out.size());
  for (const char c : rest) {
    if (c == '/' && !out.empty() && out.back() == '/') continue;
    out.push_back(c);
  }
  return out;
}

bool MayCollect(const TableMetadata& metadata) {
  // As Java reads a boolean.
  std::string text = metadata.Property("gc.enabled", "true");
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text == "true";
}

bool HasOwnFolder(const TableMetadata& metadata) {
  constexpr size_t kSuffix = 8;
  const std::string_view location = metadata.location;
  const size_t dash = location.rfind('-');
  return dash != std::string_view::npos && location.size() - dash - 1 == kSuffix &&
         location.find_first_not_of("0123456789abcdef", dash + 1) == std::string_view::npos;
}

bool IsBelow(const std::string& location, const std::string& path) {
  Place folder = PlaceOf(location);
  const Place file = PlaceOf(path);
  while (!folder.path.empty() && folder.path.back() == '/') folder.path.pop_back();
  if (folder.scheme != file.scheme || folder.path.empty()) return false;
  // A whole bucket or disk is no table's folder.
  if (folder.scheme != "file" && folder.path.find('/') == std::string::npos) return false;
  if (file.path.size() <= folder.path.size() + 1 || !file.path.starts_with(folder.path)) return false;
  if (file.path[folder.path.size()] != '/' || file.path.back() == '/') return false;
  return !HasDots(file.path) && !HasDots(folder.path);
}

size_t KeepOwnFiles(const TableMetadata& metadata, std::vector<std::string>* paths) {
  return std::erase_if(*paths, [&](const std::string& path) { return !IsOwnFile(metadata, path); });
}

bool IsOurDataFile(const std::string& path) {
  constexpr size_t kUuidLength = 36;
  const std::string name = path.substr(path.rfind('/') + 1);
  if (name.size() <= kUuidLength || name.find_first_not_of("0123456789abcdef-") < kUuidLength) return false;
  const std::string rest = name.substr(kUuidLength);
  return rest == "-data.parquet" || rest == "-deletes.parquet";
}

Status CheckUnshared(Catalog& catalog, storage::FileSystem& files, const LoadedTable& table,
                     const std::vector<storage::FileInfo>& listed) {
  const TableMetadata& metadata = *table.metadata;
  if (!IsOwnFile(metadata, table.metadata_location) && !table.metadata_location.empty())
    return Shared(metadata, "the table's own metadata is elsewhere, in " + table.metadata_location);
  auto others = catalog.OthersBelow(table.ident, metadata.location);
  if (!others && others.error().kind != ErrorKind::kUnsupported) return others.error();
  if (!others && !IsCalledAfter(metadata.location, table.ident.name)) {
    return Shared(metadata,
                  "it is not called after the table, and the catalog does not say which tables have "
                  "their metadata there");
  }
  if (others && !others->empty())
    return Shared(metadata, fmt::format("{} has its metadata there", ToString(others->front())));
  CDC_TRY(CheckListed(files, table, listed));
  return CheckParents(files, metadata);
}

Status CheckDeletable(Catalog& catalog, storage::FileSystem& files, const LoadedTable& table,
                      const std::vector<storage::FileInfo>& listed) {
  if (!MayCollect(*table.metadata)) {
    return Error{
        ErrorKind::kUnsupported,
        "the table says gc.enabled=false: others (branches and tags of its catalog, tables that were "
        "copied from it or that it was copied from) may need its files"};
  }
  return CheckUnshared(catalog, files, table, listed);
}

}  // namespace cdc::iceberg
