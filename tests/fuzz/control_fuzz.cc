/// What processes say to each other, what a worker writes into snapshots, and what clients ask the HTTP
/// server.

#include "cli/record_line.h"
#include "lib/contract/control.h"
#include "lib/contract/event_times.h"
#include "lib/contract/job_message.h"
#include "lib/contract/key_changes.h"
#include "lib/contract/last_records.h"
#include "lib/contract/ledger.h"
#include "lib/contract/overview.h"
#include "lib/contract/record_ranges.h"
#include "lib/contract/report.h"
#include "lib/inspection/connect_answer.h"
#include "orchestrator/http_hosts.h"
#include "orchestrator/request.h"
#include "tests/fuzz/target.h"

namespace cdc::contract {
namespace {

using fuzz::Require;

/// What can be read is written in a form that reads as the same.
template <typename Decode, typename Encode>
void RoundTrip(std::string_view bytes, Decode decode, Encode encode, const char* what) {
  const auto value = decode(bytes);
  if (!value) return;
  const std::string written = encode(*value);
  const auto again = decode(written);
  Require(again && encode(*again) == written, what);
}

}  // namespace

/// Lines of the control socket and of a worker's descriptor 3, and a worker's report.
FUZZ_TARGET(control) {
  RoundTrip(bytes, DecodeRequest, EncodeRequest, "a request");
  (void)DecodeAnswer(bytes);
  RoundTrip(bytes, DecodeMessage, EncodeMessage, "a message");
  RoundTrip(bytes, DecodeCommand, EncodeCommand, "a command");
  RoundTrip(bytes, DecodeReport, EncodeReport, "a report");
  if (const auto tables = DecodeStatus(bytes)) (void)EncodeStatus(*tables, 1'700'000'000'000);
  if (const auto overview = DecodeOverview(bytes)) (void)EncodeOverview(*overview, 1'700'000'000'000);
}

/// Values of a snapshot's summary.
FUZZ_TARGET(snapshot_value) {
  RoundTrip(
      bytes, DecodePartitionOffsets, [](const PartitionOffsets& v) { return EncodeOffsets(v); }, "offsets");
  RoundTrip(
      bytes, DecodeTopicOffsets, [](const TopicOffsets& v) { return EncodeOffsets(v); }, "offsets by topic");
  RoundTrip(bytes, DecodeLastRecords, EncodeLastRecords, "last records");
  RoundTrip(
      bytes, RecordRanges::Decode, [](const RecordRanges& v) { return v.Encode(); }, "record ranges");
  RoundTrip(bytes, DecodeKeyChanges, EncodeKeyChanges, "key changes");
  RoundTrip(bytes, DecodeEventTimes, EncodeEventTimes, "event times");
}

/// A request's target and Host, and what Kafka Connect answers.
FUZZ_TARGET(http_request) {
  if (const auto target = orchestrator::ParseTarget(bytes)) {
    (void)orchestrator::ParseSelection(target->query);
    (void)orchestrator::Matches("/jobs/*/events", target->path);
  }
  static const orchestrator::HttpHosts hosts("127.0.0.1:8081", {"cdc.example"});
  static const orchestrator::HttpHosts everywhere("0.0.0.0:8081", {});
  (void)hosts.Judge(bytes);
  (void)everywhere.Judge(bytes);
  (void)inspection::ReadConnectors(bytes, "prefix");
}

/// A line of a file that `cdc produce` sends.
FUZZ_TARGET(record_line) { (void)cli::ParseRecordLine(bytes); }

}  // namespace cdc::contract
