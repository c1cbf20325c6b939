/// bench/stages: one stage of the worker at a time, in memory or on local files, on one thread. An item is an
/// event, a row, a key or a position. `--benchmark_filter=index` and the like choose; CDC_BENCH_KEYS
/// (10,000,000) sizes the index.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <numeric>

#include "bench/event_source.h"
#include "lib/change/fold.h"
#include "jobs/source/table_shape.h"
#include "lib/event/connect_schema.h"
#include "lib/event/envelope.h"
#include "lib/event/row_decoder.h"
#include "lib/index/commit_journal.h"
#include "lib/parquet/data_file_writer.h"
#include "lib/parquet/position_deletes.h"

namespace cdc::bench {
namespace {

/// A file that goes nowhere: what is measured is making the bytes.
class NoFile final : public storage::Writer {
 public:
  Status Write(std::string_view bytes) override {
    benchmark::DoNotOptimize(bytes.data());
    return {};
  }
  Status Close() override { return {}; }
};

/// Events of a load, and the columns that they are decoded into.
struct Decoding {
  explicit Decoding(const EventShape& shape) {
    EventSource source(shape);
    while (const auto event = source.Next()) {
      if (event->value) values.emplace_back(*event->value);
    }
    worker::Declarations declared;
    declared.table = shape.table;
    declared.columns = {{"birth_date", "date"},
                        {"gpa", "numeric(3,2)"},
                        {"enrolled_at", "timestamp"},
                        {"updated_at", "timestamptz"}};
    event::EnvelopeParser parser;
    const auto first = parser.Parse(values.front()).value();
    auto columns = first.schema.empty() ? worker::ColumnsOfObjects({first.after}, declared, nullptr)
                                        : worker::ColumnsOfSchema(first.schema, declared);
    auto made = worker::NewTableSchema(columns.value(), {"id"}, {}, {}).value();
    for (size_t i = 0; i < made.fields.size(); ++i) made.fields[i].id = static_cast<int>(i) + 1;
    schema = std::make_shared<const rows::Schema>(std::move(made));
    decoder = std::make_unique<event::RowDecoder>(std::move(columns.value()), *schema, &placeholder);
  }

  void Decode(rows::Batch* batch) {
    for (const std::string& value : values) {
      const auto envelope = envelopes.Parse(value);
      if (!envelope || decoder->Decode(envelope->after, batch) != event::RowOutcome::kWhole) std::abort();
    }
  }

  std::vector<std::string> values;
  std::shared_ptr<const rows::Schema> schema;
  event::Placeholder placeholder;
  event::EnvelopeParser envelopes;
  std::unique_ptr<event::RowDecoder> decoder;
};

EventShape Shape(int64_t rows, int columns, bool schema) {
  EventShape shape;
  shape.snapshot = rows;
  shape.columns = columns;
  shape.schema = schema;
  return shape;
}

void Items(benchmark::State& state, size_t per_iteration) {
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(per_iteration));
}

void Decode(benchmark::State& state, int columns, bool schema) {
  Decoding decoding(Shape(10'000, columns, schema));
  rows::Batch batch(decoding.schema);
  for (auto _ : state) {
    batch.Truncate(0);
    decoding.Decode(&batch);
  }
  Items(state, decoding.values.size());
}
BENCHMARK_CAPTURE(Decode, schemaless, 12, false);
BENCHMARK_CAPTURE(Decode, with_schema, 12, true);
BENCHMARK_CAPTURE(Decode, wide_150_columns, 150, false);

Hash128 Key(uint64_t n) { return HashBytes({reinterpret_cast<const char*>(&n), sizeof n}); }

/// A batch's worth of changes folded per key. \param keys among which they choose
void FoldChanges(benchmark::State& state) {
  const auto keys = static_cast<uint64_t>(state.range(0));
  constexpr uint32_t kChanges = 100'000;
  std::mt19937_64 random(1);
  std::vector<Hash128> changes;
  for (uint32_t i = 0; i < kChanges; ++i) changes.push_back(Key(random() % keys));
  const auto schema = std::make_shared<const rows::Schema>();
  worker::Fold fold(schema);
  for (auto _ : state) {
    fold.Reset(schema);
    for (uint32_t i = 0; i < kChanges; ++i) fold.Upsert(changes[i], i, false);
  }
  Items(state, kChanges);
}
BENCHMARK(FoldChanges)->Arg(1'000)->Arg(10'000'000);

/// Whole files: of a bulk load, and of a commit a second.
void ParquetWrite(benchmark::State& state) {
  Decoding decoding(Shape(state.range(0), 12, false));
  rows::Batch batch(decoding.schema);
  decoding.Decode(&batch);
  std::vector<uint32_t> numbers(batch.rows());
  std::iota(numbers.begin(), numbers.end(), 0u);
  int64_t bytes = 0;
  for (auto _ : state) {
    auto writer =
        parquet::DataFileWriter::Make(std::make_unique<NoFile>(), "/t/data.parquet", decoding.schema).value();
    if (!writer->Write(batch, numbers)) std::abort();
    const auto file = writer->Close();
    if (!file) std::abort();
    bytes = file->file_size_in_bytes;
  }
  Items(state, numbers.size());
  state.counters["bytes_per_row"] = static_cast<double>(bytes) / static_cast<double>(numbers.size());
}
BENCHMARK(ParquetWrite)->Arg(100'000)->Arg(1'000)->Arg(1);

void PositionDeletes(benchmark::State& state) {
  std::vector<int64_t> positions;
  for (int64_t i = 0; i < state.range(0); ++i) positions.push_back(i * 3 + i % 2);
  for (auto _ : state) {
    const std::string data = "/warehouse/university/students-1a2b3c/data/0123456789ab-data.parquet";
    if (!parquet::WritePositionDeletes(std::make_unique<NoFile>(), "/t/d.parquet", data, positions))
      std::abort();
  }
  Items(state, positions.size());
}
BENCHMARK(PositionDeletes)->Arg(100)->Arg(30'000)->Arg(1'000'000);

/// An index of CDC_BENCH_KEYS keys in a folder that goes with the program.
class FullIndex {
 public:
  static FullIndex& Get() {
    static FullIndex one;
    return one;
  }
  uint64_t keys() const { return keys_; }
  const std::filesystem::path& folder() const { return folder_; }
  index::KeyIndex& index() { return *index_; }

 private:
  FullIndex() {
    if (const char* given = std::getenv("CDC_BENCH_KEYS")) keys_ = std::strtoull(given, nullptr, 10);
    std::string name = (std::filesystem::temp_directory_path() / "cdc-bench-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    index_ = std::move(index::KeyIndex::Create(folder_, {"bench", 1}).value());
    for (uint64_t i = 0; i < keys_; ++i) {
      if (!index_->Put(Key(i), {1, static_cast<uint32_t>(i)})) std::abort();
    }
  }
  ~FullIndex() { std::filesystem::remove_all(folder_); }

  uint64_t keys_ = 10'000'000;
  std::filesystem::path folder_;
  std::unique_ptr<index::KeyIndex> index_;
};

/// As a commit does it: where are a batch's keys, then their new places. 70 % are there already.
void IndexLookupAndPut(benchmark::State& state) {
  FullIndex& full = FullIndex::Get();
  constexpr size_t kBatch = 100'000;
  std::mt19937_64 random(7);
  std::vector<Hash128> keys(kBatch);
  std::vector<index::Location> found(kBatch);
  index::CommitIntent intent;
  uint64_t fresh = full.keys();
  for (auto _ : state) {
    state.PauseTiming();
    intent.changes.clear();
    for (size_t i = 0; i < kBatch; ++i) {
      keys[i] = Key(random() % 10 < 7 ? random() % full.keys() : fresh++);
      intent.changes.push_back({keys[i], {2, static_cast<uint32_t>(i)}});
    }
    state.ResumeTiming();
    if (!full.index().FindMany(keys, found)) std::abort();
    benchmark::DoNotOptimize(found.data());
    if (!index::Apply(intent, &full.index())) std::abort();
  }
  Items(state, kBatch);
  state.counters["bytes_per_key"] =
      static_cast<double>(full.index().file_bytes()) / static_cast<double>(full.index().size());
}
BENCHMARK(IndexLookupAndPut)->Iterations(20)->Unit(benchmark::kMillisecond);

/// The first batch of a run: each part of the file is checked before it is looked at.
void IndexFirstLook(benchmark::State& state) {
  FullIndex& full = FullIndex::Get();
  constexpr size_t kBatch = 100'000;
  std::mt19937_64 random(8);
  std::vector<Hash128> keys(kBatch);
  std::vector<index::Location> found(kBatch);
  for (auto _ : state) {
    state.PauseTiming();
    for (Hash128& key : keys) key = Key(random() % full.keys());
    const auto index = index::KeyIndex::Open(full.folder(), index::BootId());
    state.ResumeTiming();
    if (!index || !(*index)->FindMany(keys, found)) std::abort();
    benchmark::DoNotOptimize(found.data());
  }
  Items(state, kBatch);
}
BENCHMARK(IndexFirstLook)->Iterations(20)->Unit(benchmark::kMillisecond);

void IndexOpen(benchmark::State& state) {
  const auto& folder = FullIndex::Get().folder();
  for (auto _ : state) {
    auto index = index::KeyIndex::Open(folder, index::BootId());
    if (!index || !(*index)->Find(Key(5))) std::abort();
  }
}
BENCHMARK(IndexOpen)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace cdc::bench

BENCHMARK_MAIN();
