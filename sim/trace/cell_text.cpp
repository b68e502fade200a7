#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/trace/array_text.h"

namespace npusim {
namespace {

using Frame = ArrayRecording::Frame;

constexpr double kMostDigits = 1e9;  ///< integers below are written in full

std::string number(double value) {
  const bool whole = std::abs(value) < kMostDigits && value == std::floor(value);
  return whole ? fmt::format("{:.0f}", value + 0.0) : fmt::format("{:.4g}", value);
}

/// One operand in a cell: its indices and its value.
struct Entry {
  std::string label, value;
};

std::array<Entry, 3> entriesOf(const PeCycle& pe) {
  return {{{fmt::format("a[{},{}]", pe.m, pe.k), number(pe.input)},
           {fmt::format("b[{},{}]", pe.k, pe.n), number(pe.weight)},
           {fmt::format("c[{},{}]", pe.m, pe.n), number(pe.sum)}}};
}

/// Characters of the widest label and the widest value of all cells.
struct Widths {
  std::size_t label = 0, value = 0;
  std::size_t cell() const { return 2 + label + 1 + value; }
};

Widths widthsOf(const ArrayRecording& recording) {
  Widths widths;
  for (const Frame& frame : recording.frames()) {
    for (const ArrayRecording::Step& step : frame.steps) {
      for (const Entry& entry : entriesOf(step.pe)) {
        widths.label = std::max(widths.label, entry.label.size());
        widths.value = std::max(widths.value, entry.value.size());
      }
    }
  }
  return widths;
}

/// A grid's text: what stands left of the cells, and how wide they are.
class Grid {
 public:
  Grid(const ArraySubject& subject, const ArrayRecording& recording)
      : operands_(travelsOf(subject.array.dataflow)),
        window_(recording.window()),
        widths_(widthsOf(recording)) {}

  std::string text(const Frame& frame) const {
    std::string rule(kLeft, ' ');
    std::string columns = rule;
    for (std::int64_t col = window_.cols.first; col <= window_.cols.last; ++col) {
      rule += "+" + std::string(widths_.cell() + 2, '-');
      columns += fmt::format("  {:<{}}", fmt::format("column {}", col), widths_.cell() + 1);
    }
    rule += "+\n";
    columns.erase(columns.find_last_not_of(' ') + 1);
    std::string all = columns + "\n" + rule;
    auto step = frame.steps.begin();
    for (std::int64_t row = window_.rows.first; row <= window_.rows.last; ++row) {
      const auto end = std::find_if(step, frame.steps.end(),
                                    [row](const auto& other) { return other.row != row; });
      all += line(row, {step, end}) + rule;
      step = end;
    }
    return all;
  }

 private:
  static constexpr std::size_t kLeft = 9;

  /// The three lines of a row of PEs.
  std::string line(std::int64_t row, std::span<const ArrayRecording::Step> steps) const {
    std::array<std::string, 3> lines = {fmt::format(" row {:<3} ", row), std::string(kLeft, ' '),
                                        std::string(kLeft, ' ')};
    auto step = steps.begin();
    for (std::int64_t col = window_.cols.first; col <= window_.cols.last; ++col) {
      const bool works = step != steps.end() && step->col == col;
      std::array<Entry, 3> entries;
      if (works) entries = entriesOf((step++)->pe);
      for (std::size_t i = 0; i < lines.size(); ++i) {
        lines[i] += "| " + cell(operands_[i].symbol, entries[i], works, i) + " ";
      }
    }
    return lines[0] + "|\n" + lines[1] + "|\n" + lines[2] + "|\n";
  }

  std::string cell(char symbol, const Entry& entry, bool works, std::size_t lineNumber) const {
    if (!works) return fmt::format("{:<{}}", lineNumber == 0 ? "." : "", widths_.cell());
    return fmt::format("{} {:<{}} {:>{}}", symbol, entry.label, widths_.label, entry.value,
                       widths_.value);
  }

  std::array<OperandTravel, 3> operands_;
  PeWindow window_;
  Widths widths_;
};

}  // namespace

std::int64_t cellColumns(const ArrayRecording& recording) {
  constexpr std::size_t kLeft = 10;
  const Widths widths = widthsOf(recording);
  return static_cast<std::int64_t>((kTextColumns - kLeft) / (widths.cell() + 3));
}

std::string cellText(const ArraySubject& subject, const ArrayRecording& recording,
                     Interval cycles) {
  const Grid grid(subject, recording);
  std::string text;
  for (const Frame& frame : recording.frames()) {
    if (!cycles.contains(frame.cycle)) continue;
    text += fmt::format("cycle {} {}: {} of {} PEs work\n", frame.cycle,
                        phaseOf(subject.timing, frame.cycle), frame.working,
                        subject.array.rows * subject.array.cols);
    if (!frame.steps.empty()) text += grid.text(frame);
  }
  return text;
}

}  // namespace npusim
