#include "sim/vector/lane_io.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <type_traits>

#include "sim/memory/element_io.h"

namespace npusim {
namespace {

/// The first lane's element, after checking that all lanes lie in the storage.
template <typename Store>
auto* firstElement(Store& storage, std::int64_t address, std::int64_t stride, std::int64_t lanes,
                   DataType type) {
  const std::int64_t reach = stride * (lanes - 1);
  const std::int64_t lowest = std::min(address, address + reach);
  return storage.at(lowest, std::abs(reach) + byteSize(type)) + (address - lowest);
}

bool plain(const isa::Scaling& scaling) { return scaling == isa::Scaling{}; }

void dequantize(const ResolvedOperand& operand, const std::byte* source, std::int64_t stride,
                std::int64_t lanes, float* x) {
  std::array<std::int32_t, kLaneBlock> integers;
  readElements(operand.access.type, source, stride, lanes, integers.data());
  const isa::Scaling& scaling = operand.scaling;
  for (std::int64_t i = 0; i < lanes; ++i) {
    x[i] = static_cast<float>(integers[static_cast<std::size_t>(i)] - scaling.zeroPoint) *
           scaling.scale;
  }
}

}  // namespace

template <typename T>
void loadLanes(const ResolvedOperand& operand, const Storage& storage, std::int64_t address,
               std::int64_t stride, std::int64_t lanes, T* x) {
  const DataType type = operand.access.type;
  const std::byte* source = firstElement(storage, address, stride, lanes, type);
  if constexpr (std::is_same_v<T, float>) {
    if (!plain(operand.scaling)) return dequantize(operand, source, stride, lanes, x);
  }
  readElements(type, source, stride, lanes, x);
}

template <typename T>
void storeLanes(const ResolvedOperand& out, Storage& storage, std::int64_t address,
                std::int64_t stride, std::int64_t lanes, const T* x) {
  const DataType type = out.access.type;
  std::byte* target = firstElement(storage, address, stride, lanes, type);
  if constexpr (std::is_integral_v<T>) {
    writeIntegers(type, x, lanes, target, stride);
  } else if constexpr (std::is_same_v<T, double>) {
    writeDoubles(type, x, lanes, target, stride);
  } else if (isFloat(type)) {
    writeFloats(type, x, lanes, target, stride);
  } else {
    writeQuantized(type, x, lanes, out.scaling.scale, out.scaling.zeroPoint, target, stride);
  }
}

template void loadLanes(const ResolvedOperand&, const Storage&, std::int64_t, std::int64_t,
                        std::int64_t, float*);
template void storeLanes(const ResolvedOperand&, Storage&, std::int64_t, std::int64_t, std::int64_t,
                         const float*);
template void loadLanes(const ResolvedOperand&, const Storage&, std::int64_t, std::int64_t,
                        std::int64_t, double*);
template void storeLanes(const ResolvedOperand&, Storage&, std::int64_t, std::int64_t, std::int64_t,
                         const double*);
template void loadLanes(const ResolvedOperand&, const Storage&, std::int64_t, std::int64_t,
                        std::int64_t, std::int64_t*);
template void storeLanes(const ResolvedOperand&, Storage&, std::int64_t, std::int64_t, std::int64_t,
                         const std::int64_t*);
template void loadLanes(const ResolvedOperand&, const Storage&, std::int64_t, std::int64_t,
                        std::int64_t, std::uint64_t*);
template void storeLanes(const ResolvedOperand&, Storage&, std::int64_t, std::int64_t, std::int64_t,
                         const std::uint64_t*);

}  // namespace npusim
