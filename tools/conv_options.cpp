#include "tools/conv_options.h"

#include <algorithm>

#include "sim/core/error.h"

namespace npusim::tools {
namespace {

/// "1,64,56,56" as a shape.
Shape shapeFrom(const std::string& option, const std::string& text) {
  if (text.find_first_not_of("0123456789,-") != std::string::npos) {
    throw BadInput(option + " " + text + ": must be whole numbers between commas, as in 1,3,8,8");
  }
  Shape shape;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    shape.push_back(wholeNumber(option, text.substr(begin, end - begin), 1));
    begin = end + 1;
  }
  return shape;
}

po::typed_value<std::string>* shape(const char* option, const char* valueName, Shape& target) {
  return po::value<std::string>()->value_name(valueName)->notifier(
      [option, &target](const std::string& word) { target = shapeFrom(option, word); });
}

po::typed_value<std::string>* number(const char* option, std::int64_t least, std::int64_t& target) {
  return po::value<std::string>()->value_name("N")->notifier(
      [=, &target](const std::string& word) { target = wholeNumber(option, word, least); });
}

}  // namespace

void addConvOptions(CommandLine& line, ConvProblem& problem) {
  line.options.add_options()("input", shape("--input", "N,C,H,W", problem.input),
                             "shape of the input; must be given")(
      "kernel", shape("--kernel", "K,R,S", problem.kernel),
      "output channels and window; must be given")("stride", number("--stride", 1, problem.stride),
                                                   "in every spatial dimension (1)")(
      "pad", number("--pad", 0, problem.pad), "zeros on every side (0)")(
      "dilation", number("--dilation", 1, problem.dilation), "of the window (1)")(
      "groups", number("--groups", 1, problem.groups), "of channels (1)");
}

void checkGiven(const ConvProblem& problem) {
  if (problem.input.empty()) throw BadInput("a convolution needs --input N,C,H,W");
  if (problem.kernel.empty()) throw BadInput("a convolution needs --kernel K,R,S");
}

}  // namespace npusim::tools
