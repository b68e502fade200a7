#include <array>

#include "workloads/onnx/converters.h"

namespace npusim::onnx_import {
namespace {

void requireSame(NodeContext& c, ValueId a, ValueId b) {
  if (c.type(a) == c.type(b) && c.shape(a) == c.shape(b)) return;
  throw NotPossible("its branches give " + toString(c.shape(a)) + " and " + toString(c.shape(b)) +
                    ", which must be of one type and shape when data choose between them");
}

/// Only the branch taken, where the condition is known; else both, each to run if it is taken.
void convertIf(NodeContext& c) {
  const ValueId condition = c.input(0);
  if (elementCount(c.shape(condition)) != 1) {
    throw BadInput("the condition is " + toString(c.shape(condition)) + ", expected one element");
  }
  OnnxGraph& thenBranch = c.body("then_branch");
  OnnxGraph& elseBranch = c.body("else_branch");
  std::vector<ValueId> results;
  if (c.isConstant(condition)) {
    results = c.convertBody(c.scalar(0, "the condition") != 0 ? thenBranch : elseBranch);
  } else {
    c.beginBranch("then", condition, true);
    results = c.convertBody(thenBranch);
    c.endRepeat();
    c.beginBranch("else", condition, false);
    const std::vector<ValueId> others = c.convertBody(elseBranch);
    c.endRepeat();
    if (others.size() != results.size()) throw BadInput("its branches give unlike many outputs");
    for (std::size_t i = 0; i < results.size(); ++i) {
      requireSame(c, results[i], others[i]);
      results[i] = c.emit(Merge{}, {condition, results[i], others[i]});
    }
  }
  if (results.size() < c.outputCount()) throw BadInput("its branches give too few outputs");
  for (std::size_t i = 0; i < c.outputCount(); ++i) c.output(i, results[i]);
}

constexpr std::array kConverters = {Converter{"If", convertIf}};

}  // namespace

std::span<const Converter> controlConverters() { return kConverters; }

}  // namespace npusim::onnx_import
