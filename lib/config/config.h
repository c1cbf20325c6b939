#pragma once

/// \file lib/config/config.h
/// tables.toml as an immutable value: parsed, validated as a whole, every path absolute.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/config/problems.h"
#include "lib/contract/connector.h"
#include "lib/contract/names.h"
#include "lib/core/clock.h"
#include "lib/core/result.h"

namespace cdc::config {

struct Kafka {
  std::string bootstrap_servers;
  std::string group_id = "cdc-orchestrator";
  std::map<std::string, std::string> properties;  ///< librdkafka's, passed on as they are
  friend bool operator==(const Kafka&, const Kafka&) = default;
};

using contract::BinaryHandling;
using contract::DecimalHandling;
using contract::TimePrecision;

struct Source {
  std::string topic_prefix;
  std::vector<std::string> schemas = {"public"};
  std::string dsn;  ///< libpq connection string; empty: none. A secret: never log it.
  std::string
      connect_url;  ///< http(s)://… of Kafka Connect's REST interface; empty: none. May hold a password.
  // How the connector writes what events without a schema do not explain. Defaults are Debezium's.
  DecimalHandling decimal_handling = DecimalHandling::kPrecise;
  TimePrecision time_precision = TimePrecision::kAdaptive;
  BinaryHandling binary_handling = BinaryHandling::kBytes;
  std::string unavailable_placeholder{contract::kUnavailablePlaceholder};
  friend bool operator==(const Source&, const Source&) = default;
};

enum class CatalogType { kSqlite, kRest };

struct Catalog {
  CatalogType type = CatalogType::kSqlite;
  std::string uri;                       ///< sqlite: absolute path of the file; rest: http(s)://…
  std::string name = "iceberg_catalog";  ///< sqlite: catalog_name; rest: warehouse, may be empty
  /// Absolute path, file:// and an absolute path, or s3://bucket/path, without a slash at the end. rest:
  /// where new tables are put; empty: where the server chooses.
  std::string warehouse;
  std::string name_space = "default";  ///< key `namespace`
  // rest only
  std::string credential;         ///< OAuth2 client_id:client_secret. A secret: never log it.
  std::string token;              ///< bearer token, wins over credential. A secret.
  std::string scope;              ///< of the OAuth2 token; empty: the client's default
  std::string oauth2_server_uri;  ///< empty: the catalog's own
  std::string ca_file;            ///< absolute path of trusted certificates (PEM); empty: the system's
  friend bool operator==(const Catalog&, const Catalog&) = default;
};

/// Object store of s3:// paths. What is empty comes from the catalog's vended credentials.
struct Storage {
  std::string endpoint;  ///< http(s)://host:port; empty: AWS
  std::string region;
  std::string access_key_id;
  std::string secret_access_key;  ///< a secret: never log it
  std::string session_token;      ///< a secret
  std::optional<bool> path_style;
  std::string ca_file;  ///< absolute path of trusted certificates (PEM); empty: the system's
  friend bool operator==(const Storage&, const Storage&) = default;
};

struct Orchestrator {
  std::filesystem::path state_dir;  ///< absolute; its layout: lib/contract/state_layout.h
  Millis rate_limit{30'000};
  Millis idle_timeout{60'000};
  int max_jobs = 16;
  std::string listen = "127.0.0.1:8081";  ///< health and metrics; empty: none
  std::vector<std::string> host_names;    ///< further names that HTTP clients may call it by
  bool actions = false;                   ///< HTTP clients that have the token may start, pause … tables
  bool share = false;  ///< orchestrators of the same group_id share the tables
  std::string name;    ///< what the others call it, where they share; empty: the host's name
  friend bool operator==(const Orchestrator&, const Orchestrator&) = default;
};

/// Name of the sink that [catalog] and [storage] make: Iceberg tables.
inline constexpr std::string_view kIcebergSink = "iceberg";

enum class SinkType { kPostgres, kDelta };

/// [sinks.<name>]: another store that tables can be written to.
struct Sink {
  SinkType type = SinkType::kPostgres;
  std::string dsn;                ///< kPostgres: libpq connection string. A secret: never log it.
  std::string schema = "public";  ///< kPostgres: schema of its tables
  /// kDelta: folder of its tables' folders: absolute path, file:// and one, or s3://bucket/path, without a slash at the end
  std::string path;
  friend bool operator==(const Sink&, const Sink&) = default;
};

/// A column that the worker adds.
struct MetadataColumn {
  std::string name;   ///< in the table
  std::string value;  ///< what fills it: an expression over the event, like "op()"; without columns of the row
  friend bool operator==(const MetadataColumn&, const MetadataColumn&) = default;
};

enum class Mode { kUpsert, kAppend };
enum class OnError { kDlq, kStop };
enum class OnTypeChange { kHold, kRewrite };
/// What a row's deletion at the source does in the sink: the row goes, or it stays and is marked.
enum class Deletes { kHard, kSoft };
/// How a change is written in its topic.
enum class Envelope {
  kDebezium,
  kPlain,  ///< {"op","before","after","timestamp"}
};
/// Which of two changes of one row is the newer one.
enum class OrderBy { kOffset, kEventTime };

/// A column of the table and the expression over the source's row that fills it.
struct SelectedColumn {
  std::string name;        ///< in the table
  std::string expression;  ///< docs/expressions.md
  friend bool operator==(const SelectedColumn&, const SelectedColumn&) = default;
};

/// What makes a table one of counts: a row for each window of event time and each group.
struct Counts {
  Millis window{0};                ///< length of a window; windows begin at multiples of it since 1970
  std::vector<SelectedColumn> by;  ///< the groups; empty: one for each window
  friend bool operator==(const Counts&, const Counts&) = default;
};

/// One table with `[defaults]` applied.
struct Table {
  std::string name;  ///< as in tables.toml: "faculty" or "public.faculty"
  /// Where its events may be, in order of preference; the first that exists in Kafka is the table's topic.
  /// More than one only when `name` has no schema and `[source] schemas` lists several.
  std::vector<std::string> topics;
  /// `topic` was written for this table: it takes whatever that carries, other source tables' rows included.
  bool topic_given = false;
  /// Source table where the entry has another name, written as an entry would be; empty: `name` is it. Such
  /// an entry shares its topic with every other that reads it.
  std::string from;
  std::string sink{kIcebergSink};  ///< kIcebergSink, or a key of Config::sinks
  std::string target;              ///< name in the sink; empty: see TargetName() in table_names.h
  std::string dead_letters;        ///< topic; empty: `<topic>.dlq`. Ask dead_letter_topic().
  std::optional<std::vector<std::string>> key;  ///< columns; nothing: the key of the events
  Envelope envelope = Envelope::kDebezium;
  std::string event_time;             ///< member of the event, or column, with its own time; empty: none
  std::optional<Millis> lateness;     ///< behind a partition's highest event time; nothing: no event is late
  OrderBy order_by = OrderBy::kOffset;
  /// The table's columns; nothing: the source's.
  std::optional<std::vector<SelectedColumn>> select;
  std::string where;             ///< condition on the source's row; empty: every row
  std::optional<Counts> counts;  ///< it is a table of [counts.<name>]; `from` is what is counted
  std::string job = "upsert";
  Mode mode = Mode::kUpsert;
  int format_version = 2;
  Millis commit_interval{1'000};
  std::vector<MetadataColumn> metadata_columns = {{"ingestion_time", "ingestion_time()"}};
  std::map<std::string, std::string>
      columns;  ///< source's column → type in PostgreSQL's words; [defaults] are merged in
  std::map<std::string, std::string> column_names;  ///< source's column → its name in the table; merged too
  OnError on_error = OnError::kDlq;
  OnTypeChange on_type_change = OnTypeChange::kHold;
  Deletes deletes = Deletes::kHard;
  bool change_data_feed = false;  ///< Delta tables: each version says how each row changed
  int64_t memory = 256 << 20;  ///< bytes: budget of the worker's resident memory less the mapped index
  int64_t target_file_size = 128 << 20;  ///< bytes
  int snapshot_keep = 10;                ///< newest snapshots that are never expired
  Millis snapshot_age{3'600'000};        ///< older ones beyond snapshot_keep are expired
  friend bool operator==(const Table&, const Table&) = default;

  bool in_iceberg() const { return sink == kIcebergSink; }
  /// Its rows are other than the source's: some are left out, or they are counts.
  bool has_other_rows() const { return !where.empty() || counts.has_value(); }
  /// Where changes go that cannot be applied, of those in `topic`, one of `topics`.
  std::string dead_letter_topic(std::string_view topic) const;
};

/// Immutable; copy freely, share between threads.
struct Config {
  std::filesystem::path file;  ///< absolute path of tables.toml
  std::string text;            ///< what it held; may have secrets in it
  Kafka kafka;
  Source source;
  Catalog catalog;
  Storage storage;
  std::map<std::string, Sink> sinks;  ///< by name; kIcebergSink is not among them
  Orchestrator orchestrator;
  bool discover = false;      ///< [defaults] discover: every table of the schemas, listed or not
  Table defaults;             ///< without name and topics
  std::vector<Table> tables;  ///< the listed ones, in the file's order
  // Of those, so that nothing has to be searched for among thousands.
  std::map<std::string, size_t, std::less<>> table_numbers;  ///< name → where it stands in `tables`
  /// Name in Iceberg that an entry has if no other wants it (TargetName) → entries that want it.
  std::map<std::string, std::vector<std::string>, std::less<>> iceberg_claims;
  std::map<std::string, std::string, std::less<>> table_of_topic;  ///< of the listed tables without `from`
  /// Listed tables with `from`, in the file's order.
  std::map<std::string, std::vector<std::string>, std::less<>> copies_of_topic;

  /// Settings of a listed table, or with `discover` of any table.
  /// \return kNotFound: not listed; the hint is the line to add.
  Result<Table> FindTable(std::string_view name) const;
  /// Null: not listed.
  const Table* FindListed(std::string_view name) const;

  std::set<std::string, std::less<>> dead_letter_topics;  ///< those that `dead_letters` names

  /// Which tables read a topic, whichever way they are listed: at most one without `from`, and any number
  /// with it. Empty: none of ours, or not listed. Several topics may be candidates of one table
  /// (Table::topics).
  std::vector<std::string> TablesOfTopic(std::string_view topic) const;

  /// `topic` is under the prefix and schemas, whether or not its table is listed; dead-letter topics are not.
  bool Covers(std::string_view topic) const;

  /// `topic` is named as dead-letter topics are, or by `dead_letters` of `[defaults]` or a listed table.
  bool IsDeadLetters(std::string_view topic) const;

  /// Some table is written to Iceberg, or may be: [catalog] is needed.
  bool UsesIceberg() const;
  /// The table is written to a sink of that type; never of Iceberg's.
  bool IsIn(const Table& table, SinkType type) const;
};

/// Topics in which events of a table of this name may be, by preference: see Table::topics.
std::vector<std::string> TopicCandidates(const Config& config, std::string_view name);

/// Reads and validates `path`. Everything wrong with it is collected, not only the first thing.
/// \param problems all mistakes, in the file's order; empty on success
/// \return kInvalidConfig: at least one problem; the message is FormatProblems(*problems).
///         kNotFound: no such file; kTransient: it cannot be read just now.
Result<std::shared_ptr<const Config>> Load(const std::filesystem::path& path, Problems* problems = nullptr);

/// As Load() with the text given: `path` serves only relative paths and messages.
Result<std::shared_ptr<const Config>> Parse(std::string_view text, const std::filesystem::path& path,
                                            Problems* problems = nullptr);

}  // namespace cdc::config
