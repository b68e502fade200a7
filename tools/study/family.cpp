#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/core/error.h"
#include "tools/command_line.h"
#include "tools/compile_network.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/study/layer_study.h"
#include "tools/study/studies.h"
#include "tools/text_table.h"
#include "tools/units.h"
#include "workloads/description/description.h"

namespace npusim::tools {
namespace {

/// One size of a family. GPT-2: Radford et al. 2019, Table 2, heads of 64 as released. GPT-3: Brown
/// et al. 2020, Table 2.1, with two figures mended that contradict its others: GPT-3 XL has 16
/// heads of 128, not 24, and GPT-3 13B a width of 40 heads of 128, 5120, not 5140.
struct Member {
  std::string_view family, name;
  std::int64_t layers, width, heads, context;
};
constexpr std::array kMembers = {
    Member{"gpt2", "GPT-2 small", 12, 768, 12, 1024},
    Member{"gpt3", "GPT-3 Small", 12, 768, 12, 2048},
    Member{"gpt2", "GPT-2 medium", 24, 1024, 16, 1024},
    Member{"gpt3", "GPT-3 Medium", 24, 1024, 16, 2048},
    Member{"gpt3", "GPT-3 Large", 24, 1536, 16, 2048},
    Member{"gpt2", "GPT-2 large", 36, 1280, 20, 1024},
    Member{"gpt3", "GPT-3 XL", 24, 2048, 16, 2048},
    Member{"gpt2", "GPT-2 XL", 48, 1600, 25, 1024},
    Member{"gpt3", "GPT-3 2.7B", 32, 2560, 32, 2048},
    Member{"gpt3", "GPT-3 6.7B", 32, 4096, 32, 2048},
    Member{"gpt3", "GPT-3 13B", 40, 5120, 40, 2048},
    Member{"gpt3", "GPT-3 175B", 96, 12288, 96, 2048},
};
constexpr std::array kFamilies = {"gpt", "gpt2", "gpt3"};
constexpr std::int64_t kMostPast = 1023;  ///< for which every member has a position

struct FamilyOptions {
  std::string family = "gpt";
  std::int64_t past = kMostPast;
  bool markdown = false;
  MachineOptions machine;
  CompileChoice compile;
};

bool isOf(const Member& member, const std::string& family) {
  return family == "gpt" || member.family == family;
}

/// One step of decoding after `past` tokens.
Network decodeStep(const Member& member, std::int64_t past) {
  NetworkOptions options;
  options.workload = "gpt2";
  options.dims = {{"sequence", 1},         {"past", past},          {"layers", member.layers},
                  {"width", member.width}, {"heads", member.heads}, {"context", member.context}};
  return readNetwork(options, {});
}

/// Its row, and why it is refused, if it is.
struct Tried {
  std::vector<std::string> cells;
  std::string refusal;
};

Tried tryMember(const Member& member, const FamilyOptions& options, const ChipConfig& chip) {
  Network network = decodeStep(member, options.past);
  const std::int64_t parameters = parameterCount(network.graph);
  CompileChoice choice = options.compile;
  choice.precision = choosePrecision(choice.precision, network, chip);
  const std::vector<std::string> known = {
      std::string(member.name),
      fmt::format("{} M", grouped(std::llround(static_cast<double>(parameters) * 1e-6))),
      bytes(parameters * byteSize(*choice.precision))};
  Tried tried{known, ""};
  std::vector<std::string>& cells = tried.cells;
  try {
    const PredictResult p = chipRun(chip, chip, choice, std::move(network)).predict;
    const std::int64_t overLink = p.counters.hostBytes;
    cells.insert(cells.end(), {si(p.timeS, "s"), fmt::format("{:.3g}", 1 / p.timeS),
                               si(p.energyJ, "J"), overLink > 0 ? bytes(overLink) : "-"});
  } catch (const NotPossible& refusal) {
    cells.insert(cells.end(), {"refused", "-", "-", "-"});
    tried.refusal = fmt::format("{}: {}\n", member.name, refusal.what());
  }
  return tried;
}

std::string report(const FamilyOptions& options, const ChipConfig& chip) {
  const Progress progress;
  TextTable table({{"network", TextTable::Align::Left},
                   {"parameters"},
                   {"weights"},
                   {"step"},
                   {"tokens/s"},
                   {"energy"},
                   {"host link"}});
  std::string refusal;
  for (const Member& member : kMembers) {
    if (!refusal.empty() || !isOf(member, options.family)) continue;
    progress.show(std::string(member.name));
    Tried tried = tryMember(member, options, chip);
    table.addRow(std::move(tried.cells));
    refusal = std::move(tried.refusal);
  }
  progress.clear();
  const std::string title =
      fmt::format("One decode step after {} tokens on `{}`", options.past, chip.name);
  return options.markdown
             ? "### " + title + "\n\n" + table.markdown() + (refusal.empty() ? "" : "\n" + refusal)
             : title + "\n" + table.text() + refusal;
}

void checkFamily(const std::string& family) {
  if (std::ranges::find(kFamilies, family) == kFamilies.end()) {
    throw BadInput("--family " + family + ": is none of gpt, gpt2, gpt3");
  }
}

}  // namespace

void studyFamily(const Arguments& arguments) {
  FamilyOptions options;
  CommandLine line;
  line.name = "study family";
  line.purpose =
      "Runs one decode step of GPT-2 and GPT-3 from 124 M to 175 G parameters on one chip, the\n"
      "smallest first, until one is refused; prints weights, time, tokens per second, energy and\n"
      "why it is refused.";
  line.options.add_options()(
      "family", po::value(&options.family)->value_name("gpt|gpt2|gpt3")->notifier(checkFamily),
      "which of them (gpt: both)")("past", po::value(&options.past)->value_name("N"),
                                   "tokens before the step, 1 to 1023 (1023)")(
      "markdown", po::bool_switch(&options.markdown), "as Markdown");
  addChipOptions(line, options.machine);
  addMemoryOption(line, options.machine);
  addPrecisionOption(line, options.compile);
  line.options.add_options()("allow-streaming", po::bool_switch(&options.compile.allowStreaming),
                             "weights without room come over the host link");
  if (!parse(line, arguments)) return;
  if (options.past < 1 || options.past > kMostPast) {
    throw BadInput(fmt::format("--past {}: must be 1 to {}", options.past, kMostPast));
  }
  print(report(options, loadMachine(options.machine)));
}

}  // namespace npusim::tools
