#include "sim/chip/charges.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "sim/chip/idle_walk.h"
#include "sim/chip/machine.h"

namespace npusim {
namespace {

std::vector<Charge> layerTimes(const std::vector<LayerTally>& layers) {
  std::vector<Charge> charges;
  std::int64_t finished = 0;
  for (const LayerTally& layer : layers) {
    charges.push_back({finished, std::max(finished, layer.finish), {}});
    finished = charges.back().end;
  }
  return charges;
}

/// Hands one core's idle cycles, which come in order, to the layers.
class Charging {
 public:
  explicit Charging(std::vector<Charge>& layers) : layers_(layers) {}

  void add(std::int64_t begin, std::int64_t end, IdleCause cause) {
    idle_[cause] += end - begin;
    while (begin < end) {
      while (layer_ < layers_.size() && layers_[layer_].end <= begin) ++layer_;
      if (layer_ == layers_.size()) return;
      const std::int64_t until = std::min(end, layers_[layer_].end);
      layers_[layer_].idle[cause] += until - begin;
      begin = until;
    }
  }

  const IdleCycles& idle() const { return idle_; }

 private:
  std::vector<Charge>& layers_;
  std::size_t layer_ = 0;
  IdleCycles idle_;
};

}  // namespace

std::int64_t IdleCycles::total() const {
  return std::accumulate(cycles_.begin(), cycles_.end(), std::int64_t{0});
}

IdleCycles& IdleCycles::operator+=(const IdleCycles& other) {
  for (std::size_t i = 0; i < kIdleCauses; ++i) cycles_[i] += other.cycles_[i];
  return *this;
}

IdleCycles IdleCycles::dividedBy(std::int64_t count, IdleCycles& rest) const {
  IdleCycles mean;
  for (std::size_t i = 0; i < kIdleCauses; ++i) {
    const std::int64_t sum = cycles_[i] + rest.cycles_[i];
    mean.cycles_[i] = sum / count;
    rest.cycles_[i] = sum % count;
  }
  return mean;
}

Charges chargeLayers(const Fabric& fabric) {
  Charges charges;
  charges.layers = layerTimes(fabric.layers);
  charges.leastIdle = std::numeric_limits<std::int64_t>::max();
  std::vector<const Timeline*> timelines;
  for (const auto& core : fabric.cores) timelines.push_back(&core->timeline);
  for (std::size_t core = 0; core < timelines.size(); ++core) {
    Charging charging(charges.layers);
    IdleWalk(timelines, [&charging](std::int64_t begin, std::int64_t end, IdleCause cause) {
      charging.add(begin, end, cause);
    }).walk(core);
    charges.idle += charging.idle();
    charges.leastIdle = std::min(charges.leastIdle, charging.idle().total());
    charges.mostIdle = std::max(charges.mostIdle, charging.idle().total());
  }
  IdleCycles rest;
  for (Charge& layer : charges.layers) {
    layer.idle = layer.idle.dividedBy(std::ssize(timelines), rest);
  }
  return charges;
}

}  // namespace npusim
