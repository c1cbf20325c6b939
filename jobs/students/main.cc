/// A job of its own for the table students: beside the source's columns it keeps each student's full name,
/// and the e-mail's domain instead of making every query cut it out. tables.toml opts in with `job =
/// "students"`.

#include "jobs/run/job.h"

namespace {

using cdc::rows::Batch;
using cdc::rows::Cell;
using cdc::rows::Column;

class StudentNames final : public cdc::source::Mapping {
 public:
  std::vector<cdc::rows::Field> Derived() const override {
    std::vector<cdc::rows::Field> fields(2);
    fields[0].name = "full_name";
    fields[1].name = "email_domain";
    return fields;  // a field's type is string unless said otherwise
  }

  void Map(Batch* batch, uint32_t row, const std::vector<int>& derived) override {
    Append(batch, derived[0], FullName(*batch, row));
    Append(batch, derived[1], Domain(*batch, row));
  }

 private:
  /// A derived value, or why there is none.
  struct Value {
    Cell cell = Cell::kNull;
    std::string text;
  };

  static void Append(Batch* batch, int at, const Value& value) {
    if (at < 0) return;
    Column& column = batch->column(static_cast<size_t>(at));
    if (value.cell == Cell::kValue)
      column.AppendBytes(value.text);
    else if (value.cell == Cell::kNull)
      column.AppendNull();
    else
      column.AppendUnavailable();
  }

  static Value Text(const Batch& batch, uint32_t row, std::string_view name) {
    const int at = batch.schema().IndexOf(name);
    if (at < 0) return {};
    const Column& column = batch.column(static_cast<size_t>(at));
    if (!column.has_value(row)) return {column.cell(row), {}};
    return {Cell::kValue, std::string(column.bytes(row))};
  }

  static Value FullName(const Batch& batch, uint32_t row) {
    Value first = Text(batch, row, "first_name");
    const Value last = Text(batch, row, "last_name");
    if (first.cell != Cell::kValue) return first;
    if (last.cell != Cell::kValue) return last;
    first.text += " " + last.text;
    return first;
  }

  static Value Domain(const Batch& batch, uint32_t row) {
    Value email = Text(batch, row, "email");
    const size_t at = email.text.find('@');
    if (email.cell != Cell::kValue || at == std::string::npos)
      return {email.cell == Cell::kUnavailable ? email.cell : Cell::kNull, {}};
    email.text.erase(0, at + 1);
    return email;
  }
};

}  // namespace

int main(int argc, char** argv) {
  return cdc::run::RunJob({"students", "Students with their full name and e-mail domain.",
                              [] { return std::make_unique<StudentNames>(); }},
                             argc, argv);
}
