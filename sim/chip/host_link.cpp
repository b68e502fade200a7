#include "sim/chip/host_link.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "sim/chip/remote.h"
#include "sim/core/error.h"
#include "sim/laws/loading_law.h"
#include "sim/memory/access.h"

namespace npusim {
namespace {

constexpr double kBytesPerGb = 1e9;

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

/// Calls use(dense offset, bytes, number of them) for every piece of a port that lies together.
template <typename Use>
void forEachPiece(Machine& machine, const isa::PortTensor& port, Use use) {
  forEachLine(port, [&](std::int64_t offset, std::int64_t address, std::int64_t bytes) {
    for (std::int64_t done = 0; done < bytes;) {
      const BytePlace place = placeOf(machine, port.storage, address + done);
      const std::int64_t piece = std::min(bytes - done, place.contiguous);
      use(offset + done, bytesAt(machine, port.storage, place, piece),
          static_cast<std::size_t>(piece));
      done += piece;
    }
  });
}

/// Part of a constant, and the cores in whose buffers it lies.
struct Part {
  std::int64_t begin = 0, bytes = 0;
  std::vector<std::int64_t> cores = {};
};

/// The parts of a constant in buffers; without scatter all of it lies in that of core 0.
std::vector<Part> partsOf(const isa::ConstantBlock& block, std::int64_t allCores) {
  if (!block.scatter) return {{0, block.size, {0}}};
  const isa::Scatter& scatter = *block.scatter;
  ensure(scatter.partBytes > 0, "a constant is scattered in parts");
  std::vector<Part> parts;
  for (std::int64_t begin = 0; begin < block.size; begin += scatter.partBytes) {
    parts.push_back({begin, std::min(scatter.partBytes, block.size - begin)});
  }
  const std::int64_t count = scatter.cores.all() ? allCores : scatter.cores.count;
  for (std::int64_t number = 0; number < count; ++number) {
    const auto part = static_cast<std::size_t>(scatter.digit.of(number));
    if (part < parts.size()) parts[part].cores.push_back(scatter.cores.first + number);
  }
  return parts;
}

/// Does a constant lie in the host's memory, from which predictions stream it?
bool staysWithHost(const Machine& machine, const isa::ConstantBlock& block) {
  const std::size_t buffers = machine.chip.buffers.size();
  const auto storage = static_cast<std::size_t>(block.storage);
  return machine.memory(block.storage) &&
         machine.chip.memories[storage - buffers].kind == MemoryKind::Host;
}

/// Puts a constant where predictions find it: in one piece, or each core's part in its buffer.
void place(Machine& machine, const isa::ConstantBlock& block) {
  ensure(block.bytes && std::ssize(*block.bytes) == block.size,
         "a program without constants' bytes runs with values off only");
  for (const Part& part : partsOf(block, machine.program.cores)) {
    for (const std::int64_t core : part.cores) {
      std::memcpy(machine.fabric.core(core).storage(block.storage).at(block.address, part.bytes),
                  block.bytes->data() + part.begin, static_cast<std::size_t>(part.bytes));
    }
  }
}

}  // namespace

LoadResult HostLink::load() {
  LoadResult result;
  std::int64_t memoryBytes = 0;
  if (machine_.fabric.network) machine_.fabric.network->reset();
  double arrivedS = 0;        // of the last part that passes the network
  std::int64_t withHost = 0;  // bytes of the weights that stay there
  for (const isa::ConstantBlock& block : machine_.program.constants) {
    if (machine_.values) place(machine_, block);
    if (staysWithHost(machine_, block)) {
      withHost += block.size;
      continue;
    }
    if (machine_.memory(block.storage)) {
      memoryBytes += block.size;
    } else if (machine_.fabric.network && !machine_.chip.idealMemory) {
      arrivedS = std::max(arrivedS, spread(block, result));
    }
    result.bytes += block.size;
  }
  result.timeS = std::max(transferSeconds(result.bytes), arrivedS);
  if (memoryBytes > 0) {
    result.timeS = std::max(
        result.timeS, static_cast<double>(memoryBytes) / machine_.chip.memoryBytesPerSecond());
  }
  result.cycles = static_cast<std::int64_t>(
      std::ceil(result.timeS * static_cast<double>(machine_.clock.hertz())));
  addHostCost(result, result.bytes + withHost);
  return result;
}

/// Sends a constant that comes after `result.bytes` others from the memory ports to its cores, each
/// part as soon as the host link has brought it. Returns when the last one is there.
double HostLink::spread(const isa::ConstantBlock& block, LoadResult& result) const {
  Network& network = *machine_.fabric.network;
  const auto hertz = static_cast<double>(machine_.clock.hertz());
  std::int64_t last = 0;
  for (const Part& part : partsOf(block, machine_.program.cores)) {
    if (part.cores.empty()) continue;
    const double here = transferSeconds(result.bytes + part.begin + part.bytes);
    const auto start = static_cast<std::int64_t>(std::ceil(here * hertz));
    for (const Delivery& delivery :
         network.multicast(start, network.portOf(part.cores[0]), part.cores, part.bytes)) {
      last = std::max(last, delivery.lastByte);
      result.networkByteHops += delivery.byteHops;
    }
  }
  return machine_.clock.seconds(last);
}

void HostLink::addHostCost(LoadResult& result, std::int64_t weightBytes) const {
  const LoadCost cost = loadCost(machine_.chip.host, weightBytes);
  result.compileS = cost.compile;
  result.relayoutS = cost.relayout;
  result.cacheS = cost.cache;
  result.setupS = cost.setup;
  result.warmUpS = cost.warmUp;
  result.hostTimeS = cost.compile + cost.relayout + cost.setup;
}

void HostLink::write(const isa::PortTensor& port, const Tensor& tensor) {
  if (tensor.type() != port.type || tensor.shape() != port.shape) {
    throw BadInput("input '" + port.name + "' is " + std::string(name(tensor.type())) + " " +
                   toString(tensor.shape()) + "; the network takes " +
                   std::string(name(port.type)) + " " + toString(port.shape));
  }
  if (!machine_.values) return;
  forEachPiece(machine_, port, [&](std::int64_t offset, std::byte* there, std::size_t bytes) {
    std::memcpy(there, tensor.bytes().data() + offset, bytes);
  });
}

Tensor HostLink::read(const isa::PortTensor& port) const {
  Tensor tensor(port.type, port.shape);
  if (!machine_.values) return tensor;
  forEachPiece(machine_, port, [&](std::int64_t offset, std::byte* there, std::size_t bytes) {
    std::memcpy(tensor.bytes().data() + offset, there, bytes);
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
