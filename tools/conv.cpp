#include "tools/conv_options.h"
#include "tools/options.h"
#include "tools/session.h"
#include "tools/subcommands.h"
#include "tools/unused_options.h"

namespace npusim::tools {
void conv(const Arguments& arguments) {
  RunOptions options;
  ConvProblem problem;
  CommandLine line;
  line.name = "conv";
  line.purpose =
      "Runs one convolution. Without --precision it takes the first of the chip's\nfastest "
      "formats.";
  addConvOptions(line, problem);
  addProblemOptions(line, options);
  line.notes = problemNote();
  if (!parse(line, arguments)) return;
  checkGiven(problem);
  checkValuesUsed(options.data, options.results);
  checkFiles(options.results, filesOf(options.machine, {}, {}));
  runNetwork(options, convNetwork(problem, options.data.seed), {}, Session{});
}

}  // namespace npusim::tools
