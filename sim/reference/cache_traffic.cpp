#include "sim/reference/cache_traffic.h"

#include <algorithm>
#include <cmath>

namespace npusim {
namespace {

bool isMatrix(const OperatorWork& work) {
  const bool product =
      work.kind == OperatorWork::Kind::Matrix || work.kind == OperatorWork::Kind::Convolution;
  return product && work.macs > 0;
}

/// One operator's dimensions and tensors in floating point, ready for the formulas.
struct Problem {
  double batch, m, n, k, elementBytes;
  double a, b;  ///< distinct bytes of the two operands, all batches
  OperatorBytes bytes;
};

Problem problemOf(const OperatorWork& work, DataType format) {
  Problem p{};
  p.elementBytes = byteSize(format);
  p.batch = static_cast<double>(work.batch);
  p.m = static_cast<double>(work.m);
  p.n = static_cast<double>(work.n);
  p.k = static_cast<double>(work.k);
  p.bytes = operatorBytes(work, format);
  p.b = p.batch * p.k * p.n * p.elementBytes;
  const bool window = work.kind == OperatorWork::Kind::Convolution;
  p.a = window ? p.bytes.input : p.batch * p.m * p.k * p.elementBytes;
  return p;
}

/// Operands as the tile in the registers asks for them, plus results once. A convolution's window
/// is unfolded here.
double registerTraffic(const Problem& p, const MatrixBlocking& blocking) {
  const double macs = p.batch * p.m * p.n * p.k;
  const double rows = std::min(p.m, static_cast<double>(blocking.tileM));
  const double columns = std::min(p.n, static_cast<double>(blocking.tileN));
  const double operands = macs * (1 / rows + 1 / columns) * p.elementBytes;
  return std::max(operands + p.bytes.output, p.bytes.total());
}

/// Passes over the operands beyond the first one, in bytes, when blocks live in a cache of
/// `copies` private parts of `part` bytes. The outputs are divided over the parts as squarely as
/// m and n allow.
double repeatedOperandBytes(const Problem& p, double part, double copies) {
  const double third = part / 3;
  const double partsM = std::clamp(std::sqrt(copies * p.m / p.n), 1.0, copies);
  const double partsN = copies / partsM;
  const double smallest = std::min(
      {p.a / p.batch / partsM, p.b / p.batch / partsN, p.m * p.n * p.elementBytes / copies});
  const double side = smallest <= third ? std::max(p.m, p.n) : std::sqrt(third / p.elementBytes);
  const double passesA = std::max(std::min(partsN, p.n), p.n / side);
  const double passesB = std::max(std::min(partsM, p.m), p.m / side);
  return p.a * (std::max(passesA, 1.0) - 1) + p.b * (std::max(passesB, 1.0) - 1);
}

double missesOf(const ReferenceCacheLevel& level, const OperatorWork& work, const Problem& p,
                const NetworkFootprint& network) {
  const auto capacity = static_cast<double>(level.capacityBytes);
  const bool activationsStay = p.bytes.total() <= capacity;
  const bool weightsStay = network.weightBytes + network.peakActivationBytes <= capacity;
  const double compulsory =
      (activationsStay ? 0 : p.bytes.input + p.bytes.output) + (weightsStay ? 0 : p.bytes.weight);
  const auto copies = static_cast<double>(level.copies);
  const bool oneShared = activationsStay && level.copies == 1;
  if (!isMatrix(work) || oneShared) return compulsory;
  return compulsory + repeatedOperandBytes(p, capacity / copies, copies);
}

}  // namespace

OperatorBytes operatorBytes(const OperatorWork& work, DataType format) {
  const double size = byteSize(format);
  return {static_cast<double>(work.inputElements) * size,
          static_cast<double>(work.weightElements) * size,
          static_cast<double>(work.outputElements) * size};
}

NetworkFootprint footprint(const std::vector<OperatorWork>& works, DataType format) {
  NetworkFootprint network;
  for (const OperatorWork& work : works) {
    const OperatorBytes bytes = operatorBytes(work, format);
    network.weightBytes += bytes.weight;
    network.peakActivationBytes = std::max(network.peakActivationBytes, bytes.input + bytes.output);
  }
  return network;
}

std::vector<double> trafficByLevel(const ReferenceConfig& machine, const OperatorWork& work,
                                   DataType format, const MatrixBlocking& blocking,
                                   const NetworkFootprint& network) {
  const Problem p = problemOf(work, format);
  std::vector<double> traffic = {isMatrix(work) ? registerTraffic(p, blocking) : p.bytes.total()};
  for (const ReferenceCacheLevel& level : machine.caches) {
    traffic.push_back(std::min(traffic.back(), missesOf(level, work, p, network)));
  }
  return traffic;
}

}  // namespace npusim
