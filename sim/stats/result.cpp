#include "sim/stats/result.h"

namespace npusim {

double Energy::total() const {
  return mac + localStore + arrayNetwork + buffer + vector + network + dram + clockIdle + host +
         cpu;
}

Energy& Energy::operator+=(const Energy& other) {
  mac += other.mac;
  localStore += other.localStore;
  arrayNetwork += other.arrayNetwork;
  buffer += other.buffer;
  vector += other.vector;
  network += other.network;
  dram += other.dram;
  clockIdle += other.clockIdle;
  host += other.host;
  cpu += other.cpu;
  return *this;
}

double Area::total() const { return array + localStore + buffer + vector + network; }

bool RunResult::abovePowerLimit() const {
  constexpr double kRounding = 1e-9;  // a clock that just keeps the limit
  return powerLimitW > 0 && predict.averagePowerW > powerLimitW * (1 + kRounding);
}

}  // namespace npusim
