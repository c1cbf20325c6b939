/// Answers of catalogs and object stores.

#include <nlohmann/json.hpp>

#include "lib/iceberg/rest_json.h"
#include "lib/rest/answer_internal.h"
#include "lib/rest/token_internal.h"
#include "lib/rest/vended_internal.h"
#include "lib/rest/wire_internal.h"
#include "lib/s3/answer.h"
#include "lib/s3/xml.h"
#include "tests/fuzz/target.h"

namespace cdc {
namespace {

void UseVended(rest::Vended vended) {
  const auto properties = rest::PropertiesFor(vended, "s3://bucket/warehouse/t");
  (void)rest::ExpiresAt(properties, 1'700'000'000'000);
  (void)rest::FreshnessOf(properties, 1'700'000'000'000, 1'700'000'001'000);
}

}  // namespace

/// Bodies of a REST catalog, each as every answer that it could be.
FUZZ_TARGET(rest_answer) {
  if (const auto answer = iceberg::ParseTableAnswer(bytes, nullptr)) {
    UseVended({answer->config, answer->credentials, 0});
    const auto again = iceberg::ParseTableAnswer(bytes, answer->metadata.get());
    fuzz::Require(again && iceberg::TableMetadataToJson(*again->metadata) ==
                               iceberg::TableMetadataToJson(*answer->metadata),
                  "an answer is the same beside what is known");
  }
  if (const auto credentials = iceberg::ParseCredentialsAnswer(bytes)) UseVended({{}, *credentials, 0});
  if (const auto config = rest::ParseServerConfig(bytes, {{"warehouse", "w"}})) {
    (void)config->PathsFrom("http://127.0.0.1:1").Table({"a.b", "t"});
    (void)config->StorageDefaults();
    (void)config->ExtraHeaders();
    (void)config->offers_credentials();
  }
  (void)rest::ParseTokenAnswer(bytes);
  (void)rest::TokenErrorIn(bytes, "secret");
  for (const int status : {200, 400, 401, 403, 404, 409, 429, 500, 503}) {
    const rest::CallRules commit{"committing", true, false};
    (void)rest::JudgeAnswer(
        commit, {status, {{"retry-after", std::string(bytes.substr(0, 40))}}, std::string(bytes)});
  }
  (void)rest::ParseIsoDuration(bytes);
}

/// Documents of an object store.
FUZZ_TARGET(s3_answer) {
  (void)s3::ParseXml(bytes);
  const s3::Access access;
  for (const int status : {200, 400, 403, 404, 500, 503}) {
    http::Response response;
    response.status = status;
    response.body = bytes;
    (void)s3::Judge(response, {"writing s3://b/k", "b", &access, true});
  }
}

}  // namespace cdc
