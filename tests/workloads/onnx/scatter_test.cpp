#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/random.h"
#include "tests/workloads/onnx/one_operator.h"

/// GatherND, GatherElements, ScatterND and ScatterElements, element by element.
namespace npusim::testing_onnx {
namespace {

using end_to_end::Random;
using ::testing::HasSubstr;

/// An index in [-extent, extent).
double eitherEnd(Random& random, std::int64_t extent) {
  return static_cast<double>(random.integer(-extent, extent - 1));
}

std::int64_t wrapped(double index, std::int64_t extent) {
  return static_cast<std::int64_t>(index) + (index < 0 ? extent : 0);
}

/// Tuples [outer..., depth] of indices into data from dimension `first` on.
Tensor tuples(Random& random, const Shape& outer, const Shape& data, std::size_t first,
              std::size_t depth) {
  Shape shape = outer;
  shape.push_back(static_cast<std::int64_t>(depth));
  std::size_t next = 0;
  return filled(DataType::Int64, shape,
                [&] { return eitherEnd(random, data[first + next++ % depth]); });
}

/// The index into data that the tuple `at` of `indices` and what follows it stand for.
Shape placeOf(const Tensor& indices, const Shape& at, std::size_t outer, std::size_t batches,
              const Shape& data) {
  const auto depth = static_cast<std::size_t>(indices.shape().back());
  Shape place(at.begin(), at.begin() + static_cast<std::ptrdiff_t>(batches));
  Shape tuple(at.begin(), at.begin() + static_cast<std::ptrdiff_t>(outer));
  tuple.push_back(0);
  for (std::size_t i = 0; i < depth; ++i) {
    tuple.back() = static_cast<std::int64_t>(i);
    place.push_back(wrapped(indices.at(numberOf(tuple, indices.shape())), data[batches + i]));
  }
  place.insert(place.end(), at.begin() + static_cast<std::ptrdiff_t>(outer), at.end());
  return place;
}

TEST(Scatter, GatherNdTakesWhatItsTuplesSay) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Shape shape = {2, random.integer(1, 4), random.integer(1, 4)};
    const auto batches = static_cast<std::size_t>(random.integer(0, 1));
    const auto depth =
        static_cast<std::size_t>(random.integer(1, static_cast<std::int64_t>(3 - batches)));
    const Shape outer = {2, random.integer(1, 3)};
    const Tensor x = random.floats(shape, 1);
    const Tensor indices = tuples(random, outer, shape, batches, depth);
    const Tensor y = OneOperator("GatherND")
                         .operand(x)
                         .operand(indices, random.once(2))
                         .attribute("batch_dims", static_cast<std::int64_t>(batches))
                         .run()
                         .at(0);
    Shape expected = outer;
    expected.insert(expected.end(), shape.begin() + static_cast<std::ptrdiff_t>(batches + depth),
                    shape.end());
    ASSERT_EQ(y.shape(), expected);
    forEachIndex(expected, [&](const Shape& at) {
      const Shape place = placeOf(indices, at, outer.size(), batches, shape);
      ASSERT_EQ(y.at(numberOf(at, expected)), x.at(numberOf(place, shape)));
    });
  }
}

/// Random indices [same rank as data] along an axis of data.
Tensor elementIndices(Random& random, const Shape& data, std::size_t axis, bool longer) {
  Shape shape;
  for (const std::int64_t extent : data) shape.push_back(random.integer(1, extent));
  if (longer) shape[axis] = random.integer(1, 2 * data[axis]);
  return filled(DataType::Int64, shape, [&] { return eitherEnd(random, data[axis]); });
}

TEST(Scatter, GatherElementsFollowsItsAxis) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Shape shape = {random.integer(1, 4), random.integer(1, 4), random.integer(1, 4)};
    const auto axis = static_cast<std::size_t>(random.integer(0, 2));
    const Tensor x = random.floats(shape, 1);
    const Tensor indices = elementIndices(random, shape, axis, true);
    const Tensor y = OneOperator("GatherElements")
                         .operand(x)
                         .operand(indices, random.once(2))
                         .attribute("axis", static_cast<std::int64_t>(axis))
                         .run()
                         .at(0);
    ASSERT_EQ(y.shape(), indices.shape());
    forEachIndex(y.shape(), [&](const Shape& at) {
      Shape place = at;
      place[axis] = wrapped(indices.at(numberOf(at, y.shape())), shape[axis]);
      ASSERT_EQ(y.at(numberOf(at, y.shape())), x.at(numberOf(place, shape)));
    });
  }
}

double reduced(const std::string& reduction, double before, double update) {
  return reduction == "add" ? before + update : reduction == "mul" ? before * update : update;
}

const std::vector<std::string> kReductions = {"none", "add", "mul"};

TEST(Scatter, ScatterNdAppliesUpdatesInOrder) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Shape shape = {random.integer(1, 4), random.integer(1, 4), random.integer(1, 3)};
    const auto depth = static_cast<std::size_t>(random.integer(1, 3));
    const std::string reduction = random.among(kReductions);
    Tensor x = random.floats(shape, 1);
    const Shape outer = {random.integer(1, 3), 2};
    const Tensor indices = tuples(random, outer, shape, 0, depth);
    Shape updated = outer;
    updated.insert(updated.end(), shape.begin() + static_cast<std::ptrdiff_t>(depth), shape.end());
    const Tensor updates = random.floats(updated, 1);
    const Tensor y = OneOperator("ScatterND", 16)
                         .operand(x)
                         .constant(indices)
                         .operand(updates)
                         .attribute("reduction", reduction.c_str())
                         .run()
                         .at(0);
    forEachIndex(updated, [&](const Shape& at) {
      const std::int64_t place = numberOf(placeOf(indices, at, 2, 0, shape), shape);
      x.set(place, reduced(reduction, x.at(place), updates.at(numberOf(at, updated))));
    });
    for (std::int64_t i = 0; i < x.size(); ++i) ASSERT_NEAR(y.at(i), x.at(i), 1e-6) << i;
  }
}

TEST(Scatter, ScatterElementsAppliesUpdatesInOrder) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Shape shape = {random.integer(1, 4), random.integer(1, 4), random.integer(1, 3)};
    const auto axis = static_cast<std::size_t>(random.integer(0, 2));
    const std::string reduction = random.among(kReductions);
    Tensor x = random.floats(shape, 1);
    const Tensor indices = elementIndices(random, shape, axis, false);
    const Tensor updates = random.floats(indices.shape(), 1);
    const Tensor y = OneOperator("ScatterElements", 16)
                         .operand(x)
                         .constant(indices)
                         .operand(updates)
                         .attribute("axis", static_cast<std::int64_t>(axis))
                         .attribute("reduction", reduction.c_str())
                         .run()
                         .at(0);
    forEachIndex(indices.shape(), [&](const Shape& at) {
      const std::int64_t i = numberOf(at, indices.shape());
      Shape to = at;
      to[axis] = wrapped(indices.at(i), shape[axis]);
      const std::int64_t place = numberOf(to, shape);
      x.set(place, reduced(reduction, x.at(place), updates.at(i)));
    });
    for (std::int64_t i = 0; i < x.size(); ++i) ASSERT_NEAR(y.at(i), x.at(i), 1e-6) << i;
  }
}

TEST(Scatter, IndicesOutsideAreRefused) {
  OneOperator op("GatherElements");
  op.operand(floats({2, 3})).constant(int64Tensor({2}).reshaped({1, 1}));
  EXPECT_THAT(importError(op.model()),
              HasSubstr("(GatherElements): index 2 is outside a dimension of 2"));
}

TEST(Scatter, PlacesComputedAtRunTimeAreRefused) {
  OneOperator op("ScatterND", 16);
  op.operand(floats({4})).operand(Tensor(DataType::Int64, {1, 1})).operand(floats({1}));
  EXPECT_THAT(importError(op.model()),
              HasSubstr("indices ('in1') is computed at run time, it must be constant"));
}

}  // namespace
}  // namespace npusim::testing_onnx
