#include <fmt/format.h>

#include <cmath>

#include "sim/trace/array_text.h"

namespace npusim {
namespace {

constexpr double kBarLength = 60;

/// "FY FX C", and the letter that they flatten.
std::string loops(const std::vector<LoopDim>& dims) {
  std::string text(1, letterOf(dims.front()));
  text += " (";
  for (const LoopDim dim : dims) text += std::string(name(dim)) + " ";
  text.back() = ')';
  return text;
}

/// The letter that runs along neither rows nor columns.
char streamed(const Dataflow& dataflow) {
  std::string letters = "mnk";
  std::erase(letters, letterOf(dataflow.rows.front()));
  std::erase(letters, letterOf(dataflow.cols.front()));
  return letters.front();
}

std::string mapping(const ArraySubject& subject) {
  const ArrayConfig& array = subject.array;
  const std::string pes =
      fmt::format("{} x {} PEs, {}", array.rows, array.cols, array.dataflow.name);
  if (array.dataflow.kind != ArrayKind::Systolic) return pes + "\n";
  return fmt::format("{}: {} along the rows, {} along the columns, {} streams\n", pes,
                     loops(array.dataflow.rows), loops(array.dataflow.cols),
                     streamed(array.dataflow));
}

/// "m = 2 x 4 x 4 (image, row, column)" for a convolution; nothing for a plain product.
std::string windows(const MatrixShape& shape) {
  const auto& e = shape.extents;
  if (e[0] * e[1] * e[4] * e[5] == 1) return {};
  return fmt::format(
      "m counts {} x {} x {} (image, output row, column), k {} x {} x {} (filter row, column, "
      "channel), the last fastest\n",
      e[0], e[1], e[2], e[4], e[5], e[6]);
}

std::string cyclesOf(std::int64_t first, std::int64_t count, const std::string& phase) {
  if (count == 0) return {};
  const std::string range = count == 1 ? fmt::format("cycle {}", first)
                                       : fmt::format("cycles {} to {}", first, first + count - 1);
  return fmt::format("  {:<7} {}\n", phase, range);
}

}  // namespace

std::string headText(const ArraySubject& subject) {
  const MatrixShape& shape = subject.shape;
  std::string text =
      fmt::format("{}: c[{},{}] += a[{},{}] b[{},{}], {}\n", subject.title, shape.m(), shape.n(),
                  shape.m(), shape.k(), shape.k(), shape.n(), name(subject.format));
  text += mapping(subject) + windows(shape);
  for (const OperandTravel& operand : travelsOf(subject.array.dataflow)) {
    text += fmt::format("  {} {}  {:<12} {}\n", operand.symbol, operand.letter, operand.name,
                        operand.words);
  }
  if (stepDepth(subject) > 1) {
    text += fmt::format(
        "a step is {} products along k: a cell names the first and shows the last one's operands\n",
        stepDepth(subject));
  }
  const ArrayTiming& timing = subject.timing;
  text += fmt::format("{} cycles ({})\n", timing.total(), name(subject.array.convention));
  text += cyclesOf(0, timing.prologue, "fill");
  text += cyclesOf(timing.prologue, timing.stream, "stream");
  return text + cyclesOf(timing.prologue + timing.stream, timing.drain, "drain");
}

std::string chartText(const ArraySubject& subject, const ArrayRecording& recording,
                      Interval cycles) {
  const std::int64_t pes = subject.array.rows * subject.array.cols;
  std::string text = fmt::format("PEs that work, of {}\n", pes);
  for (const ArrayRecording::Frame& frame : recording.frames()) {
    if (!cycles.contains(frame.cycle)) continue;
    const double share = static_cast<double>(frame.working) / static_cast<double>(pes);
    const auto length = static_cast<std::size_t>(std::lround(share * kBarLength));
    text +=
        fmt::format(" cycle {:>4}  {:<6} {:>5}  {}", frame.cycle,
                    phaseOf(subject.timing, frame.cycle), frame.working, std::string(length, '#'));
    text.erase(text.find_last_not_of(' ') + 1);
    text += "\n";
  }
  const std::int64_t total = subject.timing.total();
  return text +
         fmt::format(
             "in all {} cycles: {} steps, {:.1f} % of the PE-cycles\n", total, recording.workSeen(),
             100 * static_cast<double>(recording.workSeen()) / static_cast<double>(pes * total));
}

}  // namespace npusim
