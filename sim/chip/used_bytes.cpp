#include "sim/chip/used_bytes.h"

#include <algorithm>

#include "sim/core/error.h"
#include "sim/isa/footprint.h"

namespace npusim {
namespace {

class UsedBytes {
 public:
  explicit UsedBytes(const isa::Program& program)
      : program_(program), used_(program.storages.size(), 0) {}

  std::vector<std::int64_t> find() {
    for (const isa::ConstantBlock& block : program_.constants) {
      raise(block.storage, block.address + (block.scatter ? block.scatter->partBytes : block.size));
    }
    for (const auto* ports : {&program_.inputs, &program_.outputs}) {
      for (const isa::PortTensor& port : *ports) raisePort(port);
    }
    for (const auto& queue : program_.queues) walk(queue);
    raiseDistributed();
    for (std::size_t i = 0; i < used_.size(); ++i) {
      used_[i] = std::clamp<std::int64_t>(used_[i], 0, program_.storages[i].capacityBytes);
    }
    return std::move(used_);
  }

 private:
  void raise(isa::StorageId storage, std::int64_t end) {
    ensure(storage >= 0 && static_cast<std::size_t>(storage) < used_.size(),
           "the program addresses a storage that it does not list");
    std::int64_t& used = used_[static_cast<std::size_t>(storage)];
    used = std::max(used, end);
  }

  void raisePort(const isa::PortTensor& port) {
    std::int64_t end = port.address + byteSize(port.type);
    for (std::size_t d = 0; d < port.shape.size(); ++d) {
      end += std::max<std::int64_t>(0, port.strideBytes[d] * (port.shape[d] - 1));
    }
    raise(port.storage, end);
  }

  void raiseAccess(const isa::Access& access, const isa::Dimensions& dims, const isa::Extent& run) {
    raise(access.storage, isa::enclosingFootprint(access, dims, run, loops_).end);
  }

  void raiseElements(const isa::Access& access, const isa::Dimensions& dims) {
    raiseAccess(access, dims, {.size = byteSize(access.type), .limit = 0, .terms = {}});
  }

  void walk(const std::vector<isa::Instruction>& queue) {
    for (const isa::Instruction& instruction : queue) {
      std::visit([this](const auto& body) { visit(body); }, instruction.body);
    }
  }

  void visit(const isa::Sync& /*sync*/) {}
  void visit(const isa::Loop& loop) {
    if (loop.condition) raiseElements(loop.condition->byte, {});
    loops_.push_back(loop.count);
  }
  void visit(const isa::EndLoop& /*end*/) { loops_.pop_back(); }

  void visit(const isa::Transfer& transfer) {
    const isa::Dimensions dims = isa::dimensions(transfer);
    raiseAccess(transfer.source, dims, transfer.run);
    raiseAccess(transfer.target, dims, transfer.run);
    if (transfer.gather) raiseElements(*transfer.gather, dims);
  }

  void visit(const isa::Matrix& matrix) {
    const isa::Dimensions dims = isa::dimensions(matrix);
    for (const auto* access : {&matrix.a, &matrix.b, &matrix.c}) raiseElements(*access, dims);
    for (const auto* access : {&matrix.bias, &matrix.zeroA, &matrix.zeroB})
      if (*access) raiseElements(**access, dims);
  }

  void visit(const isa::VectorPass& pass) {
    const isa::Dimensions dims = isa::dimensions(pass);
    for (const isa::VectorOperand& operand : pass.operands) raiseElements(operand.access, dims);
    raiseElements(pass.out.access, dims);
  }

  void raiseDistributed() {
    for (std::size_t i = 0; i < used_.size(); ++i) {
      const auto& distribution = program_.storages[i].distribution;
      if (!distribution || used_[i] == 0) continue;
      raise(distribution->buffer, distribution->address + distribution->shareOf(used_[i]));
    }
  }

  const isa::Program& program_;
  std::vector<std::int64_t> used_;
  isa::LoopCounts loops_;
};

}  // namespace

std::vector<std::int64_t> usedBytes(const isa::Program& program) {
  return UsedBytes(program).find();
}

}  // namespace npusim
