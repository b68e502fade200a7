#include "tools/check.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/core/error.h"
#include "workloads/evaluate/compare.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim::tools {
namespace {

Tolerance ruleFor(DataType precision, const std::optional<double>& factor) {
  Tolerance rule;
  if (precision != DataType::Float32) rule = {0, 1e-2};
  if (factor) rule.relative = *factor;
  return rule;
}

std::string toText(const Tolerance& rule) {
  const std::string relative = fmt::format("{:g} max|ref|", rule.relative);
  return rule.absolute == 0 ? relative : fmt::format("{:g} + {}", rule.absolute, relative);
}

/// "3.8e-05 at most from the data set, 6.9e-07 of max|ref| (allowed: 0.0001 + 0.001 max|ref|)"
std::string sentence(const Comparison& c, const Tolerance& rule, const char* against) {
  return fmt::format("{:.2g} at most from {}, {:.2g} of max|ref| (allowed: {})", c.maxAbsError,
                     against, c.maxRelError, toText(rule));
}

std::string nearness(const Comparison& c, const char* to) {
  return fmt::format("cosine similarity to {} {:.5f}, arg-max {}", to, c.cosineSimilarity,
                     c.argMaxEqual ? "equal" : "differs");
}

void compareWithData(const std::vector<Tensor>& reals, const std::vector<Tensor>& expected,
                     const Tolerance& rule, ValuesResult& values) {
  const Comparison data = compare(reals, expected, rule);
  values.checkedAgainst = "data set";
  values.maxAbsError = data.maxAbsError;
  values.maxRelError = data.maxRelError;
  values.passed = values.passed && data.passed;
  values.detail += (values.detail.empty() ? "" : "; ") + sentence(data, rule, "the data set");
}

bool sameBytes(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Tensor& x, const Tensor& y) {
    return x.type() == y.type() && x.shape() == y.shape() &&
           std::equal(x.bytes().begin(), x.bytes().end(), y.bytes().begin(), y.bytes().end());
  });
}

Inputs named(const Graph& graph, const std::vector<Tensor>& tensors) {
  Inputs inputs;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    inputs[graph.value(graph.inputs.at(i)).name] = tensors[i];
  }
  return inputs;
}

/// Have weights been changed to be encoded?
bool hasEncodedWeights(const Graph& graph) {
  return std::ranges::any_of(graph.values, [](const Value& value) {
    return value.constant && value.constant->form.has_value();
  });
}

/// Floats from encoded weights are held against the evaluation of the network with those weights.
ValuesResult checkEncoded(DataType precision, const std::optional<double>& tolerance,
                          const ComputedOutputs& computed, const CheckSources& sources) {
  const Tolerance rule = ruleFor(precision, tolerance);
  const std::vector<Tensor> same =
      evaluate(*sources.compiled, named(*sources.compiled, sources.storedInputs));
  const Comparison own = compare(computed.reals, same, rule);
  ValuesResult values{true, "evaluate", own.maxAbsError, own.maxRelError, own.passed, ""};
  const Comparison real = compare(computed.reals, evaluate(*sources.original, *sources.inputs));
  values.detail = fmt::format("{} is {}; {}", name(precision),
                              sentence(own, rule, "the reference evaluation with these weights"),
                              fmt::format("{:.2g} of max|ref| from the network's own, {}",
                                          real.maxRelError, nearness(real, "it")));
  if (!sources.expected.empty()) {
    values.detail += "; " + nearness(compare(computed.reals, sources.expected), "the data set");
  }
  return values;
}

ValuesResult checkFloats(DataType precision, const std::optional<double>& tolerance,
                         const ComputedOutputs& computed, const CheckSources& sources) {
  if (sources.compiled && hasEncodedWeights(*sources.compiled)) {
    return checkEncoded(precision, tolerance, computed, sources);
  }
  const Tolerance rule = ruleFor(precision, tolerance);
  const std::vector<Tensor> reference = evaluate(*sources.original, *sources.inputs);
  const Comparison own = compare(computed.reals, reference, rule);
  ValuesResult values{true, "evaluate", own.maxAbsError, own.maxRelError, own.passed, ""};
  values.detail =
      fmt::format("{} is {}", name(precision), sentence(own, rule, "the reference evaluation"));
  if (!sources.expected.empty()) {
    compareWithData(computed.reals, sources.expected, rule, values);
  }
  return values;
}

ValuesResult checkIntegers(DataType precision, const ComputedOutputs& computed,
                           const CheckSources& sources) {
  const std::vector<Tensor> exact =
      evaluate(*sources.compiled, named(*sources.compiled, sources.storedInputs));
  const Comparison integers = compare(computed.stored, exact);
  ValuesResult values{true,
                      "evaluate",
                      integers.maxAbsError,
                      integers.maxRelError,
                      sameBytes(computed.stored, exact),
                      ""};
  const Comparison real = compare(computed.reals, evaluate(*sources.original, *sources.inputs));
  values.detail = fmt::format("{} {} the evaluation of the quantised network; {}", name(precision),
                              values.passed ? "equals" : "does not equal", nearness(real, "fp32"));
  if (!sources.expected.empty()) {
    const Comparison data = compare(computed.reals, sources.expected);
    values.detail += "; " + nearness(data, "the data set");
  }
  return values;
}

}  // namespace

ValuesResult checkValues(DataType precision, const std::optional<double>& tolerance,
                         const ComputedOutputs& computed, const CheckSources& sources) {
  return isFloat(precision) ? checkFloats(precision, tolerance, computed, sources)
                            : checkIntegers(precision, computed, sources);
}

ValuesResult checkAgainstData(DataType precision, const std::optional<double>& tolerance,
                              const std::vector<Tensor>& reals,
                              const std::vector<Tensor>& expected) {
  ValuesResult values;
  values.computed = true;
  if (expected.empty()) {
    values.detail = "computed, not checked: a program file does not hold its network";
    return values;
  }
  const bool judged = isFloat(precision);
  if (judged) {
    compareWithData(reals, expected, ruleFor(precision, tolerance), values);
  } else {
    values.detail = nearness(compare(reals, expected), "the data set");
  }
  return values;
}

}  // namespace npusim::tools
