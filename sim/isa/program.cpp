#include "sim/isa/program.h"

#include <algorithm>

namespace npusim::isa {
namespace {

std::int64_t sum(const std::vector<LoopTerm>& terms, const LoopIndices& indices) {
  std::int64_t total = 0;
  for (const LoopTerm& term : terms) {
    if (term.depth == kCoreDepth) {
      total += term.stride * (indices.core / term.divisor % term.modulo);
      continue;
    }
    const auto depth = static_cast<std::size_t>(term.depth);
    total +=
        term.stride * (term.modulo > 0 ? indices.flat[depth] % term.modulo : indices.index[depth]);
  }
  return total;
}

}  // namespace

std::string_view name(Engine engine) {
  switch (engine) {
    case Engine::LoadWeights:
      return "load_weights";
    case Engine::LoadInputs:
      return "load_inputs";
    case Engine::Matrix:
      return "matrix";
    case Engine::Vector:
      return "vector";
    case Engine::Store:
      return "store";
  }
  return "unknown";
}

std::int64_t Affine::at(const LoopIndices& indices) const { return base + sum(terms, indices); }

std::int64_t Extent::at(const LoopIndices& indices) const {
  if (terms.empty()) return size;
  return std::max<std::int64_t>(0, std::min(size, limit - sum(terms, indices)));
}

Distribution::Place Distribution::at(std::int64_t offset) const {
  // Level by level the owner's digit is taken out of the offset, which leaves the address in the
  // owner's share.
  Place place{first, offset, INT64_MAX};
  std::int64_t scale = 1;  // how much the levels so far have shortened the offset
  for (const Deal& level : levels) {
    const std::int64_t chunk = level.chunk / scale;
    const std::int64_t number = place.address / chunk;
    const std::int64_t within = place.address % chunk;
    place.core += level.step * (number % level.count);
    place.contiguous = std::min(place.contiguous, chunk - within);
    place.address = number / level.count * chunk + within;
    scale *= level.count;
  }
  place.address += address;
  return place;
}

std::int64_t Distribution::shareOf(std::int64_t bytes) const {
  std::int64_t scale = 1;
  for (const Deal& level : levels) {
    const std::int64_t round = level.chunk / scale * level.count;
    bytes = bytes / round * (level.chunk / scale) + std::min(bytes % round, level.chunk / scale);
    scale *= level.count;
  }
  return bytes;
}

std::int64_t gatheredPositions(const Transfer& transfer) {
  for (const Bound& bound : transfer.source.bounds) {
    std::vector<std::int64_t> alone(bound.strides.size(), 0);
    if (transfer.gatherDim < 0 || transfer.gatherDim >= std::ssize(alone)) continue;
    alone[static_cast<std::size_t>(transfer.gatherDim)] = 1;
    if (bound.strides == alone && bound.origin == Affine{}) return bound.limit;
  }
  return 0;
}

Access fillOnly(const Access& target, std::size_t dims) {
  Access source;
  source.storage = target.storage;
  source.type = target.type;
  source.strides.assign(dims, 0);
  source.bounds.push_back({Affine{-1, {}}, std::vector<std::int64_t>(dims, 0), 1});
  return source;
}

}  // namespace npusim::isa
