#pragma once

#include <cstdint>
#include <string_view>

#include "tools/network.h"

namespace npusim::tools {

/// A layer of cells as ONNX has them (RNN, GRU with linear_before_reset, LSTM), one direction.
enum class Cell : std::uint8_t { Rnn, Gru, Lstm };
std::string_view name(Cell cell);
/// How many gates a cell has: parts of `hidden` columns of its two weight matrices.
std::int64_t gatesOf(Cell cell);

struct RecurrentShape {
  std::int64_t steps = 1, batch = 1, inputs = 1, hidden = 1;
};

/// output [steps, batch, hidden] = the layer over x [steps, batch, inputs], from a state of zeros:
/// one product with the inputs of all steps, then step by step the product with the state and the
/// gates, as the ONNX importer makes it. Weights [inputs, gates x hidden] and [hidden, gates x
/// hidden] are made from the seed.
Network recurrentNetwork(Cell cell, const RecurrentShape& shape, std::uint64_t seed);

/// The same multiply-accumulates as one product: [steps x batch, inputs + hidden] x [inputs +
/// hidden, gates x hidden].
Network equalProduct(Cell cell, const RecurrentShape& shape, std::uint64_t seed);

}  // namespace npusim::tools
