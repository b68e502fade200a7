#include "sim/vector/lane_io.h"

#include <algorithm>
#include <array>
#include <cstdlib>

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

}  // namespace

void loadLanes(const ResolvedOperand& operand, const Storage& storage, std::int64_t address,
               std::int64_t stride, std::int64_t lanes, float* x) {
  const DataType type = operand.access.type;
  const std::byte* source = firstElement(storage, address, stride, lanes, type);
  const isa::Scaling& scaling = operand.scaling;
  if (plain(scaling)) return readElements(type, source, stride, lanes, x);
  std::array<std::int32_t, kLaneBlock> integers;
  readElements(type, source, stride, lanes, integers.data());
  for (std::int64_t i = 0; i < lanes; ++i) {
    x[i] = static_cast<float>(integers[static_cast<std::size_t>(i)] - scaling.zeroPoint) *
           scaling.scale;
  }
}

void loadLanes(const ResolvedOperand& operand, const Storage& storage, std::int64_t address,
               std::int64_t stride, std::int64_t lanes, std::int64_t* x) {
  const DataType type = operand.access.type;
  readElements(type, firstElement(storage, address, stride, lanes, type), stride, lanes, x);
}

void storeLanes(const ResolvedOperand& out, Storage& storage, std::int64_t address,
                std::int64_t stride, std::int64_t lanes, const float* x) {
  const DataType type = out.access.type;
  std::byte* target = firstElement(storage, address, stride, lanes, type);
  if (isFloat(type)) return writeFloats(type, x, lanes, target, stride);
  writeQuantized(type, x, lanes, out.scaling.scale, out.scaling.zeroPoint, target, stride);
}

void storeLanes(const ResolvedOperand& out, Storage& storage, std::int64_t address,
                std::int64_t stride, std::int64_t lanes, const std::int64_t* x) {
  const DataType type = out.access.type;
  writeIntegers(type, x, lanes, firstElement(storage, address, stride, lanes, type), stride);
}

}  // namespace npusim
