#include <array>
#include <exception>
#include <optional>
#include <string>

#include "workloads/onnx/converters.h"

namespace npusim::onnx_import {
namespace {

/// A branch of an If whose condition depends on data.
struct Branch {
  const char* name;
  bool runsIf;
  std::vector<ValueId> results = {};
  std::exception_ptr failure = {};  ///< why it cannot be converted
};

/// Often a branch that is not taken does not fit the shapes of the inputs, so that is no error yet.
void convert(NodeContext& c, ValueId condition, Branch& branch) {
  OnnxGraph& body = c.body(std::string(branch.name) + "_branch");
  const GraphBuilder::Mark before = c.mark();
  c.beginBranch(branch.name, condition, branch.runsIf);
  try {
    branch.results = c.convertBody(body);
    c.endRepeat();
  } catch (const Error&) {
    branch.failure = std::current_exception();
    c.rollBack(before);
  }
}

/// Says what is to be given when a branch cannot be converted.
[[noreturn]] void refuse(const Branch& branch) {
  const std::string hint = std::string("; whether the ") + branch.name +
                           " branch runs follows from inputs: give their values";
  try {
    std::rethrow_exception(branch.failure);
  } catch (const BadInput& wrong) {
    throw BadInput(wrong.what() + hint);
  } catch (const NotPossible& wrong) {
    throw NotPossible(wrong.what() + hint);
  }
}

std::string difference(const NodeContext& c, const Branch& a, const Branch& b) {
  if (a.results.size() != b.results.size()) return "its branches give unlike many outputs";
  for (std::size_t i = 0; i < a.results.size(); ++i) {
    const ValueId x = a.results[i], y = b.results[i];
    if (c.type(x) == c.type(y) && c.shape(x) == c.shape(y)) continue;
    return "its branches give " + toString(c.shape(x)) + " and " + toString(c.shape(y)) +
           ", which must be of one type and shape when data choose between them";
  }
  return {};
}

/// The results of the branch that the inputs' values lead to; empty where they do not tell.
std::optional<std::vector<ValueId>> taken(NodeContext& c, ValueId condition,
                                          const std::array<Branch, 2>& branches) {
  const std::optional<Tensor> decides = c.offered(condition);
  if (!decides) return std::nullopt;
  const Branch& branch = branches[decides->at(0) != 0 ? 0 : 1];
  if (branch.failure) std::rethrow_exception(branch.failure);
  c.always(condition, branch.runsIf);
  return branch.results;
}

/// Both branches, each to run if it is taken, and what they give in one place. Where they do not
/// go together, only the one that the inputs' values lead to.
std::vector<ValueId> convertBoth(NodeContext& c, ValueId condition) {
  std::array<Branch, 2> branches = {Branch{"then", true}, Branch{"else", false}};
  for (Branch& branch : branches) convert(c, condition, branch);
  const bool fit = !branches[0].failure && !branches[1].failure;
  const std::string unlike = fit ? difference(c, branches[0], branches[1]) : "";
  if (!fit || !unlike.empty()) {
    if (auto results = taken(c, condition, branches)) return *results;
    for (const Branch& branch : branches) {
      if (branch.failure) refuse(branch);
    }
    throw NotPossible(unlike);
  }
  std::vector<ValueId> results;
  for (std::size_t i = 0; i < branches[0].results.size(); ++i) {
    results.push_back(c.emit(Merge{}, {condition, branches[0].results[i], branches[1].results[i]}));
  }
  return results;
}

/// Only the branch taken, where the condition is known.
void convertIf(NodeContext& c) {
  const ValueId condition = c.input(0);
  if (elementCount(c.shape(condition)) != 1 || c.type(condition) != DataType::Bool) {
    throw BadInput("the condition is " + std::string(name(c.type(condition))) + " " +
                   toString(c.shape(condition)) + ", expected one boolean");
  }
  OnnxGraph& thenBranch = c.body("then_branch");
  OnnxGraph& elseBranch = c.body("else_branch");
  std::vector<ValueId> results;
  if (c.isConstant(condition)) {
    results = c.convertBody(c.scalar(0, "the condition") != 0 ? thenBranch : elseBranch);
  } else {
    results = convertBoth(c, condition);
  }
  if (results.size() < c.outputCount()) throw BadInput("its branches give too few outputs");
  for (std::size_t i = 0; i < c.outputCount(); ++i) c.output(i, results[i]);
}

constexpr std::array kConverters = {Converter{"If", convertIf}};

}  // namespace

std::span<const Converter> controlConverters() { return kConverters; }

}  // namespace npusim::onnx_import
