#include "lib/expression/names.h"

#include <algorithm>

#include "lib/expression/compiler_internal.h"

namespace cdc::expression {
namespace {

void AddColumns(const Node& node, std::vector<std::string>* names) {
  if (node.kind == NodeKind::kColumn && std::find(names->begin(), names->end(), node.text) == names->end())
    names->push_back(node.text);
  for (const Tree& child : node.children) AddColumns(*child, names);
}

}  // namespace

Error NoFunction(const Node& node, const std::vector<std::string>& known) {
  return ErrorAt(node.at, "there is no function " + node.text + "()", DidYouMean(node.text, known));
}

Error WrongNumber(const Node& node, size_t least, size_t most) {
  const std::string takes = most == least        ? std::to_string(least)
                            : most == kAnyNumber ? std::to_string(least) + " or more"
                                                 : std::to_string(least) + " to " + std::to_string(most);
  return ErrorAt(node.at,
                 node.text + "() takes " + takes + " arguments, not " + std::to_string(node.children.size()));
}

std::vector<std::string> ColumnsOf(const Node& tree) {
  std::vector<std::string> names;
  AddColumns(tree, &names);
  return names;
}

bool UsesFunction(const Node& tree, std::string_view name) {
  return (tree.kind == NodeKind::kCall && tree.text == name) ||
         std::any_of(tree.children.begin(), tree.children.end(),
                     [&](const Tree& child) { return UsesFunction(*child, name); });
}

Status CheckFunctions(const Node& tree) {
  if (tree.kind == NodeKind::kCall) {
    std::vector<std::string> known;
    bool found = false;
    for (size_t i = 0; i < kContextFunctionCount; ++i) {
      known.emplace_back(NameOf(static_cast<ContextFunction>(i)));
      if (known.back() != tree.text) continue;
      if (!tree.children.empty()) return ErrorAt(tree.at, tree.text + "() takes no arguments");
      found = true;
    }
    for (const auto family :
         {TextFunctions(), ConcatFunctions(), NumberFunctions(), ChoiceFunctions(), TimeFunctions()}) {
      for (const Function& function : family) {
        known.emplace_back(function.name);
        if (function.name != tree.text) continue;
        if (tree.children.size() < function.least || tree.children.size() > function.most)
          return WrongNumber(tree, function.least, function.most);
        found = true;
      }
    }
    if (!found) return NoFunction(tree, known);
  }
  for (const Tree& child : tree.children) CDC_TRY(CheckFunctions(*child));
  return {};
}

}  // namespace cdc::expression
