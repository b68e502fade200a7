#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "sim/core/rounding.h"
#include "sim/trace/array_text.h"

namespace npusim {
namespace {

using Frame = ArrayRecording::Frame;

constexpr std::int64_t kMostMarks = 64;  ///< along each side of a map
constexpr std::size_t kGap = 3;          ///< between two maps

/// One map: two lines of heading, then a line for each row of marks.
class Map {
 public:
  Map(const PeWindow& window, const ArraySubject& subject, const Frame& frame)
      : window_(window),
        side_(ceilDiv(std::max(window.rows.count(), window.cols.count()), kMostMarks)) {
    lines_ = {fmt::format("cycle {} {}", frame.cycle, phaseOf(subject.timing, frame.cycle)),
              fmt::format("{} of {} work", frame.working, subject.array.rows * subject.array.cols)};
    std::vector<std::int64_t> working(static_cast<std::size_t>(rows() * columns()));
    for (const ArrayRecording::Step& step : frame.steps) ++working[markOf(step)];
    for (std::int64_t row = 0; row < rows(); ++row) lines_.push_back(marks(row, working));
  }

  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::int64_t rows() const { return ceilDiv(window_.rows.count(), side_); }
  std::int64_t columns() const { return ceilDiv(window_.cols.count(), side_); }

  std::size_t markOf(const ArrayRecording::Step& step) const {
    const std::int64_t row = (step.row - window_.rows.first) / side_;
    return static_cast<std::size_t>(row * columns() + (step.col - window_.cols.first) / side_);
  }

  /// PEs along one side of mark `number`, fewer at the window's end.
  std::int64_t side(const Interval& along, std::int64_t number) const {
    return std::min(side_, along.count() - number * side_);
  }

  std::string marks(std::int64_t row, const std::vector<std::int64_t>& working) const {
    std::string line;
    for (std::int64_t col = 0; col < columns(); ++col) {
      const std::int64_t count = working[static_cast<std::size_t>(row * columns() + col)];
      const std::int64_t all = side(window_.rows, row) * side(window_.cols, col);
      line += count == 0 ? '.' : count == all ? '#' : '+';
    }
    return line;
  }

  PeWindow window_;
  std::int64_t side_;  ///< of the square of PEs that one mark stands for
  std::vector<std::string> lines_;
};

std::size_t widthOf(const Map& map) {
  return std::ranges::max(map.lines(), {}, &std::string::size).size();
}

/// Maps side by side.
std::string strip(std::span<const Map> maps, std::size_t width) {
  std::string text;
  for (std::size_t i = 0; i < maps.front().lines().size(); ++i) {
    for (const Map& map : maps) text += fmt::format(" {:<{}}", map.lines()[i], width + kGap - 1);
    text.erase(text.find_last_not_of(' ') + 1);
    text += "\n";
  }
  return text + "\n";
}

}  // namespace

std::string mapText(const ArraySubject& subject, const ArrayRecording& recording, Interval cycles) {
  std::vector<Map> maps;
  std::size_t width = 0;
  for (const Frame& frame : recording.frames()) {
    if (!cycles.contains(frame.cycle)) continue;
    maps.emplace_back(recording.window(), subject, frame);
    width = std::max(width, widthOf(maps.back()));
  }
  const std::size_t aside = std::max<std::size_t>(1, kTextColumns / (width + kGap));
  std::string text;
  for (std::size_t first = 0; first < maps.size(); first += aside) {
    text += strip(std::span(maps).subspan(first, std::min(aside, maps.size() - first)), width);
  }
  return text;
}

}  // namespace npusim
