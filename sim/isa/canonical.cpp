#include <algorithm>
#include <tuple>

#include "sim/isa/footprint.h"
#include "sim/isa/program_io.h"

namespace npusim::isa {
namespace {

/// stride x (pass number of the loop) as plain terms of that loop and those around it.
void appendPasses(const LoopTerm& term, const LoopCounts& loops, std::vector<LoopTerm>& terms) {
  std::int64_t stride = term.stride;
  for (int depth = term.depth; depth >= 0; --depth) {
    terms.push_back({.depth = depth, .stride = stride, .modulo = 0});
    stride *= loops[static_cast<std::size_t>(depth)];
  }
}

bool sameIndex(const LoopTerm& a, const LoopTerm& b) {
  return a.depth == b.depth && a.modulo == b.modulo && a.divisor == b.divisor;
}

/// Merges terms of equal loop and modulo, outermost loop first; drops those that stay 0.
std::vector<LoopTerm> merged(std::vector<LoopTerm> terms, const LoopCounts& loops) {
  std::stable_sort(terms.begin(), terms.end(), [](const LoopTerm& a, const LoopTerm& b) {
    return std::tuple(a.depth, a.divisor, a.modulo) < std::tuple(b.depth, b.divisor, b.modulo);
  });
  std::vector<LoopTerm> kept;
  for (const LoopTerm& term : terms) {
    if (term.modulo == 0 && loops[static_cast<std::size_t>(term.depth)] == 1) continue;
    if (!kept.empty() && sameIndex(kept.back(), term))
      kept.back().stride += term.stride;
    else
      kept.push_back(term);
  }
  std::erase_if(kept, [](const LoopTerm& term) { return term.stride == 0; });
  return kept;
}

/// Brings the instructions of one queue, whose open loops it follows, to their one form.
class Canonicalizer {
 public:
  void visit(Instruction& instruction) {
    std::visit([this](auto& body) { simplify(body); }, instruction.body);
  }

 private:
  void simplify(Loop& loop) {
    if (loop.condition) simplify(loop.condition->byte, {});
    loops_.push_back(loop.count);
  }
  void simplify(const EndLoop&) {
    if (!loops_.empty()) loops_.pop_back();
  }
  void simplify(const Sync&) {}

  void simplify(Transfer& transfer) {
    for (Extent& dim : transfer.dims) simplify(dim);
    simplify(transfer.run);
    const Dimensions dims = dimensions(transfer);
    simplify(transfer.source, dims, transfer.gatherDim);
    simplify(transfer.target, dims);
    if (transfer.gather.has_value()) simplify(*transfer.gather, dims);
    if (transfer.source.bounds.empty()) transfer.fill.reset();
    if (!transfer.fill.has_value()) transfer.fillBytes = 1;
  }

  void simplify(Matrix& matrix) {
    for (Extent& dim : matrix.m) simplify(dim);
    simplify(matrix.n);
    for (Extent& dim : matrix.k) simplify(dim);
    const Dimensions dims = dimensions(matrix);
    for (Access* access : {&matrix.a, &matrix.b, &matrix.c}) simplify(*access, dims);
    for (std::optional<Access>* access : {&matrix.bias, &matrix.zeroA, &matrix.zeroB})
      if (access->has_value()) simplify(**access, dims);
    if (matrix.a.bounds.empty()) matrix.padding = 0;
    std::vector<int>& depths = matrix.accumulateOver;
    std::erase_if(depths, [this](int depth) { return isOpen(depth) && countOf(depth) == 1; });
    std::sort(depths.begin(), depths.end());
    depths.erase(std::unique(depths.begin(), depths.end()), depths.end());
  }

  void simplify(VectorPass& pass) {
    for (Extent& dim : pass.dims) simplify(dim);
    const Dimensions dims = dimensions(pass);
    for (VectorOperand& operand : pass.operands) simplify(operand.access, dims);
    simplify(pass.out.access, dims);
  }

  void simplify(std::vector<LoopTerm>& terms) const {
    std::vector<LoopTerm> plain;
    for (const LoopTerm& term : terms) {
      const bool ofCore = term.depth == kCoreDepth;
      if (!ofCore && !isOpen(term.depth)) return;  // a mistake, left for verify() to name
      if (term.modulo == 1) continue;
      if (!ofCore && term.modulo > 0 && term.modulo >= passes(loops_, term.depth))
        appendPasses(term, loops_, plain);
      else
        plain.push_back(term);
    }
    terms = merged(std::move(plain), loops_);
  }

  void simplify(Extent& extent) const {
    const bool limited = !extent.terms.empty();
    simplify(extent.terms);
    const Interval taken = range(extent.terms, loops_);
    if (limited && extent.limit > taken.low)
      extent.size = std::min(extent.size, extent.limit - taken.low);
    const bool everShortened = limited && extent.limit - taken.high < extent.size;
    if (everShortened) return;
    extent.terms.clear();
    extent.limit = 0;
  }

  /// `gatheredDim`: the dimension whose positions are not known here, -1 for none.
  void simplify(Access& access, const Dimensions& dims, int gatheredDim = -1) const {
    simplify(access.address.terms);
    std::vector<std::int64_t> largest;
    for (const Extent* dim : dims) largest.push_back(range(*dim, loops_).high);
    dropSingles(access.strides, largest, gatheredDim);
    for (Bound& bound : access.bounds) {
      simplify(bound.origin.terms);
      dropSingles(bound.strides, largest, gatheredDim);
    }
    std::erase_if(access.bounds, [&](const Bound& bound) {
      if (bound.strides.size() != largest.size()) return false;
      const bool gathered =
          gatheredDim >= 0 && bound.strides.at(static_cast<std::size_t>(gatheredDim)) != 0;
      const Interval seen = coordinates(bound, largest, loops_);
      return !gathered && seen.low >= 0 && seen.high < bound.limit;
    });
  }

  static void dropSingles(std::vector<std::int64_t>& strides,
                          const std::vector<std::int64_t>& largest, int gatheredDim) {
    for (std::size_t d = 0; d < std::min(strides.size(), largest.size()); ++d)
      if (largest[d] == 1 && static_cast<int>(d) != gatheredDim) strides[d] = 0;
  }

  bool isOpen(int depth) const { return depth >= 0 && depth < static_cast<int>(loops_.size()); }
  std::int64_t countOf(int depth) const { return loops_[static_cast<std::size_t>(depth)]; }

  LoopCounts loops_;
};

}  // namespace

void canonicalize(Program& program) {
  for (std::vector<Instruction>& queue : program.queues) {
    Canonicalizer canonicalizer;
    for (Instruction& instruction : queue) canonicalizer.visit(instruction);
  }
}

}  // namespace npusim::isa
