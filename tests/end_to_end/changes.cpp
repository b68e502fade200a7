#include "tests/end_to_end/changes.h"

#include <fmt/format.h>

#include "sim/isa/program_io.h"

namespace npusim::end_to_end {
namespace {

std::string kindOf(isa::Engine engine, const isa::Instruction& instruction) {
  static const std::vector<std::string> names = {"loop",     "end",    "sync",
                                                 "transfer", "matrix", "vector pass"};
  const std::string& body = names.at(instruction.body.index());
  if (std::holds_alternative<isa::Transfer>(instruction.body)) {
    return (engine == isa::Engine::Store ? "store " : "load ") + body;
  }
  return body;
}

}  // namespace

void Changes::run() {
  for (int e = 0; e < isa::kEngineCount; ++e) {
    const auto engine = static_cast<isa::Engine>(e);
    for (isa::Instruction& instruction : program_.queue(engine)) {
      kind_ = kindOf(engine, instruction);
      instruction_ = &instruction;
      changeInstruction(instruction);
    }
  }
  instruction_ = nullptr;
  changeSemaphores();
  changePlaces();
}

void Changes::report(const std::string& what) {
  std::string where;
  if (instruction_ != nullptr) {
    where = fmt::format(" -> {}: {}",
                        program_.layers.at(static_cast<std::size_t>(instruction_->layer)).name,
                        isa::toText(program_, *instruction_));
  }
  attempt_(kind_ + ": " + what, what + where);
}

void Changes::changeInstruction(isa::Instruction& instruction) {
  changeTokens("wait", instruction.waits);
  changeTokens("signal", instruction.signals);
  std::visit([&](auto& body) { changeBody(body); }, instruction.body);
}

void Changes::changeTokens(const std::string& verb, std::vector<isa::SemaphoreId>& ids) {
  const auto semaphores = static_cast<isa::SemaphoreId>(program_.semaphores.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    set(verb + " renamed", ids[i], (ids[i] + 1) % semaphores);
    std::vector<isa::SemaphoreId> fewer = ids;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    set(verb + " removed", ids, fewer);
  }
}

void Changes::changeBody(isa::Loop& loop) {
  add("count raised", loop.count, 1);
  add("count lowered", loop.count, -1);
}

void Changes::changeBody(isa::Transfer& transfer) {
  for (isa::Extent& dim : transfer.dims) changeExtent("dimension", dim, 1);
  changeExtent("run", transfer.run, byteSize(transfer.source.type));
  changeAccess("source", transfer.source);
  changeAccess("target", transfer.target);
  if (transfer.gather) {
    changeAccess("indices", *transfer.gather);
    set("gathered dimension", transfer.gatherDim, transfer.gatherDim + 1);
  }
  if (transfer.fill) {
    set("fill", *transfer.fill, *transfer.fill ^ (1U << (8 * transfer.fillBytes - 2)));
    set("fill width", transfer.fillBytes, transfer.fillBytes == 1 ? 2 : 1);
  }
}

void Changes::changeBody(isa::Matrix& matrix) {
  for (isa::Extent& m : matrix.m) changeExtent("m", m, 1);
  changeExtent("n", matrix.n, 1);
  for (isa::Extent& k : matrix.k) changeExtent("k", k, 1);
  changeAccess("a", matrix.a);
  changeAccess("b", matrix.b);
  changeAccess("c", matrix.c);
  set("padding", matrix.padding, matrix.padding + 1);
  if (matrix.bias) {
    changeAccess("bias", *matrix.bias);
    set("bias removed", matrix.bias, std::nullopt);
  }
  for (int& depth : matrix.accumulateOver) set("accumulation loop", depth, depth == 0 ? 1 : 0);
  if (!matrix.accumulateOver.empty()) set("accumulation removed", matrix.accumulateOver, {});
  add("useful MACs", matrix.usefulNumerator, 1);
  add("MACs of the tile", matrix.usefulDenominator, 1);
}

void Changes::changeBody(isa::VectorPass& pass) {
  for (isa::Extent& dim : pass.dims) changeExtent("dimension", dim, 1);
  set("reduced dimensions", pass.reduceDims, pass.reduceDims == 0 ? 1 : pass.reduceDims - 1);
  set("reduction", pass.reduce, pass.reduce == ReduceOp::Sum ? ReduceOp::Max : ReduceOp::Sum);
  for (std::size_t i = 0; i < pass.operands.size(); ++i) {
    const std::string role = i == 0 ? "x0" : "step operand";
    changeAccess(role, pass.operands[i].access);
    changeScaling(role, pass.operands[i].scaling);
  }
  const auto operands = static_cast<int>(pass.operands.size());
  changeSteps("pre", pass.pre, operands);
  changeSteps("post", pass.post, operands);
  changeAccess("out", pass.out.access);
  changeScaling("out", pass.out.scaling);
}

void Changes::changeSteps(const std::string& when, std::vector<isa::VectorStep>& steps,
                          int operands) {
  for (isa::VectorStep& step : steps) {
    set(when + " step's operation", step.op,
        step.op == ElementOp::Sub ? ElementOp::Add : ElementOp::Sub);
    set(when + " step's operand", step.operand, (step.operand + 1) % operands);
    set(when + " step's alpha", step.alpha, step.alpha * 1.25F + 0.25F);
    set(when + " step's beta", step.beta, step.beta - 0.25F);
  }
}

void Changes::changeScaling(const std::string& role, isa::Scaling& scaling) {
  set(role + " scale", scaling.scale, scaling.scale * 1.25F);
  // Far enough to be seen after the scale of an accumulator, and towards values that exist.
  const std::int32_t change = scaling.scale == 1 ? 5000 : 3;
  set(role + " zero point", scaling.zeroPoint,
      scaling.zeroPoint + (scaling.zeroPoint < 0 ? change : -change));
}

void Changes::changeTerms(const std::string& what, std::vector<isa::LoopTerm>& terms,
                          std::int64_t unit) {
  for (isa::LoopTerm& term : terms) {
    add(what + " term's stride", term.stride, unit);
    set(what + " term's loop", term.depth, term.depth == 0 ? 1 : term.depth - 1);
    if (term.modulo == 0) continue;
    add(what + " term's modulo", term.modulo, 1);
  }
}

void Changes::changeExtent(const std::string& what, isa::Extent& extent, std::int64_t unit) {
  add(what + " extent", extent.size, -unit);
  if (!extent.terms.empty()) add(what + " limit", extent.limit, -unit);
  for (isa::LoopTerm& term : extent.terms) add(what + " limit's stride", term.stride, unit);
}

void Changes::changeBound(const std::string& role, isa::Bound& bound) {
  add(role + " bound's origin", bound.origin.base, 1);
  changeTerms(role + " bound", bound.origin.terms, 1);
  for (std::int64_t& stride : bound.strides) {
    if (stride != 0) add(role + " bound's stride", stride, 1);
  }
  add(role + " bound's limit", bound.limit, -1);
}

void Changes::changeAccess(const std::string& role, isa::Access& access) {
  const std::int64_t unit = byteSize(access.type);
  add(role + " base raised", access.address.base, unit);
  add(role + " base lowered", access.address.base, -unit);
  changeTerms(role, access.address.terms, unit);
  for (std::int64_t& stride : access.strides) {
    add(role + (stride == 0 ? " stride from 0" : " stride"), stride, unit);
  }
  for (isa::Bound& bound : access.bounds) changeBound(role, bound);
  const auto storages = static_cast<isa::StorageId>(program_.storages.size());
  set(role + " storage", access.storage, (access.storage + 1) % storages);
}

void Changes::changeSemaphores() {
  for (isa::Semaphore& semaphore : program_.semaphores) {
    const std::int64_t before = semaphore.initial;
    kind_ = "semaphore " + semaphore.name.substr(semaphore.name.find_last_of('.') + 1);
    semaphore.initial = before + 1;
    attempt_(kind_ + ": initial tokens raised", semaphore.name);
    semaphore.initial = before > 0 ? 0 : -1;
    attempt_(kind_ + ": no initial tokens", semaphore.name);
    semaphore.initial = before;
  }
}

void Changes::changePlaces() {
  kind_ = "constant";
  for (isa::ConstantBlock& block : program_.constants) add("address", block.address, 4);
  kind_ = "port";
  for (auto* ports : {&program_.inputs, &program_.outputs}) {
    for (isa::PortTensor& port : *ports) {
      add("address", port.address, byteSize(port.type));
      for (std::size_t d = 0; d < port.shape.size(); ++d) {
        if (port.shape[d] > 1) add("stride", port.strideBytes[d], byteSize(port.type));
      }
    }
  }
}

}  // namespace npusim::end_to_end
