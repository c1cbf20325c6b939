#include "cli/line_reader.h"

#include <unistd.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace cdc::cli {
namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/cdc-lines-XXXXXX";
    path = mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string Plain(const std::string& text) const {
    std::ofstream(path / "plain", std::ios::binary) << text;
    return path / "plain";
  }
  std::string Gzipped(const std::string& text) const {
    gzFile out = gzopen((path / "zipped").c_str(), "wb");
    gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
    gzclose(out);
    return path / "zipped";
  }
  std::filesystem::path path;
};

std::vector<std::string> All(const std::string& file) {
  auto reader = LineReader::Open(file);
  REQUIRE(reader.has_value());
  std::vector<std::string> lines;
  std::string_view line;
  for (;;) {
    auto more = reader->Next(&line);
    REQUIRE(more.has_value());
    if (!*more) break;
    lines.emplace_back(line);
    CHECK(reader->number() == static_cast<long>(lines.size()));
  }
  return lines;
}

TEST_CASE("Lines are the same plain and compressed") {
  Folder folder;
  const std::string long_line(3 << 20, 'x');
  const std::string text = "a\n\nb\r\n" + long_line + "\nlast";
  const std::vector<std::string> expected = {"a", "", "b", long_line, "last"};
  CHECK(All(folder.Plain(text)) == expected);
  CHECK(All(folder.Gzipped(text)) == expected);
  CHECK(All(folder.Plain("")).empty());
  CHECK(All(folder.Plain("one\n")) == std::vector<std::string>{"one"});
}

TEST_CASE("A compressed file that is cut off or damaged is not taken for a short one") {
  Folder folder;
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i * 7919) + "\n";
  const std::string file = folder.Gzipped(text);
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  auto reader = LineReader::Open(file);
  REQUIRE(reader.has_value());
  std::string_view line;
  Result<bool> more = true;
  while (more && *more) more = reader->Next(&line);
  REQUIRE_FALSE(more.has_value());
  CHECK(more.error().kind == ErrorKind::kCorrupt);
}

TEST_CASE("What cannot be opened is said") {
  CHECK(LineReader::Open("/tmp/no/such/file").error().kind == ErrorKind::kNotFound);
  CHECK(LineReader::Open("/tmp").error().kind == ErrorKind::kInvalidConfig);
}

}  // namespace
}  // namespace cdc::cli
