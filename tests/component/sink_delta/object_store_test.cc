// Delta tables in an object store, where a version is made by a conditional write.

#include <csignal>
#include <thread>

#include "tests/component/s3/minio.h"
#include "tests/component/sink_delta/delta_folder.h"
#include "tests/component/worker/random_stream.h"

namespace cdc::delta_sink {
namespace {

using worker::MakeStream;
using worker::SourceStream;

/// A worker's table in a bucket.
struct DeltaBucket {
  explicit DeltaBucket(const std::string& name) : changes(name), table_name(name) {
    const auto access = s3::SharedMinio().access();
    pipeline.Configure(
        fmt::format("[storage]\nendpoint = \"{}\"\nregion = \"us-east-1\"\naccess_key_id = \"{}\"\n"
                    "secret_access_key = \"{}\"\n[sinks.delta]\ntype = \"delta\"\n"
                    "path = \"s3://warehouse/delta\"\n[tables.{}]\nsink = \"delta\"\nmetadata_columns = []\n"
                    "change_data_feed = true\ncommit_interval = \"1ms\"\n",
                    s3::SharedMinio().endpoint(), access.access_key_id, access.secret_access_key, name));
    pipeline.MakeTopic(changes.topic());
    environment = fmt::format("AWS_ENDPOINT_URL='{}' AWS_ACCESS_KEY_ID='{}' AWS_SECRET_ACCESS_KEY='{}'",
                              s3::SharedMinio().endpoint(), access.access_key_id, access.secret_access_key);
  }

  std::string root() const { return "s3://warehouse/delta/" + table_name; }
  std::map<int64_t, nlohmann::json> RowsById() const {
    std::map<int64_t, nlohmann::json> rows;
    for (const nlohmann::json& row :
         AskPython("tests/support/delta_reader.py", {"rows", root()}, environment)) {
      if (!rows.emplace(row["id"], row).second) FAIL_CHECK("twice in the table: " << row.dump());
    }
    return rows;
  }

  worker::Pipeline pipeline;
  worker::Changes changes;
  std::string table_name, environment;
};

}  // namespace

TEST_CASE("a Delta table in a bucket has the source's rows and feed, workers killed or not") {
  DeltaBucket target("bucket");
  const SourceStream source = MakeStream(target.changes, 1'500, Seed());
  const size_t step = source.events.size() / 4;
  for (size_t at = 0; at < source.events.size(); at += step) {
    auto run = target.pipeline.Start("bucket", false);
    target.pipeline.Send(target.changes.topic(),
                         Part(source.events, at, std::min(at + step, source.events.size())));
    std::this_thread::sleep_for(std::chrono::milliseconds(150 + 97 * (at / step)));  // the moment of the kill
    run->Signal(SIGKILL);
    REQUIRE(run->Wait().signal == SIGKILL);
  }
  const worker::Ended ended = target.pipeline.Drain("bucket");
  INFO(ended.report.reason << ended.log);
  REQUIRE(ended.exit == 0);
  CHECK(target.RowsById() == source.rows);
  (void)AskPython("tests/support/delta_reader.py", {"feed", target.root()}, target.environment);
}

}  // namespace cdc::delta_sink
