#include "lib/expression/context.h"

namespace cdc::expression {

std::string_view NameOf(ContextFunction function) {
  switch (function) {
    case ContextFunction::kOp: return "op";
    case ContextFunction::kOperation: return "operation";
    case ContextFunction::kEventTime: return "event_time";
    case ContextFunction::kSourceTimeMs: return "source_time_ms";
    case ContextFunction::kLsn: return "lsn";
    case ContextFunction::kKafkaTime: return "kafka_time";
    case ContextFunction::kNow: return "now";
    case ContextFunction::kIngestionTime: return "ingestion_time";
    case ContextFunction::kTableName: return "table_name";
    case ContextFunction::kPipeline: return "pipeline";
  }
  return "";
}

rows::Type TypeOf(ContextFunction function) {
  switch (function) {
    case ContextFunction::kOp:
    case ContextFunction::kOperation:
    case ContextFunction::kTableName:
    case ContextFunction::kPipeline: return rows::Type::Of(rows::TypeKind::kString);
    case ContextFunction::kSourceTimeMs:
    case ContextFunction::kLsn: return rows::Type::Of(rows::TypeKind::kLong);
    case ContextFunction::kEventTime:
    case ContextFunction::kKafkaTime:
    case ContextFunction::kNow:
    case ContextFunction::kIngestionTime: break;
  }
  return rows::Type::Of(rows::TypeKind::kTimestamptz);
}

}  // namespace cdc::expression
