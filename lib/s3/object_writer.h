#pragma once

/// \file lib/s3/object_writer.h

#include <memory>
#include <string>

#include "lib/s3/location.h"
#include "lib/s3/store.h"
#include "lib/storage/file_system.h"

namespace cdc::s3 {

/// One PUT for what fits in a part, a multipart upload for the rest. Holds one part in memory.
std::unique_ptr<storage::Writer> MakeObjectWriter(std::shared_ptr<Store> store, std::string path,
                                                  Location at);

}  // namespace cdc::s3
