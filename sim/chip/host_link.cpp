#include "sim/chip/host_link.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "sim/core/error.h"
#include "sim/memory/access.h"

namespace npusim {
namespace {

constexpr double kBytesPerGb = 1e9;
constexpr double kBytesPerMib = 1024.0 * 1024.0;

std::int64_t portBytes(const isa::PortTensor& port) {
  return elementCount(port.shape) * byteSize(port.type);
}

/// Calls use(dense offset, address, bytes) for every innermost line of a port whose elements are
/// contiguous there, else for every element.
template <typename Use>
void forEachLine(const isa::PortTensor& port, Use use) {
  const std::int64_t width = byteSize(port.type);
  Shape extents = port.shape;
  std::int64_t bytes = width;
  while (!extents.empty() &&
         (extents.back() == 1 || port.strideBytes[extents.size() - 1] == bytes)) {
    bytes *= extents.back();
    extents.pop_back();
  }
  if (elementCount(port.shape) == 0) return;
  Shape position(extents.size(), 0);
  std::int64_t offset = 0;
  do {
    const std::span strides = std::span(port.strideBytes).first(position.size());
    use(offset, dot(port.address, strides, position), bytes);
    offset += bytes;
  } while (stepPosition(position, extents));
}

}  // namespace

LoadResult HostLink::load() {
  LoadResult result;
  double memoryBandwidth = 0;
  for (const MemoryConfig& memory : machine_.chip.memories) {
    memoryBandwidth += memory.peakBytesPerSecond();
  }
  for (const isa::ConstantBlock& block : machine_.program.constants) {
    result.bytes += block.size;
    if (!machine_.values) continue;
    ensure(block.bytes && std::ssize(*block.bytes) == block.size,
           "a program without constants' bytes runs with values off only");
    std::memcpy(machine_.storage(block.storage).at(block.address, block.size), block.bytes->data(),
                static_cast<std::size_t>(block.size));
  }
  result.timeS = transferSeconds(result.bytes);
  if (memoryBandwidth > 0) {
    result.timeS = std::max(result.timeS, static_cast<double>(result.bytes) / memoryBandwidth);
  }
  result.cycles = static_cast<std::int64_t>(
      std::ceil(result.timeS * static_cast<double>(machine_.clock.hertz())));
  const HostConfig& host = machine_.chip.host;
  const double mib = static_cast<double>(result.bytes) / kBytesPerMib;
  result.hostTimeS = (host.loadSetupMs + host.loadMsPerMib * mib) * 1e-3;
  return result;
}

void HostLink::write(const isa::PortTensor& port, const Tensor& tensor) {
  if (tensor.type() != port.type || tensor.shape() != port.shape) {
    throw BadInput("input '" + port.name + "' is " + std::string(name(tensor.type())) + " " +
                   toString(tensor.shape()) + "; the network takes " +
                   std::string(name(port.type)) + " " + toString(port.shape));
  }
  if (!machine_.values) return;
  Storage& storage = machine_.storage(port.storage);
  forEachLine(port, [&](std::int64_t offset, std::int64_t address, std::int64_t bytes) {
    std::memcpy(storage.at(address, bytes), tensor.bytes().data() + offset,
                static_cast<std::size_t>(bytes));
  });
}

Tensor HostLink::read(const isa::PortTensor& port) const {
  Tensor tensor(port.type, port.shape);
  if (!machine_.values) return tensor;
  const Storage& storage = machine_.storage(port.storage);
  forEachLine(port, [&](std::int64_t offset, std::int64_t address, std::int64_t bytes) {
    std::memcpy(tensor.bytes().data() + offset, storage.at(address, bytes),
                static_cast<std::size_t>(bytes));
  });
  return tensor;
}

IoResult HostLink::io() const {
  std::int64_t in = 0;
  std::int64_t out = 0;
  for (const isa::PortTensor& port : machine_.program.inputs) in += portBytes(port);
  for (const isa::PortTensor& port : machine_.program.outputs) out += portBytes(port);
  IoResult result;
  result.bytes = in + out;
  result.dispatchS = machine_.chip.idealMemory ? 0 : machine_.chip.host.dispatchUs * 1e-6;
  result.timeS = transferSeconds(in) + result.dispatchS + transferSeconds(out);
  return result;
}

double HostLink::transferSeconds(std::int64_t bytes) const {
  const HostConfig& host = machine_.chip.host;
  if (bytes == 0) return 0;
  return host.latencyUs * 1e-6 + static_cast<double>(bytes) / (host.bandwidthGbPerS * kBytesPerGb);
}

}  // namespace npusim
