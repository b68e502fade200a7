#pragma once

#include <string>
#include <vector>

#include "workloads/onnx/node_context.h"

namespace npusim::onnx_import {

/// An activation function of a recurrent cell (ONNX RNN, GRU, LSTM: `activations`,
/// `activation_alpha`, `activation_beta`).
class Activation {
 public:
  /// Throws BadInput for a name that the standard does not have.
  explicit Activation(const std::string& name);

  void setAlpha(float alpha) { alpha_ = alpha; }
  void setBeta(float beta) { beta_ = beta; }
  bool hasAlpha() const;
  bool hasBeta() const;
  ValueId emit(NodeContext& context, ValueId x) const;

 private:
  std::size_t row_;
  float alpha_, beta_;
};

/// The activations of a node with so many directions, by direction; `defaults` are those of one.
std::vector<Activation> readActivations(NodeContext& context,
                                        const std::vector<std::string>& defaults,
                                        std::size_t directions);

}  // namespace npusim::onnx_import
