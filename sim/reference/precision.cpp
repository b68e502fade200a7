#include "sim/reference/precision.h"

#include <initializer_list>
#include <string>

#include "sim/core/error.h"

namespace npusim {
namespace {

std::initializer_list<DataType> widerFormats(DataType asked) {
  static constexpr std::initializer_list<DataType> fromInt8 = {
      DataType::Int16, DataType::Float16, DataType::BFloat16, DataType::Float32};
  static constexpr std::initializer_list<DataType> toFloat = {DataType::Float32};
  return asked == DataType::Int8 || asked == DataType::UInt8 ? fromInt8 : toFloat;
}

}  // namespace

DataType precisionUsed(const ReferenceConfig& machine, DataType asked) {
  if (machine.macsPerCyclePerCore.contains(asked)) return asked;
  for (const DataType wider : widerFormats(asked)) {
    if (machine.macsPerCyclePerCore.contains(wider)) return wider;
  }
  throw BadInput(machine.name + ": macs_per_cycle_per_core: offers neither " +
                 std::string(name(asked)) + " nor a wider format; list at least fp32");
}

}  // namespace npusim
