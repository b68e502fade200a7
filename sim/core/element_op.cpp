#include "sim/core/element_op.h"

#include <array>
#include <cstddef>

namespace npusim {
namespace {

struct OpInfo {
  std::string_view name;
  bool binary;
  ElementCost cost;
  bool truth = false;
};

/// One row an operation, in the order of ElementOp.
constexpr std::array<OpInfo, kElementOpCount> kOps = {{
    {"add", true, ElementCost::Simple},
    {"sub", true, ElementCost::Simple},
    {"mul", true, ElementCost::Simple},
    {"div", true, ElementCost::Divide},
    {"pow", true, ElementCost::Transcendental},
    {"max", true, ElementCost::Simple},
    {"min", true, ElementCost::Simple},
    {"equal", true, ElementCost::Simple, true},
    {"less", true, ElementCost::Simple, true},
    {"less_or_equal", true, ElementCost::Simple, true},
    {"greater", true, ElementCost::Simple, true},
    {"greater_or_equal", true, ElementCost::Simple, true},
    {"and", true, ElementCost::Simple, true},
    {"or", true, ElementCost::Simple, true},
    {"xor", true, ElementCost::Simple, true},
    {"mod", true, ElementCost::Divide},
    {"remainder", true, ElementCost::Divide},
    {"keep_if", true, ElementCost::Simple},
    {"keep_unless", true, ElementCost::Simple},
    {"prelu", true, ElementCost::Simple},
    {"relu", false, ElementCost::Simple},
    {"leaky_relu", false, ElementCost::Simple},
    {"clip", false, ElementCost::Simple},
    {"sigmoid", false, ElementCost::Transcendental},
    {"hard_sigmoid", false, ElementCost::Simple},
    {"hard_swish", false, ElementCost::Simple},
    {"tanh", false, ElementCost::Transcendental},
    {"exp", false, ElementCost::Transcendental},
    {"log", false, ElementCost::Transcendental},
    {"sqrt", false, ElementCost::Divide},
    {"abs", false, ElementCost::Simple},
    {"neg", false, ElementCost::Simple},
    {"reciprocal", false, ElementCost::Divide},
    {"erf", false, ElementCost::Transcendental},
    {"floor", false, ElementCost::Simple},
    {"ceil", false, ElementCost::Simple},
    {"round", false, ElementCost::Simple},
    {"square", false, ElementCost::Simple},
    {"not", false, ElementCost::Simple, true},
    {"sign", false, ElementCost::Simple},
    {"elu", false, ElementCost::Transcendental},
    {"selu", false, ElementCost::Transcendental},
    {"softplus", false, ElementCost::Transcendental},
    {"softsign", false, ElementCost::Divide},
    {"thresholded_relu", false, ElementCost::Simple},
    {"sin", false, ElementCost::Transcendental},
    {"cos", false, ElementCost::Transcendental},
    {"trunc", false, ElementCost::Simple},
    {"gelu", false, ElementCost::Transcendental},
    {"gelu_tanh", false, ElementCost::Transcendental},
    {"swish", false, ElementCost::Transcendental},
}};

const OpInfo& info(ElementOp op) { return kOps.at(static_cast<std::size_t>(op)); }

}  // namespace

std::string_view name(ElementOp op) { return info(op).name; }
bool isBinary(ElementOp op) { return info(op).binary; }
bool givesTruth(ElementOp op) { return info(op).truth; }
ElementCost costClass(ElementOp op) { return info(op).cost; }

std::optional<ElementOp> parseElementOp(std::string_view text) {
  for (std::size_t i = 0; i < kOps.size(); ++i) {
    if (kOps[i].name == text) return static_cast<ElementOp>(i);
  }
  return std::nullopt;
}

std::string_view name(ReduceOp op) {
  constexpr std::array<std::string_view, 4> kNames = {"sum", "mean", "max", "min"};
  return kNames.at(static_cast<std::size_t>(op));
}

}  // namespace npusim
