#pragma once

#include <utility>
#include <vector>

#include "kernels/lowering/lowering.h"

namespace npusim::vector {

/// Finishes a task of one pass over all its operands and adds it: the node's own steps come last,
/// in the result's `map` and `layout`; `pairs` are the dimensions to try to merge.
void addOnePass(lowering::Lowering& lowering, const Node& node, plan::Task task, plan::Pass pass,
                const lowering::DimMap& map, const std::vector<int>& layout,
                const std::vector<std::pair<int, int>>& pairs = {});

}  // namespace npusim::vector
