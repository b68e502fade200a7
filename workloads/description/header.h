#pragma once

#include <cstdint>

#include "workloads/description/description.h"
#include "workloads/description/section.h"

namespace npusim {

// What stands around a description's layers: parameters, inputs, expected counts.

/// Parameters of the whole network.
struct Dimensions {
  Parameters values;
  std::int64_t declaredBatch = 1;  ///< the file's own
  bool ownBatch = false;           ///< the batch is one of the parameters
};

/// Reads `parameters` of the whole network, with the values that the user gave instead. Each may be
/// made of those before it. Throws BadInput for a given one that is not there.
void readDimensions(Section& top, const DescriptionOptions& options, Dimensions& dimensions);

/// An input: a shape, or a section with it. One that is optional may have no elements.
Value readInput(const Field& field);

/// Compares the author's own counts, stated for the file's batch and parameters, with the graph's.
void checkExpected(const Field& field, const Graph& graph, const DescriptionOptions& options,
                   std::int64_t declaredBatch);

}  // namespace npusim
