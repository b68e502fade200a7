#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "tests/end_to_end/random.h"
#include "tests/workloads/onnx/model_builder.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim::testing_onnx {
namespace {

using end_to_end::Random;

using Vector = std::vector<double>;

/// A recurrent node and its operands, in the layout of the ONNX standard.
struct Sample {
  std::string op;
  std::int64_t steps = 1, batch = 1, inputs = 1, hidden = 1;
  std::string direction = "forward";
  bool biased = false, initial = false, lengths = false, peepholes = false;
  bool resetsAfter = false, coupled = false, batchFirst = false;
  float clip = 0;
  Tensor x, w, r, b, h0, c0, p, length;

  std::int64_t directions() const { return direction == "bidirectional" ? 2 : 1; }
  std::int64_t gates() const { return op == "LSTM" ? 4 : op == "GRU" ? 3 : 1; }
  bool hasCell() const { return op == "LSTM"; }
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// One direction of one sequence, element by element as the standard's formulas say.
class NaiveCell {
 public:
  NaiveCell(const Sample& s, std::int64_t direction) : s_(s), d_(direction) {}

  /// Updates h and c by the input vector x.
  void step(const Vector& x, Vector& h, Vector& c) const {
    const Vector old = h, oldCell = c;
    for (std::int64_t j = 0; j < s_.hidden; ++j) {
      const auto at = static_cast<std::size_t>(j);
      if (s_.op == "RNN") h[at] = std::tanh(clip(input(x, 0, j) + recurrent(old, 0, j)));
      if (s_.op == "LSTM") lstm(x, old, oldCell, j, h[at], c[at]);
      if (s_.op == "GRU") h[at] = gru(x, old, j);
    }
  }

 private:
  double clip(double v) const {
    return s_.clip == 0 ? v : std::min<double>(s_.clip, std::max<double>(-s_.clip, v));
  }
  double input(const Vector& x, std::int64_t gate, std::int64_t j) const {
    const std::int64_t row = (d_ * s_.gates() + gate) * s_.hidden + j;
    double sum = bias(gate, j);
    for (std::int64_t i = 0; i < s_.inputs; ++i) {
      sum += s_.w.at(row * s_.inputs + i) * x[static_cast<std::size_t>(i)];
    }
    return sum;
  }
  double bias(std::int64_t half, std::int64_t j) const {
    return s_.biased ? s_.b.at((d_ * 2 * s_.gates() + half) * s_.hidden + j) : 0;
  }
  double recurrent(const Vector& h, std::int64_t gate, std::int64_t j) const {
    const std::int64_t row = (d_ * s_.gates() + gate) * s_.hidden + j;
    double sum = bias(s_.gates() + gate, j);
    for (std::int64_t i = 0; i < s_.hidden; ++i) {
      sum += s_.r.at(row * s_.hidden + i) * h[static_cast<std::size_t>(i)];
    }
    return sum;
  }
  double peep(std::int64_t which, std::int64_t j, double cell) const {
    return s_.peepholes ? s_.p.at((d_ * 3 + which) * s_.hidden + j) * cell : 0;
  }
  void lstm(const Vector& x, const Vector& h, const Vector& cells, std::int64_t j, double& hOut,
            double& cOut) const {
    const double cell = cells[static_cast<std::size_t>(j)];
    const auto gate = [&](std::int64_t g) { return input(x, g, j) + recurrent(h, g, j); };
    const double in = sigmoid(clip(gate(0) + peep(0, j, cell)));
    const double forget = s_.coupled ? 1 - in : sigmoid(clip(gate(2) + peep(2, j, cell)));
    cOut = forget * cell + in * std::tanh(clip(gate(3)));
    hOut = sigmoid(clip(gate(1) + peep(1, j, cOut))) * std::tanh(cOut);
  }
  double reset(const Vector& x, const Vector& h, std::int64_t j) const {
    return sigmoid(clip(input(x, 1, j) + recurrent(h, 1, j)));
  }
  double gru(const Vector& x, const Vector& h, std::int64_t j) const {
    const double z = sigmoid(clip(input(x, 0, j) + recurrent(h, 0, j)));
    Vector resetState = h;
    for (std::int64_t i = 0; i < s_.hidden; ++i)
      resetState[static_cast<std::size_t>(i)] *= reset(x, h, i);
    const double past =
        s_.resetsAfter ? reset(x, h, j) * recurrent(h, 2, j) : recurrent(resetState, 2, j);
    const double candidate = std::tanh(clip(input(x, 2, j) + past));
    return (1 - z) * candidate + z * h[static_cast<std::size_t>(j)];
  }

  const Sample& s_;
  const std::int64_t d_;
};

/// Y [T, D, B, H] and the last states [D, B, H], computed in double.
struct Expected {
  Vector y, h, c;
};

Expected expected(const Sample& s) {
  const std::int64_t dirs = s.directions();
  Expected e;
  e.y.assign(static_cast<std::size_t>(s.steps * dirs * s.batch * s.hidden), 0);
  for (std::int64_t d = 0; d < dirs; ++d) {
    const bool reverse = s.direction == "reverse" || d == 1;
    for (std::int64_t b = 0; b < s.batch; ++b) {
      Vector h(static_cast<std::size_t>(s.hidden)), c = h;
      for (std::int64_t j = 0; s.initial && j < s.hidden; ++j) {
        h[static_cast<std::size_t>(j)] = s.h0.at((d * s.batch + b) * s.hidden + j);
        if (s.hasCell()) c[static_cast<std::size_t>(j)] = s.c0.at((d * s.batch + b) * s.hidden + j);
      }
      const auto length = s.lengths ? static_cast<std::int64_t>(s.length.at(b)) : s.steps;
      for (std::int64_t i = 0; i < length; ++i) {
        const std::int64_t t = reverse ? length - 1 - i : i;
        Vector x(static_cast<std::size_t>(s.inputs));
        for (std::int64_t k = 0; k < s.inputs; ++k) {
          x[static_cast<std::size_t>(k)] = s.x.at((t * s.batch + b) * s.inputs + k);
        }
        NaiveCell(s, d).step(x, h, c);
        const std::int64_t row = ((t * dirs + d) * s.batch + b) * s.hidden;
        std::copy(h.begin(), h.end(), e.y.begin() + row);
      }
      e.h.insert(e.h.end(), h.begin(), h.end());
      e.c.insert(e.c.end(), c.begin(), c.end());
    }
  }
  return e;
}

Sample randomSample(Random& random, const std::string& op) {
  Sample s;
  s.op = op;
  s.steps = random.integer(1, 5);
  s.batch = random.integer(1, 3);
  s.inputs = random.integer(1, 4);
  s.hidden = random.integer(1, 5);
  s.direction = random.among(std::vector<std::string>{"forward", "reverse", "bidirectional"});
  for (bool* flag : {&s.biased, &s.initial, &s.lengths, &s.peepholes, &s.resetsAfter, &s.coupled}) {
    *flag = random.integer(0, 1) == 1;
  }
  if (random.integer(0, 2) == 0) s.clip = 0.5F;
  const std::int64_t dirs = s.directions();
  s.x = random.floats({s.steps, s.batch, s.inputs}, 1);
  s.w = random.floats({dirs, s.gates() * s.hidden, s.inputs}, 1);
  s.r = random.floats({dirs, s.gates() * s.hidden, s.hidden}, 1);
  s.b = random.floats({dirs, 2 * s.gates() * s.hidden}, 1);
  s.h0 = random.floats({dirs, s.batch, s.hidden}, 1);
  s.c0 = random.floats({dirs, s.batch, s.hidden}, 1);
  s.p = random.floats({dirs, 3 * s.hidden}, 1);
  s.length = Tensor(DataType::Int32, {s.batch});
  for (std::int64_t b = 0; b < s.batch; ++b) {
    s.length.set(b, static_cast<double>(random.integer(0, s.steps)));
  }
  return s;
}

std::vector<std::string> dimensions(const Shape& shape) {
  std::vector<std::string> texts;
  for (const std::int64_t extent : shape) texts.push_back(std::to_string(extent));
  return texts;
}

/// The node with x, and where `fixed` is false all other operands too, as run-time inputs.
std::vector<Tensor> imported(const Sample& s, bool fixed) {
  ModelBuilder model(14);
  std::vector<std::string> names;
  std::map<std::string, Tensor> given;
  const auto operand = [&](const std::string& name, const Tensor& tensor, bool there, bool input) {
    names.push_back(there ? name : "");
    if (!there) return;
    if (input) {
      model.input(name, dimensions(tensor.shape()), tensor.type());
      given.emplace(name, tensor);
    } else {
      model.constant(name, tensor);
    }
  };
  operand("x", s.x, true, true);
  operand("w", s.w, true, !fixed);
  operand("r", s.r, true, !fixed);
  operand("b", s.b, s.biased, !fixed);
  operand("length", s.length, s.lengths, !fixed);
  operand("h0", s.h0, s.initial, !fixed);
  if (s.hasCell()) {
    operand("c0", s.c0, s.initial, !fixed);
    operand("p", s.p, s.peepholes, !fixed);
  }
  std::vector<std::string> outputs = {"y", "yh"};
  if (s.hasCell()) outputs.push_back("yc");
  model.node(s.op, names, outputs).attribute("direction", s.direction.c_str());
  model.attribute("hidden_size", s.hidden);
  if (s.clip != 0) model.attribute("clip", s.clip);
  if (s.op == "GRU") model.attribute("linear_before_reset", s.resetsAfter ? 1 : 0);
  if (s.op == "LSTM") model.attribute("input_forget", s.coupled ? 1 : 0);
  for (const std::string& output : outputs) model.output(output);
  return evaluate(model.import(), given);
}

void expectNear(const Tensor& actual, const Vector& wanted, const std::string& what) {
  ASSERT_EQ(actual.size(), static_cast<std::int64_t>(wanted.size())) << what;
  for (std::int64_t i = 0; i < actual.size(); ++i) {
    ASSERT_NEAR(actual.at(i), wanted[static_cast<std::size_t>(i)], 2e-6) << what << " " << i;
  }
}

class Recurrent : public testing::TestWithParam<std::string> {};

TEST_P(Recurrent, AgreesWithTheStandardsFormulas) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    const Sample sample = randomSample(random, GetParam());
    const Expected wanted = expected(sample);
    const std::vector<Tensor> outputs = imported(sample, seed % 2 == 0);
    const std::string what = "seed " + std::to_string(seed);
    expectNear(outputs[0], wanted.y, what + ", Y");
    expectNear(outputs[1], wanted.h, what + ", Y_h");
    if (sample.hasCell()) expectNear(outputs[2], wanted.c, what + ", Y_c");
  }
}

INSTANTIATE_TEST_SUITE_P(Cells, Recurrent, testing::Values("RNN", "LSTM", "GRU"),
                         [](const auto& cell) { return cell.param; });

}  // namespace
}  // namespace npusim::testing_onnx
