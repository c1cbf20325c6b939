/// Links what a worker links: Parquet, then librdkafka and libpq. check_bindings.py looks at what binds to
/// what.

#include <cstdio>

#include "lib/parquet/data_file_writer.h"

extern "C" const char* rd_kafka_version_str(void);
extern "C" int PQlibVersion(void);

int main() {
  auto schema = std::make_shared<cdc::rows::Schema>();
  schema->fields.resize(1);  // without an id: refused before anything is written
  const auto writer = cdc::parquet::DataFileWriter::Make(nullptr, "", schema);
  std::printf("%s %d %d\n", rd_kafka_version_str(), PQlibVersion(), writer.has_value());
  return 0;
}
