#include "jobs/source/event_facts.h"

#include "lib/event/envelope.h"

namespace cdc::source {

using expression::ContextFunction;

namespace {

std::string_view WordOf(char op) {
  switch (op) {
    case 'c': return "INSERT";
    case 'u': return "UPDATE";
    case 'd': return "DELETE";
    default: return "READ";
  }
}

}  // namespace

EventContext::EventContext(std::string table, std::string pipeline)
    : table_(std::move(table)), pipeline_(std::move(pipeline)) {
  for (size_t i = 0; i < expression::kContextFunctionCount; ++i)
    columns_.emplace_back(TypeOf(static_cast<ContextFunction>(i)));
  for (size_t i = 0; i < columns_.size(); ++i) {
    columns_[i].AppendNull();
    context_.slots[i] = {&columns_[i], true};
  }
  Put(ContextFunction::kTableName, table_);
  Put(ContextFunction::kPipeline, pipeline_);
}

void EventContext::Need(const expression::ContextFunctions& functions) {
  for (size_t i = 0; i < expression::kContextFunctionCount; ++i) {
    if (functions.has(static_cast<ContextFunction>(i))) needed_.Add(static_cast<ContextFunction>(i));
  }
}

void EventContext::Put(ContextFunction function, std::optional<int64_t> value) {
  rows::Column& column = columns_[static_cast<size_t>(function)];
  column.Clear();
  if (value)
    column.AppendLong(*value);
  else
    column.AppendNull();
}

void EventContext::Put(ContextFunction function, std::string_view value) {
  rows::Column& column = columns_[static_cast<size_t>(function)];
  column.Clear();
  column.AppendBytes(value);
}

void EventContext::SetOperation(char op) {
  if (needs(ContextFunction::kOp)) Put(ContextFunction::kOp, std::string_view(&op, 1));
  if (needs(ContextFunction::kOperation)) Put(ContextFunction::kOperation, WordOf(op));
}

void EventContext::SetRemoval() { SetOperation('d'); }

void EventContext::Set(const EventFacts& facts) {
  event_time_ = facts.event_time;
  lacks_old_row_ = facts.lacks_old_row;
  if (needed_.empty()) return;
  SetOperation(facts.op);
  if (needs(ContextFunction::kEventTime)) Put(ContextFunction::kEventTime, facts.event_time);
  if (needs(ContextFunction::kNow)) Put(ContextFunction::kNow, facts.now);
  if (needs(ContextFunction::kIngestionTime)) Put(ContextFunction::kIngestionTime, facts.now);
  if (needs(ContextFunction::kKafkaTime)) {
    Put(ContextFunction::kKafkaTime,
        facts.kafka_ms < 0 ? std::optional<int64_t>() : std::optional(facts.kafka_ms * 1000));
  }
  if (!needs(ContextFunction::kLsn) && !needs(ContextFunction::kSourceTimeMs)) return;
  std::optional<int64_t> lsn, time;
  if (const auto source = event::ParseSource(facts.source)) {
    if (source->lsn > 0) lsn = source->lsn;
    if (source->ts_ms > 0) time = source->ts_ms;
  }
  if (needs(ContextFunction::kLsn)) Put(ContextFunction::kLsn, lsn);
  if (needs(ContextFunction::kSourceTimeMs)) Put(ContextFunction::kSourceTimeMs, time);
}

}  // namespace cdc::source
