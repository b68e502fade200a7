#include "kernels/emit/transfer_nest.h"

namespace npusim::emit {

bool readsNothing(const isa::Transfer& transfer, const std::vector<MoveDim>& dims) {
  for (std::size_t b = 0; b < transfer.source.bounds.size(); ++b) {
    std::int64_t highest = transfer.source.bounds[b].origin.base;
    for (const MoveDim& dim : dims) {
      highest += std::max<std::int64_t>(0, dim.boundStrides[b]) * (dim.extent.size - 1);
    }
    bool looped = false;
    for (const isa::LoopTerm& term : transfer.source.bounds[b].origin.terms) {
      looped = looped || term.depth != isa::kCoreDepth;
      highest += std::max<std::int64_t>(0, term.stride) * (term.modulo - 1);
    }
    if (highest < 0 && !looped) return true;
  }
  return false;
}

void finishTransfer(isa::Transfer& transfer, std::vector<MoveDim> dims, std::int64_t elementBytes,
                    bool toSlot) {
  transfer.run = isa::Extent{elementBytes, 0, {}};
  while (!dims.empty() && transfer.run.terms.empty()) {
    const MoveDim& inner = dims.back();
    const std::int64_t run = transfer.run.size;
    if (!inner.mergeable() || inner.blockStride != run || inner.slotStride != run) break;
    isa::Extent merged = inner.extent;
    merged.size *= run;
    merged.limit *= run;
    for (isa::LoopTerm& term : merged.terms) term.stride *= run;
    transfer.run = merged;
    dims.pop_back();
  }
  isa::Access& block = toSlot ? transfer.source : transfer.target;
  isa::Access& slot = toSlot ? transfer.target : transfer.source;
  for (const MoveDim& dim : dims) {
    if (dim.gathered) transfer.gatherDim = static_cast<int>(transfer.dims.size());
    if (transfer.gather) transfer.gather->strides.push_back(dim.indexStride);
    transfer.dims.push_back(dim.extent);
    block.strides.push_back(dim.blockStride);
    slot.strides.push_back(dim.slotStride);
    for (std::size_t b = 0; b < dim.boundStrides.size(); ++b) {
      transfer.source.bounds[b].strides.push_back(dim.boundStrides[b]);
    }
  }
}

}  // namespace npusim::emit
