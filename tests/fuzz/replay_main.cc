/// Runs targets over files, without libFuzzer.
///
///   cdc_fuzz_replay --list
///   cdc_fuzz_replay TARGET FILE_OR_FOLDER…   every input, and every input cut at some places
///
/// Exit 0: all ran to their end; 2: wrong arguments.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/target.h"

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> FilesOf(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(path))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

int main(int argc, char** argv) {
  const auto& targets = cdc::fuzz::Targets();
  if (argc == 2 && std::string_view(argv[1]) == "--list") {
    for (const auto& [name, unused] : targets)
      std::printf("%.*s\n", static_cast<int>(name.size()), name.data());
    return 0;
  }
  const auto found = argc < 3 ? targets.end() : targets.find(argv[1]);
  if (found == targets.end()) {
    std::fprintf(stderr, "usage: cdc_fuzz_replay --list | TARGET FILE_OR_FOLDER…\n");
    return 2;
  }
  size_t count = 0;
  for (int i = 2; i < argc; ++i) {
    for (const fs::path& path : FilesOf(argv[i])) {
      const std::string bytes = ReadAll(path);
      // Before, so that the last line names the input that ends the program.
      std::printf("%s\n", path.c_str());
      std::fflush(stdout);
      found->second(bytes);
      constexpr size_t kCuts = 5;
      for (size_t cut = 0; cut < kCuts; ++cut)
        found->second(std::string(bytes, 0, bytes.size() * cut / kCuts));
      ++count;
    }
  }
  std::printf("%zu inputs\n", count);
  return count == 0 ? 2 : 0;
}
