#pragma once

/// \file tests/fuzz/scratch_folder.h
/// A folder for parsers that read files of their own. In memory, so that a target runs thousands of times a
/// second.

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace cdc::fuzz {

/// One for the life of the program; its files are written over by each input.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void Write(const char* name, std::string_view bytes) const {
    std::ofstream(path_ / name, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  std::string Read(const char* name) const;

 private:
  std::filesystem::path path_;
};

}  // namespace cdc::fuzz
