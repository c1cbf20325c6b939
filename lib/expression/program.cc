#include "lib/expression/program.h"

#include <algorithm>
#include <cstring>

#include "lib/expression/code_internal.h"

namespace cdc::expression {
namespace {

/// Copies the cells of `count` rows from `first` on, then their values where there are any.
template <typename F>
void LoadEach(const rows::Column& from, uint32_t first, uint32_t count, Lane* lane, F value) {
  std::copy_n(from.cells().begin() + first, count, lane->cells.begin());
  for (uint32_t i = 0; i < count; ++i) value(first + i, i);
}

void LoadLane(const rows::Column& from, uint32_t first, uint32_t count, Lane* lane) {
  int64_t* const whole = lane->whole.data();
  switch (from.type().kind) {
    case rows::TypeKind::kBoolean:
      return LoadEach(from, first, count, lane,
                      [&](uint32_t row, uint32_t i) { whole[i] = from.fixed<uint8_t>(row) != 0 ? 1 : 0; });
    case rows::TypeKind::kInt:
    case rows::TypeKind::kDate:
      return LoadEach(from, first, count, lane,
                      [&](uint32_t row, uint32_t i) { whole[i] = from.fixed<int32_t>(row); });
    case rows::TypeKind::kLong:
    case rows::TypeKind::kTime:
    case rows::TypeKind::kTimestamp:
    case rows::TypeKind::kTimestamptz:
      return LoadEach(from, first, count, lane,
                      [&](uint32_t row, uint32_t i) { whole[i] = from.fixed<int64_t>(row); });
    case rows::TypeKind::kFloat:
      return LoadEach(from, first, count, lane, [&](uint32_t row, uint32_t i) {
        lane->real[i] = static_cast<double>(from.fixed<float>(row));
      });
    case rows::TypeKind::kDouble:
      return LoadEach(from, first, count, lane,
                      [&](uint32_t row, uint32_t i) { lane->real[i] = from.fixed<double>(row); });
    case rows::TypeKind::kDecimal:
      return LoadEach(from, first, count, lane, [&](uint32_t row, uint32_t i) {
        lane->numeric[i] = {from.fixed<Int128>(row), from.type().scale};
      });
    case rows::TypeKind::kString:
    case rows::TypeKind::kBinary:
      return LoadEach(from, first, count, lane,
                      [&](uint32_t row, uint32_t i) { lane->bytes[i] = from.bytes(row); });
    case rows::TypeKind::kUuid:
      return LoadEach(from, first, count, lane, [&](uint32_t row, uint32_t i) {
        lane->bytes[i] = {from.fixed_data().data() + size_t{row} * 16, 16};
      });
    case rows::TypeKind::kList: return LoadEach(from, first, count, lane, [](uint32_t, uint32_t) {});
  }
}

void LoadContext(const ContextSlot& slot, uint32_t first, uint32_t count, Lane* lane) {
  if (slot.column == nullptr) {
    std::fill_n(lane->cells.begin(), count, kNull);
    return;
  }
  if (!slot.same_for_all) return LoadLane(*slot.column, first, count, lane);
  LoadLane(*slot.column, 0, 1, lane);
  std::fill_n(lane->cells.begin(), count, lane->cells.front());
  if (!lane->whole.empty()) std::fill_n(lane->whole.begin(), count, lane->whole.front());
  if (!lane->bytes.empty()) std::fill_n(lane->bytes.begin(), count, lane->bytes.front());
}

/// Appends the lane's value at `i`; the reason why it does not fit the column.
Reason AppendValue(const Lane& lane, uint32_t i, rows::Column* out) {
  switch (out->type().kind) {
    case rows::TypeKind::kBoolean: out->AppendBoolean(lane.whole[i] != 0); break;
    case rows::TypeKind::kInt:
    case rows::TypeKind::kDate: out->AppendInt(static_cast<int32_t>(lane.whole[i])); break;
    case rows::TypeKind::kLong:
    case rows::TypeKind::kTime:
    case rows::TypeKind::kTimestamp:
    case rows::TypeKind::kTimestamptz: out->AppendLong(lane.whole[i]); break;
    case rows::TypeKind::kFloat: out->AppendFloat(static_cast<float>(lane.real[i])); break;
    case rows::TypeKind::kDouble: out->AppendDouble(lane.real[i]); break;
    case rows::TypeKind::kDecimal: {
      Numeric fitted;
      const NumericError error = Fit(lane.numeric[i], out->type().precision, out->type().scale, &fitted);
      if (error != NumericError::kNone) return ReasonOf(error);
      out->AppendDecimal(fitted.unscaled);
      break;
    }
    case rows::TypeKind::kString:
    case rows::TypeKind::kBinary: {
      // One copy; AppendBytes() copies byte by byte.
      const std::string_view text = lane.bytes[i];
      char* const at = out->AppendBytesUninitialized(text.size());
      if (!text.empty()) std::memcpy(at, text.data(), text.size());
      break;
    }
    case rows::TypeKind::kUuid: {
      char bytes[16];
      lane.bytes[i].copy(bytes, sizeof(bytes));
      out->AppendUuid(bytes);
      break;
    }
    case rows::TypeKind::kList: break;
  }
  return Reason::kNone;
}

/// \param first the batch's row that row 0 of the lane is
void Store(const Lane& lane, uint32_t first, uint32_t count, rows::Column* out,
           std::vector<RowError>* errors) {
  for (uint32_t row = 0; row < count; ++row) {
    const uint32_t i = row & lane.mask;
    const CellState cell = lane.cells[i];
    Failure failure;
    if (cell == kValue) {
      failure.reason = AppendValue(lane, i, out);
      if (failure.reason == Reason::kNone) continue;
    } else if (cell == kFailed) {
      failure = lane.failures[i];
    } else if (cell == kUnavailable) {
      out->AppendUnavailable();
      continue;
    }
    out->AppendNull();
    if (failure.reason != Reason::kNone) errors->push_back({first + row, Describe(failure)});
  }
}

}  // namespace

void RunOperation(const Operation& operation, uint32_t rows, Arena* arena, Code* code) {
  code->operands.clear();
  for (const LaneId id : operation.in) code->operands.push_back(&code->lanes[id]);
  Call call{code->operands.data(),
            code->operands.size(),
            &code->lanes[operation.out],
            rows,
            arena,
            operation.a,
            operation.b,
            {}};
  operation.kernel(call);
}

Program::Program(std::unique_ptr<Code> code) : code_(std::move(code)) {}
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;
Program::~Program() = default;

const rows::Type& Program::type() const { return code_->type; }
bool Program::nullable() const { return code_->nullable; }
const std::vector<int>& Program::columns() const { return code_->columns; }
const ContextFunctions& Program::context_functions() const { return code_->functions; }
bool Program::constant() const { return code_->lanes[code_->result].constant(); }

void Program::Run(const rows::Batch& in, uint32_t begin, uint32_t end, const Context& context,
                  rows::Column* out, std::vector<RowError>* errors) {
  const bool is_column = code_->operations.empty() && code_->loads.size() == 1 &&
                         code_->loads[0].column >= 0 && code_->loads[0].out == code_->result;
  if (is_column) {
    const rows::Column& column = in.column(static_cast<size_t>(code_->loads[0].column));
    for (uint32_t row = begin; row < end; ++row) out->AppendFrom(column, row);
    return;
  }
  if (constant()) return Store(code_->lanes[code_->result], begin, end - begin, out, errors);
  for (uint32_t first = begin; first < end; first += kChunk) {
    const uint32_t count = std::min(kChunk, end - first);
    for (const Load& load : code_->loads) {
      Lane* lane = &code_->lanes[load.out];
      if (load.column < 0) {
        LoadContext(context[load.function], first, count, lane);
      } else {
        LoadLane(in.column(static_cast<size_t>(load.column)), first, count, lane);
      }
    }
    for (const Operation& operation : code_->operations)
      RunOperation(operation, count, &code_->scratch, code_.get());
    Store(code_->lanes[code_->result], first, count, out, errors);
    code_->scratch.Reset();
  }
}

}  // namespace cdc::expression
