#include <fmt/format.h>

#include "sim/config/config_files.h"
#include "sim/config/load_config.h"
#include "sim/core/atomic_file.h"
#include "sim/core/error.h"
#include "tools/command_line.h"
#include "tools/output.h"
#include "tools/pricing.h"
#include "tools/unused_options.h"
#include "tools/writers.h"

namespace npusim::tools {
namespace {

/// The clock that keeps a limit depends on the table, but nothing runs here.
void noteLimit(const RunResult& result) {
  if (result.powerLimitW == 0) return;
  const bool throttled = result.throttledClockMhz > 0;
  Progress().note(
      fmt::format("the limit of {:g} W is not applied anew, since nothing runs: the clock stays "
                  "the saved run's {:g} MHz; npusim run applies it",
                  result.powerLimitW, throttled ? result.throttledClockMhz : result.clockMhz));
}

}  // namespace

void reprice(const Arguments& arguments) {
  std::string table, json;
  CommandLine line;
  line.name = "energy";
  line.purpose = "Prices the counters of a saved result under another energy table; nothing runs.";
  line.positionals = {"RESULT.json"};
  line.options.add_options()("table", po::value<std::string>(&table)->value_name("FILE|NAME"),
                             "energy table; must be given")(
      "json", po::value<std::string>(&json)->value_name("FILE"), "write the result as JSON");
  const auto words = parse(line, arguments);
  if (!words) return;
  if (table.empty())
    throw BadInput("energy needs --table FILE|NAME; npusim list energy shows the names");
  checkFiles({{"--json", json}}, {{"--table", isPresetName(table) ? "" : table}});
  const std::string& file = words->front();
  RunResult result = fromJson(readFile(file), file);
  if (!parseDataType(result.precision)) {
    throw BadInput(file + ": precision: '" + result.precision + "' is no number format");
  }
  const ChipConfig chip = parseChip(result.chipYaml, file + ": machine.chip_yaml");
  priceResult(result, chip, loadEnergyTable(table));
  noteLimit(result);
  if (!json.empty()) writeFileAtomically(json, toJson(result));
  result.wallS = 0;  // nothing ran now
  print(toTable(result));
}

}  // namespace npusim::tools
