#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/config/chip_config.h"
#include "sim/core/weight_code.h"
#include "workloads/graph/graph.h"

namespace npusim {

/// How a network's own weights are encoded after training.
struct WeightChoice {
  WeightFormat format = WeightFormat::Int8;
  int bits = 8;       ///< of a palette's indices; else those of the format
  double pruned = 0;  ///< share of the values that are set to zero
};

/// The choice that a word names: int8, int4, palette:BITS (2 to 8) or pruned:SHARE (above 0, below
/// 1); none for `dense`. Throws BadInput.
std::optional<WeightChoice> weightChoiceNamed(std::string_view word);

/// Throws NotPossible where runs in `precision` have no weights of floats to encode.
void checkWeightsEncodable(DataType precision);

/// Sets the form and the values of the constant weights that products of a float graph (from
/// toPrecision()) read, where they get smaller by it. Without `values` the form only.
///
/// int8: one scale for each output channel, largest magnitude / 127. int4: one for each 32 rows of
/// a channel's reduction, largest magnitude / 7. Codes are symmetric, rounded half to even; scales
/// are of the weights' type. Palette: Lloyd's k-means in one dimension for a whole tensor, begun at
/// 2^BITS - 1 even steps, until it settles or for 100 rounds; one entry is zero, which also fills
/// tiles up. Pruned: the values of least magnitude
/// of a tensor become zero, equal ones from the first on.
///
/// Weights of grouped convolutions and those that other operations read too stay as they are.
/// Throws NotPossible where the chip has no decoder for the format, or no weights are of floats, or
/// all that would get smaller came encoded.
void compressWeights(Graph& graph, const ChipConfig& chip, const WeightChoice& choice, bool values);

/// Weights that came encoded (constants with a form, whose values are fp32) keep their form where a
/// product alone reads them, the chip decodes it and it takes fewer bytes than values of `type`,
/// the format to be computed in; their scales round to it, and their values become what comes of
/// codes and scales then. All others, and all of them for integers, lose their form: they are
/// values.
void settleEncodedWeights(Graph& graph, const ChipConfig& chip, DataType type);

/// How many constants have a form.
std::int64_t encodedWeights(const Graph& graph);

}  // namespace npusim
