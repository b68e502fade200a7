#include <gtest/gtest.h>

#include <set>

#include "kernels/matrix/matrix.h"
#include "kernels/partition/split.h"
#include "tests/end_to_end/random.h"

namespace npusim::matrix {
namespace {

using plan::Axis;

struct Sizes {
  std::int64_t groups, k0, k1, k2, n, width;
  std::int64_t rows() const { return k0 * k1 * k2; }
};

plan::Operand weights(const Sizes& s) {
  const auto axis = [](std::int64_t extent, std::int64_t stride, int dim) {
    Axis made{extent, stride, std::vector<std::int64_t>(plan::kMatrixDims, 0), 0, 0, 0};
    made.coefficients[static_cast<std::size_t>(dim)] = 1;
    return made;
  };
  const std::int64_t row = s.n * s.width;
  plan::Operand b;
  b.block = 0;
  b.type = s.width == 1 ? DataType::Int8 : DataType::Float32;
  b.axes = {axis(s.groups, s.rows() * row, plan::G0), axis(s.k0, s.k1 * s.k2 * row, plan::K0),
            axis(s.k1, s.k2 * row, plan::K1), axis(s.k2, row, plan::K2),
            axis(s.n, s.width, plan::N)};
  return b;
}

/// A plan of one product whose weights hold the bytes 0, 1, 2, ... (modulo a prime).
plan::Plan productOf(const Sizes& s) {
  plan::Plan plan;
  plan::Block block;
  block.bytes = s.groups * s.rows() * s.n * s.width;
  block.kind = plan::Block::Kind::Weights;
  auto bytes = std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(block.bytes));
  for (std::size_t i = 0; i < bytes->size(); ++i) (*bytes)[i] = static_cast<std::byte>(i % 251);
  block.contents = std::move(bytes);
  plan.blocks = {block};
  plan::Task task;
  task.dims = {{s.groups}, {1}, {1}, {1}, {7}, {s.n}, {s.k0}, {s.k1}, {s.k2}};
  task.operands = {weights(s)};
  plan::MatrixWork work;
  work.b = 0;
  task.work = work;
  plan.tasks = {task};
  return plan;
}

/// Byte address of an element by the rule that plan::Axis states.
std::int64_t address(const plan::Operand& b, const std::vector<std::int64_t>& position) {
  std::int64_t at = b.offset;
  for (const Axis& axis : b.axes) {
    std::int64_t c = axis.offset;
    for (std::size_t d = 0; d < position.size(); ++d) c += axis.coefficients[d] * position[d];
    at += axis.blockLength == 0
              ? c * axis.stride
              : c / axis.blockLength * axis.blockStride + c % axis.blockLength * axis.stride;
  }
  return at;
}

void expectSameElements(const plan::Plan& blocked, const plan::Plan& dense, const Sizes& s) {
  for (std::int64_t g = 0; g < s.groups; ++g) {
    for (std::int64_t k = 0; k < s.rows(); ++k) {
      for (std::int64_t n = 0; n < s.n; ++n) {
        const std::vector<std::int64_t> position = {
            g, 0, 0, 0, 0, n, k / (s.k1 * s.k2), k / s.k2 % s.k1, k % s.k2};
        for (std::int64_t byte = 0; byte < s.width; ++byte) {
          const auto at = [&](const plan::Plan& plan) {
            const auto where = address(plan.tasks[0].operands[0], position) + byte;
            return plan.blocks[0].contents->at(static_cast<std::size_t>(where));
          };
          ASSERT_EQ(at(blocked), at(dense)) << "group " << g << " k " << k << " n " << n;
        }
      }
    }
  }
}

/// The same of weights that are dealt along columns and input channels.
void expectSameParts(const plan::Plan& blocked, const plan::Plan& dense, const Sizes& s,
                     std::int64_t part, std::int64_t channels) {
  const plan::Task& task = blocked.tasks[0];
  for (std::int64_t g = 0; g < s.groups; ++g) {
    for (std::int64_t k = 0; k < s.rows(); ++k) {
      for (std::int64_t n = 0; n < s.n; ++n) {
        const std::vector<std::int64_t> whole = {
            g, 0, 0, 0, 0, n, k / (s.k1 * s.k2), k / s.k2 % s.k1, k % s.k2};
        std::vector<std::int64_t> dealt = whole;
        dealt.resize(task.dims.size(), 0);
        for (const auto& [dim, each] : {std::pair{plan::N, part}, {plan::K2, channels}}) {
          const int digit = plan::dealtFrom(task, dim);
          if (digit < 0) continue;
          dealt[static_cast<std::size_t>(digit)] = dealt[dim] / each;
          dealt[dim] %= each;
        }
        const auto from = address(dense.tasks[0].operands[0], whole);
        const auto to = address(task.operands[0], dealt);
        ASSERT_EQ(blocked.blocks[0].contents->at(static_cast<std::size_t>(to)),
                  dense.blocks[0].contents->at(static_cast<std::size_t>(from)))
            << "group " << g << " k " << k << " n " << n;
      }
    }
  }
}

TEST(BlockColumns, KeepsEveryElementWhereItsAxesSay) {
  for (unsigned seed = 1; seed <= 80; ++seed) {
    SCOPED_TRACE(seed);
    end_to_end::Random random(seed);
    const Sizes s = {random.integer(1, 3), random.integer(1, 3),  random.integer(1, 3),
                     random.integer(1, 4), random.integer(1, 13), random.once(2) ? 1 : 4};
    const plan::Plan dense = productOf(s);
    plan::Plan blocked = dense;
    const std::int64_t columns = random.integer(1, s.n);
    blockColumns(blocked, blocked.tasks[0], columns);
    const std::int64_t tiles = (s.n + columns - 1) / columns;
    EXPECT_EQ(blocked.blocks[0].bytes, s.groups * s.rows() * tiles * columns * s.width);
    expectSameElements(blocked, dense, s);
  }
}

TEST(BlockColumns, LaysWhatACoreWorksWithTogether) {
  for (unsigned seed = 1; seed <= 80; ++seed) {
    SCOPED_TRACE(seed);
    end_to_end::Random random(seed);
    const Sizes s = {random.integer(1, 2), random.integer(1, 3),  random.integer(1, 3),
                     random.integer(2, 9), random.integer(2, 13), random.once(2) ? 1 : 4};
    const plan::Plan dense = productOf(s);
    plan::Plan blocked = dense;
    const std::int64_t part = random.integer(1, s.n - 1), channels = random.integer(1, s.k2);
    const auto parts = [](std::int64_t all, std::int64_t each) { return (all + each - 1) / each; };
    partition::split(blocked.tasks[0], {{plan::K2, channels, parts(s.k2, channels)},
                                        {plan::N, part, parts(s.n, part)}});
    const std::int64_t columns = random.integer(1, part);
    const std::int64_t bytes = blockedBytes(blocked, blocked.tasks[0], columns);
    blockColumns(blocked, blocked.tasks[0], columns);
    EXPECT_EQ(blocked.blocks[0].bytes, bytes);
    expectSameParts(blocked, dense, s, part, channels);
  }
}

TEST(BlockColumns, LargePartsBeginInDifferentBanks) {
  constexpr std::int64_t kRow = 64, kBanks = 16;
  for (unsigned seed = 1; seed <= 80; ++seed) {
    SCOPED_TRACE(seed);
    end_to_end::Random random(seed);
    const std::int64_t count = random.integer(2, kBanks);
    const Sizes s = {1, 1, 1, 8 * kRow / 16 * random.integer(1, 9), 16 * count, 1};
    const plan::Plan dense = productOf(s);
    plan::Plan blocked = dense;
    blocked.rowBytes = kRow;
    blocked.rowsAround = kBanks;
    partition::split(blocked.tasks[0], {{plan::N, 16, count}});
    const std::int64_t bytes = blockedBytes(blocked, blocked.tasks[0], 16);
    blockColumns(blocked, blocked.tasks[0], 16);
    EXPECT_EQ(blocked.blocks[0].bytes, bytes);
    EXPECT_LE(bytes * 4, dense.blocks[0].bytes * 5);
    expectSameParts(blocked, dense, s, 16, s.k2);
    std::set<std::int64_t> banks;
    for (std::int64_t part = 0; part < count; ++part) {
      banks.insert(part * (bytes / count) / kRow % kBanks);
    }
    EXPECT_EQ(std::ssize(banks), count);
  }
}

TEST(BlockColumns, LaysTheColumnsOfATileTogether) {
  const Sizes s = {1, 1, 1, 2, 3, 1};
  plan::Plan plan = productOf(s);
  blockColumns(plan, plan.tasks[0], 2);
  const auto byte = [](int value) { return static_cast<std::byte>(value); };
  EXPECT_EQ(*plan.blocks[0].contents,
            (std::vector<std::byte>{byte(0), byte(1), byte(3), byte(4),     // columns 0 and 1
                                    byte(2), byte(0), byte(5), byte(0)}));  // column 2
}

}  // namespace
}  // namespace npusim::matrix
