#pragma once

/// \file lib/s3/object_reader.h

#include <memory>
#include <string>

#include "lib/s3/location.h"
#include "lib/s3/store.h"
#include "lib/storage/file_system.h"

namespace cdc::s3 {

/// One GET of the object's last bytes, which also tells its size: Parquet's footer costs no more.
/// \return kNotFound
Result<std::unique_ptr<storage::Reader>> OpenObject(std::shared_ptr<Store> store, std::string path,
                                                    Location at);

}  // namespace cdc::s3
