/// cdc completion: what a shell needs to complete `cdc` with the Tab key.

#include <memory>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"

namespace cdc::cli {
namespace {

/// One command with what may follow it.
struct Words {
  std::string command;
  std::string description;
  std::vector<std::string> options;  ///< --long ones
  bool takes_table = false;
};

std::vector<Words> WordsOf(const CLI::App& app) {
  std::vector<Words> all;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    Words words{sub->get_name(), FirstClause(sub->get_description()), {}};
    std::erase(words.description, '\'');  // it stands between quotes
    for (const CLI::Option* option : sub->get_options()) {
      if (option->get_positional() && option->get_name() == "TABLE") words.takes_table = true;
      for (const std::string& name : option->get_lnames()) words.options.push_back("--" + name);
    }
    for (const CLI::App* nested : sub->get_subcommands([](const CLI::App*) { return true; }))
      words.options.push_back(nested->get_name());
    all.push_back(std::move(words));
  }
  return all;
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string Bash(const std::vector<Words>& all) {
  std::string commands, cases;
  for (const Words& words : all) {
    commands += (commands.empty() ? "" : " ") + words.command;
    cases += fmt::format("    {}) words=\"{}\"; tables={} ;;\n", words.command, Joined(words.options),
                         words.takes_table ? 1 : 0);
  }
  return R"sh(# cdc completion bash > /etc/bash_completion.d/cdc
_cdc() {
  local word=${COMP_WORDS[COMP_CWORD]} words="" tables=0
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ")sh" +
         commands + R"sh(" -- "$word"))
    return
  fi
  if [ "${COMP_WORDS[COMP_CWORD-1]}" = --config ]; then
    COMPREPLY=($(compgen -f -- "$word"))
    return
  fi
  case ${COMP_WORDS[1]} in
)sh" + cases +
         R"sh(  esac
  if [ "$tables" = 1 ] && [[ $word != -* ]]; then words="$words $(cdc config --tables 2>/dev/null)"; fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _cdc cdc
)sh";
}

std::string Zsh(const std::vector<Words>& all) {
  std::string commands, cases;
  for (const Words& words : all) {
    commands += fmt::format("    '{}:{}'\n", words.command, words.description);
    cases += fmt::format("    {}) offers=({}); tables={} ;;\n", words.command, Joined(words.options),
                         words.takes_table ? 1 : 0);
  }
  return R"sh(#compdef cdc
# cdc completion zsh > "${fpath[1]}/_cdc"
_cdc() {
  local -a commands offers
  local tables=0
  commands=(
)sh" + commands +
         R"sh(  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  if [[ $words[CURRENT-1] == --config ]]; then _files; return; fi
  case $words[2] in
)sh" + cases +
         R"sh(  esac
  (( tables )) && offers+=(${(f)"$(cdc config --tables 2>/dev/null)"})
  compadd -- $offers
}
compdef _cdc cdc
)sh";
}

std::string Fish(const std::vector<Words>& all) {
  std::string text = "# cdc completion fish > ~/.config/fish/completions/cdc.fish\ncomplete -c cdc -f\n";
  for (const Words& words : all) {
    text += fmt::format("complete -c cdc -n __fish_use_subcommand -a {} -d '{}'\n", words.command,
                        words.description);
    for (const std::string& option : words.options) {
      const bool is_long = option.starts_with("--");
      text += fmt::format("complete -c cdc -n '__fish_seen_subcommand_from {}' {} {}{}\n", words.command,
                          is_long ? "-l" : "-a", is_long ? option.substr(2) : option,
                          option == "--config" ? " -r -F" : "");
    }
    if (words.takes_table) {
      text += fmt::format(
          "complete -c cdc -n '__fish_seen_subcommand_from {}' -a '(cdc config --tables 2>/dev/null)'\n",
          words.command);
    }
  }
  return text;
}

}  // namespace

void AddCompletion(CLI::App& app, Command* command) {
  auto shell = std::make_shared<std::string>();
  CLI::App* sub = AddSubcommand(app, "completion",
                                "Print a script that completes commands, options and tables in a shell");
  sub->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  sub->callback([&app, command, shell] {
    command->run = [&app, shell] {
      const auto words = WordsOf(app);
      fmt::print("{}", *shell == "bash" ? Bash(words) : *shell == "zsh" ? Zsh(words) : Fish(words));
      return kOk;
    };
  });
}

}  // namespace cdc::cli
