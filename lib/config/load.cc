#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "lib/config/config.h"
#include "lib/config/kafka_reader_internal.h"
#include "lib/config/lake_reader_internal.h"
#include "lib/config/node_reader_internal.h"
#include "lib/config/sink_reader_internal.h"
#include "lib/config/table_list_reader_internal.h"

namespace cdc::config {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;

fs::path Absolute(const fs::path& base, const std::string& path) { return (base / path).lexically_normal(); }

std::string WithoutLastSlash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

/// Reads one document into one Config.
class Loader {
 public:
  Loader(const toml::table& document, std::string_view text, const fs::path& file, Problems* problems)
      : document_(document),
        base_(file.parent_path()),
        problems_(problems),
        config_(std::make_shared<Config>()) {
    config_->file = file;
    config_->text = text;
  }

  std::shared_ptr<const Config> Load() {
    NodeReader top(&document_, "", problems_);
    ReadKafka(Section(top, "kafka"), &config_->kafka);
    ReadSource(Section(top, "source"));
    if (const toml::table* sinks = top.Child("sinks")) ReadSinks(*sinks, problems_, &config_->sinks);
    ReadOrchestrator(Section(top, "orchestrator"));
    ReadDefaults(Section(top, "defaults"), config_.get());
    if (const toml::table* tables = top.Child("tables")) ReadTables(*tables, problems_, config_.get());
    if (top.Has("catalog") || config_->UsesIceberg()) {
      ReadCatalog(Section(top, "catalog"), base_, &config_->catalog);
    }
    ReadStorage(Section(top, "storage"), base_, &config_->storage);
    CheckStorage(top);
    top.RejectUnknown();
    return config_;
  }

 private:
  NodeReader Section(NodeReader& top, const char* name) {
    return NodeReader(top.Child(name), name, problems_);
  }

  void ReadSource(NodeReader r) {
    Source& s = config_->source;
    r.Require("topic_prefix", "\"university-server\"");
    r.String("topic_prefix", &s.topic_prefix);
    r.StringList("schemas", &s.schemas);
    if (s.schemas.empty()) r.Fail("schemas", "has no schema: write for example [\"public\"]");
    r.String("dsn", &s.dsn, true);
    r.Choice<DecimalHandling>("decimal_handling",
                              {{"precise", DecimalHandling::kPrecise},
                               {"string", DecimalHandling::kString},
                               {"double", DecimalHandling::kDouble}},
                              &s.decimal_handling);
    r.Choice<TimePrecision>("time_precision",
                            {{"adaptive", TimePrecision::kAdaptive},
                             {"adaptive_time_microseconds", TimePrecision::kAdaptiveTimeMicroseconds},
                             {"connect", TimePrecision::kConnect},
                             {"microseconds", TimePrecision::kMicroseconds},
                             {"nanoseconds", TimePrecision::kNanoseconds},
                             {"isostring", TimePrecision::kIsoString}},
                            &s.time_precision);
    r.Choice<BinaryHandling>("binary_handling",
                             {{"bytes", BinaryHandling::kBytes},
                              {"base64", BinaryHandling::kBase64},
                              {"base64-url-safe", BinaryHandling::kBase64Url},
                              {"hex", BinaryHandling::kHex}},
                             &s.binary_handling);
    r.String("unavailable_placeholder", &s.unavailable_placeholder);
    r.RejectUnknown();
  }

  /// With a REST catalog the server may vend what is missing here.
  void CheckStorage(NodeReader& top) {
    const Catalog& c = config_->catalog;
    if (c.type != CatalogType::kSqlite || !c.warehouse.starts_with("s3")) return;
    if (config_->storage.access_key_id.empty()) {
      top.Fail("storage",
               "is needed for an s3:// warehouse: write endpoint, region, access_key_id and "
               "secret_access_key, for example access_key_id = \"${AWS_ACCESS_KEY_ID}\"");
    }
  }

  void ReadOrchestrator(NodeReader r) {
    Orchestrator& o = config_->orchestrator;
    std::string state_dir = "state";
    r.String("state_dir", &state_dir);
    o.state_dir = WithoutLastSlash(Absolute(base_, state_dir).string());
    r.Duration("rate_limit", Millis(0), hours(24), &o.rate_limit);
    r.Duration("idle_timeout", Millis(100), hours(24), &o.idle_timeout);
    int64_t max_jobs = o.max_jobs;
    r.Integer("max_jobs", 1, 1024, &max_jobs);
    o.max_jobs = static_cast<int>(max_jobs);
    r.String("listen", &o.listen, true);
    size_t colon = o.listen.rfind(':');
    unsigned port = 0;
    bool valid = o.listen.empty() || (colon != std::string::npos && colon > 0);
    if (valid && !o.listen.empty()) {
      const char* end = o.listen.data() + o.listen.size();
      auto parsed = std::from_chars(o.listen.data() + colon + 1, end, port);
      valid = parsed.ec == std::errc() && parsed.ptr == end && port > 0 && port < 65536;
    }
    if (!valid)
      r.Fail(
          "listen",
          fmt::format("\"{}\" is not allowed: write host:port, port 1 to 65535, or \"\" for none", o.listen));
    r.RejectUnknown();
  }

  const toml::table& document_;
  fs::path base_;
  Problems* problems_;
  std::shared_ptr<Config> config_;
};

}  // namespace

Result<std::shared_ptr<const Config>> Parse(std::string_view text, const fs::path& path, Problems* problems) {
  Problems local;
  Problems& found = problems ? *problems : local;
  found.clear();
  fs::path file = fs::absolute(path).lexically_normal();
  toml::parse_result parsed = toml::parse(text, file.string());
  std::shared_ptr<const Config> config;
  if (parsed) {
    config = Loader(parsed.table(), text, file, &found).Load();
  } else {
    const toml::parse_error& error = parsed.error();
    found.push_back(
        {static_cast<int>(error.source().begin.line), "", "not TOML: " + std::string(error.description())});
  }
  if (found.empty()) return config;
  std::stable_sort(found.begin(), found.end(),
                   [](const Problem& a, const Problem& b) { return a.line < b.line; });
  return Error{ErrorKind::kInvalidConfig, FormatProblems(path.string(), found)};
}

Result<std::shared_ptr<const Config>> Load(const fs::path& path, Problems* problems) {
  std::error_code ec;
  if (!fs::exists(path, ec)) {
    return Error{ErrorKind::kNotFound,
                 fmt::format("read configuration {}: {}", path.string(), ec ? ec.message() : "no such file"),
                 "name the file with --config"};
  }
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  if (!in.is_open() || in.bad() || fs::is_directory(path, ec)) {
    return Error{ErrorKind::kTransient, fmt::format("read configuration {}: not readable", path.string()),
                 "check the file's owner and mode"};
  }
  return Parse(text, path, problems);
}

}  // namespace cdc::config
