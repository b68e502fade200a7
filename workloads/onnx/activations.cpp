#include "workloads/onnx/activations.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "workloads/onnx/converters.h"

namespace npusim::onnx_import {
namespace {

/// Parameters that an activation takes from the lists, in their order.
enum Parameters { kNone, kAlpha, kAlphaBeta };

/// Defaults are those of the ONNX operators of the same name.
struct Row {
  std::string_view name;
  Parameters parameters;
  float alpha, beta;
  ElementOp op;
};
constexpr std::array<Row, 11> kRows = {{
    {"affine", kAlphaBeta, 1, 0, ElementOp::Mul},
    {"elu", kAlpha, 1, 0, ElementOp::Elu},
    {"hardsigmoid", kAlphaBeta, 0.2F, 0.5F, ElementOp::HardSigmoid},
    {"leakyrelu", kAlpha, 0.01F, 0, ElementOp::LeakyRelu},
    {"relu", kNone, 0, 0, ElementOp::Relu},
    {"scaledtanh", kAlphaBeta, 1, 1, ElementOp::Tanh},
    {"sigmoid", kNone, 0, 0, ElementOp::Sigmoid},
    {"softplus", kNone, 0, 0, ElementOp::Softplus},
    {"softsign", kNone, 0, 0, ElementOp::Softsign},
    {"tanh", kNone, 0, 0, ElementOp::Tanh},
    {"thresholdedrelu", kAlpha, 1, 0, ElementOp::ThresholdedRelu},
}};

std::string lower(std::string text) {
  for (char& letter : text) letter = static_cast<char>(std::tolower(letter));
  return text;
}

std::size_t rowOf(const std::string& name) {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].name == lower(name)) return i;
  }
  std::string known;
  for (const Row& row : kRows) known += (known.empty() ? "" : ", ") + std::string(row.name);
  throw BadInput("activation '" + name + "' is unknown; there are " + known);
}

/// f(x, value) with a scalar.
ValueId with(NodeContext& c, ElementOp op, ValueId x, float value) {
  return emitBinary(c, op, x, c.constant("parameter", scalarTensor(value)));
}

}  // namespace

Activation::Activation(const std::string& name)
    : row_(rowOf(name)), alpha_(kRows[row_].alpha), beta_(kRows[row_].beta) {}

bool Activation::hasAlpha() const { return kRows[row_].parameters != kNone; }
bool Activation::hasBeta() const { return kRows[row_].parameters == kAlphaBeta; }

ValueId Activation::emit(NodeContext& c, ValueId x) const {
  const Row& row = kRows[row_];
  if (row.name == "affine") {
    return with(c, ElementOp::Add, with(c, ElementOp::Mul, x, alpha_), beta_);
  }
  if (row.name == "scaledtanh") {
    const ValueId y = c.emitStep({.op = ElementOp::Tanh}, with(c, ElementOp::Mul, x, beta_));
    return with(c, ElementOp::Mul, y, alpha_);
  }
  return c.emitStep({.op = row.op, .alpha = alpha_, .beta = beta_}, x);
}

std::vector<Activation> readActivations(NodeContext& c, const std::vector<std::string>& defaults,
                                        std::size_t directions) {
  std::vector<std::string> names = c.texts("activations");
  const std::size_t expected = defaults.size() * directions;
  if (names.empty()) {
    for (std::size_t d = 0; d < directions; ++d) {
      names.insert(names.end(), defaults.begin(), defaults.end());
    }
  }
  if (names.size() != expected) {
    throw BadInput("has " + std::to_string(names.size()) + " activations, needs " +
                   std::to_string(expected));
  }
  const std::vector<float> alphas = c.reals("activation_alpha");
  const std::vector<float> betas = c.reals("activation_beta");
  std::size_t alpha = 0, beta = 0;
  std::vector<Activation> result;
  for (const std::string& name : names) {
    Activation activation(name);
    if (activation.hasAlpha() && alpha < alphas.size()) activation.setAlpha(alphas[alpha++]);
    if (activation.hasBeta() && beta < betas.size()) activation.setBeta(betas[beta++]);
    result.push_back(activation);
  }
  return result;
}

}  // namespace npusim::onnx_import
