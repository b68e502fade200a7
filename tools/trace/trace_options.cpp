#include "tools/trace/trace_options.h"

#include <fmt/format.h>

#include "sim/core/error.h"
#include "tools/options.h"

namespace npusim::tools {

Interval intervalFrom(const std::string& option, const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) {
    throw BadInput(fmt::format("{} {}: must be two whole numbers, as in 0:9", option, text));
  }
  const Interval interval{wholeNumber(option, text.substr(0, colon), 0),
                          wholeNumber(option, text.substr(colon + 1), 0)};
  if (interval.first > interval.last) {
    throw BadInput(
        fmt::format("{} {}: ends before it begins; write the smaller number first", option, text));
  }
  return interval;
}

PeWindow peWindowFrom(const std::string& text) {
  const std::size_t comma = text.find(',');
  if (comma == std::string::npos) {
    throw BadInput(fmt::format("--pes {}: must be rows and columns, as in 0:3,0:3", text));
  }
  return {intervalFrom("--pes", text.substr(0, comma)),
          intervalFrom("--pes", text.substr(comma + 1))};
}

void addTraceOptions(CommandLine& line, TraceOptions& options) {
  addChipOptions(line, options.machine);
  addPrecisionOption(line, options.compile);
  addSeedOption(line, options.data);
  const auto word = [](const char* valueName) {
    return po::value<std::string>()->value_name(valueName);
  };
  line.options.add_options()("cycles", word("A:B")->notifier([&](const std::string& text) {
    options.cycles = intervalFrom("--cycles", text);
  }),
                             "cycles A to B, both shown (all, or 20 of many)")(
      "pes", word("R0:R1,C0:C1")->notifier([&](const std::string& text) {
        options.pes = peWindowFrom(text);
      }),
      "the PEs of these rows and columns (all)")(
      "json", po::value<std::string>(&options.json)->value_name("FILE"),
      "write the cycles as JSON for a viewer")(
      "vcd", po::value<std::string>(&options.vcd)->value_name("FILE"),
      "write the waveform of every PE, for GTKWave");
}

}  // namespace npusim::tools
