#pragma once

/// \file tests/fuzz/target.h
/// Parsers as functions over any bytes. libFuzzer calls them with what it makes up (scripts/fuzz); the
/// ordinary build calls them with the kept inputs (replay_main.cc).

#include <map>
#include <string_view>

namespace cdc::fuzz {

/// Returns whatever the bytes are. Anything else is a finding: a crash, an exception, a leak, a hang, a
/// broken Require().
using Target = void (*)(std::string_view bytes);

/// By name.
std::map<std::string_view, Target>& Targets();

struct Registration {
  Registration(std::string_view name, Target target) { Targets()[name] = target; }
};

/// What a target holds to be true of a parser's answer. Ends the program where it is not.
void Require(bool holds, const char* what);

/// The bytes up to the first line break; `rest` becomes what follows it.
std::string_view TakeLine(std::string_view* rest);

}  // namespace cdc::fuzz

/// FUZZ_TARGET(name) { … bytes … }
#define FUZZ_TARGET(name)                                                       \
  static void Run_##name(std::string_view bytes);                               \
  static const ::cdc::fuzz::Registration kRegistered_##name(#name, Run_##name); \
  static void Run_##name(std::string_view bytes)
