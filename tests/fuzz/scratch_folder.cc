#include "tests/fuzz/scratch_folder.h"

#include <cstdlib>
#include <iterator>

namespace cdc::fuzz {

ScratchFolder::ScratchFolder() {
  const std::filesystem::path memory = "/dev/shm";
  std::error_code error;
  const auto parent =
      std::filesystem::is_directory(memory, error) ? memory : std::filesystem::temp_directory_path();
  std::string pattern = (parent / "cdc-fuzz-XXXXXX").string();
  path_ = ::mkdtemp(pattern.data());
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ScratchFolder::Read(const char* name) const {
  std::ifstream in(path_ / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace cdc::fuzz
