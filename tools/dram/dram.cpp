#include "sim/config/config_files.h"
#include "sim/core/atomic_file.h"
#include "sim/core/error.h"
#include "tools/command_line.h"
#include "tools/dram/dram_run.h"
#include "tools/dram/trace_reader.h"
#include "tools/output.h"
#include "tools/subcommands.h"
#include "tools/unused_options.h"

namespace npusim::tools {
namespace {

struct DramOptions {
  DramChoice choice;
  std::string trace, json;
};

constexpr const char* kNotes =
    "A trace has a line a request: cycle|- address R|W. The address is in bytes,\n"
    "decimal or 0x and hex digits, and names a block of 64 bytes. A cycle is when\n"
    "the request arrives, in memory clocks; with - it arrives as early as it can: at\n"
    "most 64 are outstanding, one is offered a clock, in order. # begins a comment.\n"
    "ORDER names the address bits, most significant first: ro ra ba bg ch co, such\n"
    "as ro-ba-bg-co (row); bgi is ro-ba-co-bg, bank groups taking turns.\n"
    "npusim list memories shows the presets; --set changes keys such as timing.CL.\n";

/// Empty after printing --help.
std::optional<DramOptions> parseDram(const Arguments& arguments) {
  DramOptions options;
  DramChoice& choice = options.choice;
  std::vector<std::string> sets;
  CommandLine line;
  line.name = "dram";
  line.purpose = "Runs a trace of memory requests through a DRAM, command by command.";
  const auto text = [](std::string& target, const char* value) {
    return po::value<std::string>(&target)->value_name(value);
  };
  const auto refresh = [&](const std::string& word) {
    expectChoice("--refresh", word, {"on", "off"});
    choice.refresh = word == "on";
  };
  const auto channels = [&](const std::string& word) {
    wholeNumber("--channels", word, 1);
    choice.overrides.emplace_back("channels", word);
  };
  const auto set = [&](const std::vector<std::string>& words) {
    for (const std::string& word : words) {
      choice.overrides.push_back(splitAssignment("--set", word));
    }
  };
  line.options.add_options()  //
      ("memory", text(choice.memory, "FILE|NAME"), "the memory; must be given")(
          "trace", text(options.trace, "FILE"), "the requests; - is standard input; must be given")(
          "mapping", text(choice.mapping, "row|bgi|ORDER"), "order of the address bits")(
          "refresh", po::value<std::string>()->value_name("on|off")->notifier(refresh),
          "on without it")("channels",
                           po::value<std::string>()->value_name("N")->notifier(channels),
                           "number of channels")("set", manyValues("KEY=VALUE")->notifier(set),
                                                 "change one key of the memory")(
          "json", text(options.json, "FILE"), "write the result as JSON");
  line.notes = kNotes;
  if (!parse(line, arguments)) return std::nullopt;
  if (choice.memory.empty()) {
    throw BadInput("dram needs --memory FILE|NAME; npusim list memories shows the names");
  }
  if (options.trace.empty()) throw BadInput("dram needs --trace FILE, or - for standard input");
  return options;
}

}  // namespace

void dram(const Arguments& arguments) {
  const std::optional<DramOptions> options = parseDram(arguments);
  if (!options) return;
  const std::string& memoryName = options->choice.memory;
  checkFiles({{"--json", options->json}},
             {{"--trace", options->trace == "-" ? "" : options->trace},
              {"--memory", isPresetName(memoryName) ? "" : memoryName}});
  const MemoryConfig memory = loadMemory(options->choice);
  TraceReader reader(options->trace, memory.capacityBytes);
  TraceRun run(memory);
  TraceRequest request;
  while (reader.next(request)) run.offer(request);
  const DramReport report = reportOf(memory, run.finish());
  if (report.result.requests == 0) throw BadInput(options->trace + ": holds no requests");
  if (!options->json.empty()) writeFileAtomically(options->json, toJson(report));
  print(toTable(report));
}

}  // namespace npusim::tools
