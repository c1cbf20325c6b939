/// libFuzzer's entry points (llvm.org/docs/LibFuzzer.html). CDC_FUZZ_TARGET names the parser.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/target.h"

namespace {

cdc::fuzz::Target target = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* const name = std::getenv("CDC_FUZZ_TARGET");
  const auto& targets = cdc::fuzz::Targets();
  const auto found = targets.find(name == nullptr ? "" : name);
  if (found == targets.end()) {
    std::fprintf(stderr, "CDC_FUZZ_TARGET names none of:\n");
    for (const auto& [known, unused] : targets)
      std::fprintf(stderr, "%.*s\n", static_cast<int>(known.size()), known.data());
    std::exit(2);
  }
  target = found->second;
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  target({reinterpret_cast<const char*>(data), size});
  return 0;
}
