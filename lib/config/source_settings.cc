/// \file lib/config/source_settings.cc
/// [source]: the database, and how the connector writes its changes.

#include "lib/config/setting_internal.h"

namespace cdc::config {
namespace {

void ReadSchemas(NodeReader& r, Source* source) {
  r.StringList("schemas", &source->schemas);
  if (source->schemas.empty()) r.Fail("schemas", "has no schema: write for example [\"public\"]");
}

}  // namespace

const std::vector<Setting<Source>>& SourceSettings() {
  static const std::vector<Setting<Source>> settings = {
      TextSetting("topic_prefix", &Source::topic_prefix, "Debezium's `topic.prefix`")
          .Required("\"university-server\"")
          .When(Applies::kOrchestrator),
      OwnSetting<Source>(
          "schemas", {.kind = ValueShape::Kind::kList}, ReadSchemas,
          [](const Source& source) { return ListText(source.schemas); }, "PostgreSQL schemas")
          .When(Applies::kOrchestrator),
      TextOrNoneSetting("dsn", &Source::dsn,
                        "libpq connection string: column types and keys for events without a schema. The "
                        "orchestrator looks at the replication slot with it, too (`cdc status`)")
          .Secret(),
      UrlSetting("connect_url", &Source::connect_url,
                 "of Kafka Connect's REST interface, `http://127.0.0.1:8083`: `cdc status`, `/health` and "
                 "`/metrics` tell when the connector or a task fails")
          .When(Applies::kAtOnce),
      ChoiceSetting(
          "decimal_handling", &Source::decimal_handling,
          {{"precise", DecimalHandling::kPrecise},
           {"string", DecimalHandling::kString},
           {"double", DecimalHandling::kDouble}},
          "the connector's `decimal.handling.mode`, for events without a schema: `precise`, `string`, "
          "`double`"),
      ChoiceSetting("time_precision", &Source::time_precision,
                    {{"adaptive", TimePrecision::kAdaptive},
                     {"adaptive_time_microseconds", TimePrecision::kAdaptiveTimeMicroseconds},
                     {"connect", TimePrecision::kConnect},
                     {"microseconds", TimePrecision::kMicroseconds},
                     {"nanoseconds", TimePrecision::kNanoseconds},
                     {"isostring", TimePrecision::kIsoString}},
                    "the same of `time.precision.mode`: `adaptive`, `adaptive_time_microseconds`, `connect`, "
                    "`microseconds`, `nanoseconds`, `isostring`"),
      ChoiceSetting("binary_handling", &Source::binary_handling,
                    {{"bytes", BinaryHandling::kBytes},
                     {"base64", BinaryHandling::kBase64},
                     {"base64-url-safe", BinaryHandling::kBase64Url},
                     {"hex", BinaryHandling::kHex}},
                    "the same of `binary.handling.mode`: `bytes`, `base64`, `base64-url-safe`, `hex`"),
      TextSetting("unavailable_placeholder", &Source::unavailable_placeholder,
                  "`unavailable.value.placeholder` of the connector, also as `hex:…`"),
  };
  return settings;
}

}  // namespace cdc::config
