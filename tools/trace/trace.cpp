#include <array>

#include "sim/core/error.h"
#include "tools/conv_options.h"
#include "tools/nested_command.h"
#include "tools/trace/run_trace.h"

namespace npusim::tools {
namespace {

constexpr const char* kNotes =
    "Inputs and weights are whole numbers from -3 to 3 made from --seed. The problem\n"
    "runs as one instruction, with all operands in the buffers. Without --precision\n"
    "it has the format that the chip multiplies fastest.\n";

CommandLine commandLine(const char* name, const char* purpose) {
  CommandLine line;
  line.name = std::string("trace ") + name;
  line.purpose = purpose;
  line.notes = kNotes;
  return line;
}

void traceGemm(const Arguments& arguments) {
  TraceOptions options;
  CommandLine line =
      commandLine("gemm", "Shows c [M, N] = a [M, K] x b [K, N] in the array, cycle by cycle.");
  line.positionals = {"M", "N", "K"};
  addTraceOptions(line, options);
  const auto words = parse(line, arguments);
  if (!words) return;
  WindowProduct product;
  product.inWidth = product.outWidth = wholeNumber("M", (*words)[0], 1);
  product.outputs = wholeNumber("N", (*words)[1], 1);
  product.channels = wholeNumber("K", (*words)[2], 1);
  runTrace(options, "gemm " + (*words)[0] + " " + (*words)[1] + " " + (*words)[2], product);
}

void traceConv(const Arguments& arguments) {
  TraceOptions options;
  ConvProblem problem;
  CommandLine line = commandLine("conv", "Shows one convolution in the array, cycle by cycle.");
  addConvOptions(line, problem);
  addTraceOptions(line, options);
  line.notes += "Of several groups it shows the first; each is an instruction of its own.\n";
  if (!parse(line, arguments)) return;
  checkGiven(problem);
  if (problem.kernel.size() != 3) {
    throw BadInput("--kernel must be K,R,S: a trace shows convolutions of images");
  }
  const Graph graph = convNetwork(problem, options.data.seed).graph;
  const Shape& output = graph.value(graph.outputs.front()).shape;
  const std::string title = problem.groups == 1 ? "conv" : "first group of conv";
  runTrace(options, title, windowProduct(problem, output));
}

constexpr std::array kProblems = {
    Subcommand{"gemm", "a matrix product", traceGemm},
    Subcommand{"conv", "a convolution", traceConv},
};

}  // namespace

void trace(const Arguments& arguments) {
  runNested({"trace", "Shows the array cycle by cycle: operands, PEs and partial sums.", kProblems},
            arguments);
}

}  // namespace npusim::tools
