#include "lib/verify/plan.h"

#include <algorithm>
#include <set>

namespace cdc::verify {
namespace {

FormChoice Choose(const SourceColumn& source, const TargetColumn* target, const FormSettings& settings) {
  if (source.generated) return {std::nullopt, "generated: Debezium does not send it"};
  if (target == nullptr) return {std::nullopt, "not in the table"};
  return target->type ? ChooseForm(source, *target->type, settings) : ChooseForm(source, target->server);
}

}  // namespace

Plan MakePlan(const std::vector<SourceColumn>& source, const std::vector<TargetColumn>& target,
              const std::vector<std::string>& key,
              const std::function<std::string(const std::string&)>& name_in_target,
              const FormSettings& settings) {
  Plan plan;
  std::set<std::string> known;
  for (const SourceColumn& column : source) {
    const std::string name = name_in_target(column.name);
    const auto in_target =
        std::find_if(target.begin(), target.end(), [&](const auto& t) { return t.name == name; });
    known.insert(name);
    FormChoice choice = Choose(column, in_target == target.end() ? nullptr : &*in_target, settings);
    if (!choice.form) {
      plan.left_out.push_back({column.name, std::move(choice.reason)});
      continue;
    }
    plan.columns.push_back({column.name, name, choice.form->sql, choice.form->sql, choice.form->form});
  }
  for (const TargetColumn& column : target) {
    if (!known.contains(column.name)) plan.left_out.push_back({column.name, "not at the source"});
  }
  for (const std::string& name : key) {
    const auto at = std::find_if(plan.columns.begin(), plan.columns.end(),
                                 [&](const auto& c) { return c.target == name; });
    if (at == plan.columns.end()) {
      plan.key.clear();  // rows are told by all of their columns then
      break;
    }
    plan.key.push_back(static_cast<int>(at - plan.columns.begin()));
  }
  return plan;
}

}  // namespace cdc::verify
