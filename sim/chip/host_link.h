#pragma once

#include "sim/chip/machine.h"
#include "sim/core/tensor.h"
#include "sim/stats/result.h"

namespace npusim {

/// The link over which the host writes constants and inputs and reads outputs.
class HostLink {
 public:
  /// `machine`: the core whose buffers hold what is not distributed; it knows the others.
  explicit HostLink(Machine& machine) : machine_(machine) {}

  /// Places all constants. Time: latency plus bytes at the link's bandwidth, or at the memories'
  /// where they are slower, or until the network has brought them to the cores whose buffers keep
  /// them. What several cores keep comes over the link once, and with multicast over the network.
  /// What predictions stream from the host's memory stays there.
  LoadResult load();

  /// Writes a port's tensor through its strides. Throws BadInput for another type or shape.
  void write(const isa::PortTensor& port, const Tensor& tensor);
  Tensor read(const isa::PortTensor& port) const;

  /// Inputs in and outputs back once each, and the dispatch of one inference; `timeS` includes
  /// `dispatchS`, which is 0 with ideal memory.
  IoResult io() const;

 private:
  double transferSeconds(std::int64_t bytes) const;
  double spread(const isa::ConstantBlock& block, LoadResult& result) const;
  void addHostCost(LoadResult& result, std::int64_t weightBytes) const;

  Machine& machine_;
};

}  // namespace npusim
