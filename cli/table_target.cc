#include "cli/table_target.h"

#include <unistd.h>

#include <chrono>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/kafka_reading.h"
#include "lib/contract/control.h"
#include "lib/contract/ledger.h"
#include "lib/contract/state_layout.h"

namespace cdc::cli {
namespace {

constexpr std::chrono::seconds kKafkaPatience(15);
/// A worker is told, after 30 s terminated, after 30 s more killed.
constexpr std::chrono::seconds kWorkerPatience(90);

}  // namespace

Result<std::optional<contract::Loan>> Borrow(const config::Config& config, const std::string& table,
                                             const char* command) {
  const contract::StateLayout layout(config.orchestrator.state_dir);
  auto loan = contract::Loan::Take(layout.control_socket(), table,
                                   fmt::format("{} (process {})", command, ::getpid()), kWorkerPatience);
  if (loan) return std::optional<contract::Loan>(std::move(*loan));
  if (loan.error().kind == ErrorKind::kNotFound) return std::optional<contract::Loan>();
  return loan.error();
}

Result<TableTarget> TableTarget::Open(std::shared_ptr<const config::Config> config, const std::string& table,
                                      const char* command, bool to_change) {
  TableTarget target;
  target.config_ = std::move(config);
  CDC_ASSIGN(target.table_, target.config_->FindTable(table));
  if (!to_change) {
    CDC_ASSIGN(target.store_, OpenStore(target.config_, target.table_));
    return target;
  }
  CDC_ASSIGN(target.loan_, Borrow(*target.config_, table, command));
  const contract::StateLayout layout(target.config_->orchestrator.state_dir);
  auto lock = contract::LockFile::TryAcquire(layout.table_lock(table));
  if (!lock) {
    Error error = lock.error();
    if (error.kind == ErrorKind::kConflict) {
      error.message = fmt::format("Somebody works on {}: {}", table, error.message);
      error.hint = "wait for its end; a worker of another orchestrator leaves after `cdc stop` there";
    }
    return error;
  }
  target.lock_ = std::move(*lock);
  CDC_ASSIGN(target.store_, OpenStore(target.config_, target.table_));
  return target;
}

std::filesystem::path TableTarget::index_folder() const {
  return contract::StateLayout(config_->orchestrator.state_dir).table_index(table_.name);
}

Result<SourceTopic> TableTarget::FindTopic() const {
  CDC_ASSIGN(auto consumer, OpenConsumer(*config_));
  for (const std::string& name : table_.topics) {
    auto info = consumer->DescribeTopic(name, kKafkaPatience);
    if (!info && info.error().kind == ErrorKind::kNotFound) continue;
    if (!info) return info.error();
    SourceTopic topic;
    topic.name = name;
    CDC_ASSIGN(topic.cluster, consumer->ClusterId(kKafkaPatience));
    std::vector<kafka::TopicPartition> partitions;
    for (int32_t p = 0; p < info->partitions; ++p) partitions.push_back({name, p});
    CDC_ASSIGN(const auto marks, consumer->Watermarks(partitions, kKafkaPatience));
    if (marks.size() != partitions.size()) {
      return Error{ErrorKind::kTransient, fmt::format("Only {} of {} partitions of {} told their offsets",
                                                      marks.size(), partitions.size(), name)};
    }
    for (const auto& mark : marks) topic.places[mark.partition] = mark;
    return topic;
  }
  return Error{ErrorKind::kNotFound,
               fmt::format("No topic of {} exists: {}", table_.name, fmt::join(table_.topics, ", ")),
               "check [source] topic_prefix and the table's topic"};
}

Result<contract::TopicOffsets> TableTarget::WrittenOffsets(const std::string& doing,
                                                           const std::string& hint) {
  auto written = store_->WrittenOffsets();
  if (written || written.error().kind != ErrorKind::kNotFound) return written;
  return Error{ErrorKind::kNotFound, fmt::format("{} {}: {}", doing, table_.name, written.error().message),
               hint};
}

Status TableTarget::GoOnFrom(const SourceTopic& topic, const contract::PartitionOffsets& next) {
  CDC_TRY(store_->GoOnFrom(topic, next));
  return Finish(next);
}

Status TableTarget::Finish(const contract::PartitionOffsets& next) {
  lock_.reset();
  if (loan_) {
    loan_->Finish();
    loan_.reset();
    fmt::print("the orchestrator goes on with the table\n");
    return {};
  }
  const contract::StateLayout layout(config_->orchestrator.state_dir);
  auto ledger = contract::Ledger::OpenReadOnly(layout.ledger());
  if (!ledger && ledger.error().kind == ErrorKind::kNotFound) return {};
  CDC_ASSIGN(ledger, contract::Ledger::Open(layout.ledger()));
  auto record = ledger->FindTable(table_.name);
  if (!record && record.error().kind == ErrorKind::kNotFound) return {};
  if (!record) return record.error();
  record->state = record->paused ? "Paused" : "Idle";
  record->reason.clear();
  record->hint.clear();
  record->next_offsets = next;
  record->lag.reset();
  record->crashes = 0;
  record->retries = 0;
  record->due_ms = 0;
  return ledger->Save({*record});
}

std::string OffsetsText(const contract::PartitionOffsets& offsets) {
  std::string text;
  for (const auto& [partition, next] : offsets)
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", partition, next);
  return text.empty() ? "none" : text;
}

int NotConfirmed() {
  fmt::print("\nNothing was changed. The same command with --yes does it.\n");
  return kAttention;
}

}  // namespace cdc::cli
