#include "kernels/mapping/task_signature.h"

#include <array>

namespace npusim::mapping {
namespace {

class Signature {
 public:
  explicit Signature(const plan::Plan& plan) : plan_(plan) {}

  void add(std::int64_t number) { text_ += std::to_string(number) + ","; }

  template <typename Numbers>
  void add(char kind, const Numbers& numbers) {
    text_ += kind;
    for (const auto number : numbers) add(number);
  }

  void add(const plan::Operand& operand) {
    const plan::Block& block = plan_.block(operand.block);
    if (block.distribution || block.kept) text_ += block.kept ? 'k' : 'd';
    text_ += block.resident ? 'r' : block.kind == plan::Block::Kind::Weights ? 'w' : 'a';
    if (!block.distribution && !block.kept && !block.resident) add(block.storage);  // which memory
    add(static_cast<std::int64_t>(operand.type));
    if (block.encoding) add('e', std::array{block.encoding->code.bytes(), block.bytes});
    for (const plan::Axis& axis : operand.axes) {
      add(axis.extent);
      add(axis.stride);
      add(axis.offset);
      for (const std::int64_t c : axis.coefficients) add(c);
    }
  }

  void add(const std::vector<isa::VectorStep>& steps) {
    text_ += 's';
    for (const isa::VectorStep& step : steps) add(static_cast<std::int64_t>(step.op));
  }

  void add(const plan::MatrixWork& work) {
    text_ += 'm';
    add(work.b);
    add(work.zeroA);
    add(work.zeroB);
    add(work.steps);
    add('x', work.strides);
    add('y', work.dilations);
    if (!work.mapping) return;
    const RowStationaryPass& pass = work.mapping->pass;
    add('g', std::array{work.mapping->n, work.mapping->m, pass.e, pass.p, pass.q, pass.r, pass.t});
  }

  void add(const plan::VectorWork& work) {
    for (const plan::Pass& pass : work.passes) {
      add('p', pass.dims);
      add(pass.reduceDims);
      add(pass.pre);
      add(pass.post);
    }
    for (const plan::Temporary& temporary : work.temporaries) add('t', temporary.dims);
  }

  void add(const plan::CopyWork&) { text_ += 'c'; }

  std::string take() { return std::move(text_); }

 private:
  const plan::Plan& plan_;
  std::string text_;
};

}  // namespace

std::string signature(const plan::Plan& plan, const plan::Task& task,
                      const std::vector<std::int64_t>& freeBytes) {
  Signature signature(plan);
  for (const plan::Dimension& dim : task.dims) {
    signature.add(dim.tileable ? dim.extent : -dim.extent);
    if (dim.images) signature.add('i', std::array<std::int64_t, 1>{dim.of});
    if (dim.digit) {
      signature.add('d', std::array<std::int64_t, 4>{dim.digit->divisor, dim.digit->count, dim.of,
                                                     dim.whole});
    }
  }
  for (const plan::Operand& operand : task.operands) signature.add(operand);
  signature.add(task.output);
  std::visit([&](const auto& work) { signature.add(work); }, task.work);
  signature.add('f', freeBytes);
  return signature.take();
}

}  // namespace npusim::mapping
