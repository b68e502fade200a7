#include "kernels/vector/kept_and_reduced.h"

#include <algorithm>

namespace npusim::vector {

using lowering::DimMap;

Split split(const plan::View& view, const std::vector<int>& axes) {
  Split result;
  result.dimOf.resize(view.shape.size());
  const auto isReduced = [&](int d) {
    return std::find(axes.begin(), axes.end(), d) != axes.end();
  };
  const auto add = [&](int logical, bool tileable, std::vector<int>& list) {
    const int dim = static_cast<int>(result.dims.size());
    result.dims.push_back({view.shape[static_cast<std::size_t>(logical)], tileable});
    result.dimOf[static_cast<std::size_t>(logical)] = dim;
    list.push_back(dim);
  };
  for (const int d : lowering::physicalOrder(view)) {
    if (!isReduced(d)) add(d, true, result.kept);
  }
  for (int d = 0; d < static_cast<int>(view.shape.size()); ++d) {
    if (isReduced(d)) add(d, false, result.reduced);
  }
  return result;
}

DimMap identityMap(const Split& split) {
  DimMap map;
  for (const int dim : split.dimOf) map.push_back({{dim, 1}});
  return map;
}

}  // namespace npusim::vector
