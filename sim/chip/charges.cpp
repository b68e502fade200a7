#include "sim/chip/charges.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "sim/chip/idle_walk.h"
#include "sim/chip/machine.h"

namespace npusim {
namespace {

/// Cycles that follow those of the stretch before and are charged to one layer.
struct Stretch {
  std::size_t layer = 0;
  std::int64_t begin = 0, end = 0;
};

std::vector<Stretch> stretchesOf(const TurnEnds& turnEnds) {
  std::vector<Stretch> stretches;
  std::int64_t finished = 0;
  for (const TurnEnds::End& turn : turnEnds.all()) {
    if (turn.cycle <= finished) continue;
    stretches.push_back({static_cast<std::size_t>(turn.layer), finished, turn.cycle});
    finished = turn.cycle;
  }
  return stretches;
}

/// Hands one core's idle cycles, which come in order, to the layers.
class Charging {
 public:
  Charging(const std::vector<Stretch>& stretches, const RepeatedTime& time,
           std::vector<Charge>& layers)
      : stretches_(stretches), time_(time), layers_(layers) {}

  void add(std::int64_t begin, std::int64_t end, IdleCause cause) {
    idle_[cause] += time_.length(begin, end);
    simulated_ += end - begin;
    while (begin < end) {
      while (at_ < stretches_.size() && stretches_[at_].end <= begin) ++at_;
      if (at_ == stretches_.size()) return;
      const std::int64_t until = std::min(end, stretches_[at_].end);
      layers_[stretches_[at_].layer].idle[cause] += time_.length(begin, until);
      begin = until;
    }
  }

  const IdleCycles& idle() const { return idle_; }
  std::int64_t simulated() const { return simulated_; }

 private:
  const std::vector<Stretch>& stretches_;
  const RepeatedTime& time_;
  std::vector<Charge>& layers_;
  std::size_t at_ = 0;
  IdleCycles idle_;
  std::int64_t simulated_ = 0;
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
  charges.layers.resize(fabric.layers.size());
  const RepeatedTime& time = fabric.steadyPasses.time();
  const std::vector<Stretch> stretches = stretchesOf(fabric.turnEnds);
  for (const Stretch& stretch : stretches) {
    charges.layers[stretch.layer].cycles += time.length(stretch.begin, stretch.end);
  }
  charges.leastIdle = std::numeric_limits<std::int64_t>::max();
  std::vector<const Timeline*> timelines;
  for (const auto& core : fabric.cores) timelines.push_back(&core->timeline);
  for (std::size_t core = 0; core < timelines.size(); ++core) {
    Charging charging(stretches, time, charges.layers);
    IdleWalk(timelines, [&charging](std::int64_t begin, std::int64_t end, IdleCause cause) {
      charging.add(begin, end, cause);
    }).walk(core);
    charges.idle += charging.idle();
    charges.simulatedIdle += charging.simulated();
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
