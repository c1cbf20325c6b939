#include "lib/kafka/mock_broker.h"

#include <fmt/core.h>

#include "lib/kafka/handle_internal.h"

// Needs rdkafka.h before it.
#include <librdkafka/rdkafka_mock.h>

namespace cdc::kafka {
namespace {

constexpr int kBrokerId = 1;
// Request keys of Kafka's protocol.
constexpr int16_t kProduceKey = 0;
constexpr int16_t kFetchKey = 1;

struct ReleaseCluster {
  void operator()(rd_kafka_mock_cluster_t* p) const { rd_kafka_mock_cluster_destroy(p); }
};

}  // namespace

struct MockBroker::Impl {
  Handle<rd_kafka_t> host;  ///< an idle client that owns nothing but the cluster's threads
  std::unique_ptr<rd_kafka_mock_cluster_t, ReleaseCluster> cluster;
  std::string bootstrap_servers;

  void Push(int16_t key, rd_kafka_resp_err_t code, int count) {
    const std::vector<rd_kafka_resp_err_t> codes(static_cast<size_t>(count), code);
    rd_kafka_mock_push_request_errors_array(cluster.get(), key, codes.size(), codes.data());
  }
};

MockBroker::MockBroker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MockBroker::~MockBroker() = default;

Result<std::unique_ptr<MockBroker>> MockBroker::Start() {
  auto impl = std::make_unique<Impl>();
  Config config(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(config.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
  CDC_ASSIGN(impl->host, MakeClient(RD_KAFKA_PRODUCER, std::move(config)));
  impl->cluster.reset(rd_kafka_mock_cluster_new(impl->host.get(), /*broker_cnt=*/1));
  if (!impl->cluster) return Error{ErrorKind::kTransient, "Starting librdkafka's mock cluster: it refused"};
  impl->bootstrap_servers = rd_kafka_mock_cluster_bootstraps(impl->cluster.get());
  return std::unique_ptr<MockBroker>(new MockBroker(std::move(impl)));
}

const std::string& MockBroker::bootstrap_servers() const { return impl_->bootstrap_servers; }

Status MockBroker::CreateTopic(const std::string& topic, int partitions) {
  const auto code =
      rd_kafka_mock_topic_create(impl_->cluster.get(), topic.c_str(), partitions, /*replication=*/1);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return MakeError(code, fmt::format("Creating topic {} with {} partitions", topic, partitions));
}

void MockBroker::SetDown() { rd_kafka_mock_broker_set_down(impl_->cluster.get(), kBrokerId); }
void MockBroker::SetUp() { rd_kafka_mock_broker_set_up(impl_->cluster.get(), kBrokerId); }
void MockBroker::SetRoundTrip(std::chrono::milliseconds delay) {
  rd_kafka_mock_broker_set_rtt(impl_->cluster.get(), kBrokerId, TimeoutMs(delay));
}
void MockBroker::FailProduce(int count) {
  impl_->Push(kProduceKey, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, count);
}
void MockBroker::RefuseSize(int count) {
  impl_->Push(kProduceKey, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, count);
}
void MockBroker::FailFetchOutOfRange(int count) {
  impl_->Push(kFetchKey, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, count);
}
void MockBroker::FailFetch(int count) {
  impl_->Push(kFetchKey, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, count);
}

}  // namespace cdc::kafka
