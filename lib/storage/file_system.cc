#include "lib/storage/file_system.h"

namespace cdc::storage {

Result<std::string> FileSystem::ReadAll(const std::string& path) {
  CDC_ASSIGN(const std::unique_ptr<Reader> reader, Open(path));
  std::string bytes(static_cast<size_t>(reader->size()), '\0');
  CDC_TRY(reader->ReadAt(0, bytes.size(), bytes.data()));
  return bytes;
}

Status FileSystem::WriteAll(const std::string& path, std::string_view bytes) {
  CDC_ASSIGN(const std::unique_ptr<Writer> writer, Create(path));
  CDC_TRY(writer->Write(bytes));
  return writer->Close();
}

}  // namespace cdc::storage
