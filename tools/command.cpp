#include "tools/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <new>
#include <string>

#include "sim/core/error.h"
#include "sim/core/suggest.h"
#include "tools/output.h"
#include "tools/subcommands.h"

namespace npusim {
namespace tools {
namespace {

constexpr std::array kSubcommands = {
    Subcommand{"run", "run a network on a chip: values, cycles, traffic, energy", run},
    Subcommand{"gemm", "run one matrix product", gemm},
    Subcommand{"conv", "run one convolution", conv},
    Subcommand{"trace", "show the array cycle by cycle", trace},
    Subcommand{"compile", "compile a network to a program file (.npu)", compileProgram},
    Subcommand{"quantize", "write an ONNX model in int8 that any runtime can check", quantizeModel},
    Subcommand{"exec", "execute a program file", execProgram},
    Subcommand{"disasm", "print a program file as text", disassemble},
    Subcommand{"dram", "run a trace of memory requests through a DRAM", dram},
    Subcommand{"study", "answer one question by a table of many runs", study},
    Subcommand{"where", "show which machine runs each operator, and why", showWhere},
    Subcommand{"conformance", "run ONNX backend tests and judge the outputs", conformance},
    Subcommand{"validate", "run published measurements and judge our figures", validate},
    Subcommand{"energy", "price a saved result under another energy table", reprice},
    Subcommand{"list", "list chips, memories, dataflows, workloads, operators and more", list},
};

std::string usage() {
  std::string text =
      "npusim runs a neural network on a simulated NPU\n\n"
      "usage: npusim SUBCOMMAND [options]\n\n";
  for (const Subcommand& subcommand : kSubcommands) {
    text += fmt::format("  {:<11} {}\n", subcommand.name, subcommand.help);
  }
  return text +
         "\nnpusim SUBCOMMAND --help explains each; npusim run alone runs the default network.\n"
         "Exit codes: 0 done, 1 a check failed, 2 bad input, 3 does not fit or is not supported,\n"
         "4 a bug of npusim.\n";
}

[[noreturn]] void refuseUnknown(const std::string& word) {
  std::vector<std::string> names;
  for (const Subcommand& subcommand : kSubcommands) names.emplace_back(subcommand.name);
  throw BadInput(fmt::format("unknown subcommand '{}'{}; there are {}", word,
                             didYouMean(word, names), joinedChoices(names)));
}

void dispatch(const Arguments& words) {
  const std::string& word = words.empty() ? "--help" : words.front();
  if (word == "help" && words.size() > 1) return dispatch({words[1], "--help"});
  if (word == "--help" || word == "-h" || word == "help") return print(usage());
  if (word == "--version") return print("npusim " NPUSIM_VERSION "\n");
  const auto found = std::find_if(kSubcommands.begin(), kSubcommands.end(),
                                  [&](const Subcommand& s) { return word == s.name; });
  if (found == kSubcommands.end()) refuseUnknown(word);
  found->run({words.begin() + 1, words.end()});
}

int complain(ExitCode code, std::string line) {
  while (!line.empty() && line.back() == '\n') line.pop_back();
  std::replace(line.begin(), line.end(), '\n', ' ');
  fmt::print(stderr, "npusim: {}\n", line);
  return static_cast<int>(code);
}

int complainAboutBug(const char* what) {
  return complain(ExitCode::OurBug, fmt::format("internal error: {}; please report it with the "
                                                "command and its files",
                                                what));
}

}  // namespace

std::span<const Subcommand> subcommands() { return kSubcommands; }

}  // namespace tools

int runCommand(int argc, char** argv) {
  try {
    tools::dispatch({argv + std::min(argc, 1), argv + argc});
    return static_cast<int>(ExitCode::Done);
  } catch (const Error& error) {
    return tools::complain(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return tools::complain(ExitCode::NotPossible, "not enough memory; --values off needs far less");
  } catch (const std::exception& error) {
    return tools::complainAboutBug(error.what());
  }
}

}  // namespace npusim
