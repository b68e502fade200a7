#include "tools/options.h"
#include "tools/problem.h"
#include "tools/session.h"
#include "tools/subcommands.h"
#include "tools/unused_options.h"

namespace npusim::tools {

void gemm(const Arguments& arguments) {
  RunOptions options;
  CommandLine line;
  line.name = "gemm";
  line.purpose =
      "Runs output [M, N] = a [M, K] x w [K, N]. Without --precision it takes the\nfirst of the "
      "chip's fastest formats.";
  line.positionals = {"M", "N", "K"};
  addProblemOptions(line, options);
  line.notes = problemNote();
  const auto words = parse(line, arguments);
  if (!words) return;
  checkValuesUsed(options.data, options.results);
  checkFiles(options.results, filesOf(options.machine, {}, {}));
  std::vector<std::int64_t> sizes;
  for (std::size_t i = 0; i < words->size(); ++i) {
    sizes.push_back(wholeNumber(line.positionals[i], (*words)[i], 1));
  }
  runNetwork(options, gemmNetwork(sizes[0], sizes[1], sizes[2], options.data.seed), {}, Session{});
}

}  // namespace npusim::tools
