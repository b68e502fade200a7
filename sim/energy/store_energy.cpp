#include "sim/energy/store_energy.h"

#include <cmath>

#include "sim/core/error.h"

namespace npusim {

StorePoint storeAt(const std::vector<StorePoint>& points, double capacityBytes) {
  ensure(points.size() >= 2, "a store's energy needs two points");
  ensure(capacityBytes > 0, "energy asked of a store without capacity");
  std::size_t upper = 1;
  while (upper + 1 < points.size() && points[upper].capacityBytes < capacityBytes) ++upper;
  const StorePoint& low = points[upper - 1];
  const StorePoint& high = points[upper];
  ensure(low.capacityBytes < high.capacityBytes, "a store's points must rise in capacity");
  const double along = std::log(capacityBytes / low.capacityBytes) /
                       std::log(high.capacityBytes / low.capacityBytes);
  const auto between = [along](double from, double to) {
    return from * std::pow(to / from, along);
  };
  return {capacityBytes, between(low.readPjPerByte, high.readPjPerByte),
          between(low.writePjPerByte, high.writePjPerByte)};
}

}  // namespace npusim
