#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/core/rounding.h"

namespace npusim {

/// One register of every PE, as the loops over the array walk it: lines of lanes side by side.
/// Where registers move from line to line, the lines stay and the frame turns: `head` is the stored
/// line that is the array's first. A pitch of 0: all lines see the same registers.
template <typename T>
struct LineView {
  T* first;
  std::int64_t pitch, head, lines;

  T* line(std::int64_t u) const {
    const std::int64_t stored = u + head;
    return first + (stored < lines ? stored : stored - lines) * pitch;
  }
};

/// Lanes are stored in whole vectors.
constexpr std::int64_t kVectorLanes = 16;

/// A register in every PE that stays where it is, or with several planes, as many of them. Lines
/// are `kUnit` elements or a multiple long.
template <typename T, std::int64_t kUnit = kVectorLanes>
class PeRegister {
 public:
  PeRegister() = default;
  PeRegister(std::int64_t lines, std::int64_t lanes, std::int64_t planes, T value)
      : lines_(lines),
        pitch_(roundUp(lanes, kUnit)),
        values_(static_cast<std::size_t>(planes * lines * pitch_), value) {}

  std::int64_t plane() const { return lines_ * pitch_; }
  T& at(std::int64_t line, std::int64_t lane, std::int64_t plane = 0) {
    return values_[static_cast<std::size_t>((plane * lines_ + line) * pitch_ + lane)];
  }
  LineView<T> view() { return {values_.data(), pitch_, 0, lines_}; }
  void fill(T value) { std::fill(values_.begin(), values_.end(), value); }

 private:
  std::int64_t lines_ = 0, pitch_ = 0;
  std::vector<T> values_;
};

/// Registers whose values move a lane further along their line at once, or a bus along each line.
/// The values stay in memory and the frame moves, until it must be set back.
template <typename T>
class AcrossRegister {
 public:
  AcrossRegister(std::int64_t lines, std::int64_t lanes, std::int64_t planes, bool bus)
      : lines_(lines),
        lanes_(roundUp(lanes, kVectorLanes)),
        slack_(bus ? 0 : kSlack),
        origin_(slack_),
        values_(static_cast<std::size_t>(planes * lines * pitch())) {}

  std::int64_t plane() const { return lines_ * pitch(); }
  void move() {
    if (slack_ == 0) return;
    if (origin_ == 0) setBack();
    --origin_;
  }
  /// Puts a value into the first PE of the line, or on its bus.
  void enter(std::int64_t line, std::int64_t plane, T value) {
    T* const target = values_.data() + (plane * lines_ + line) * pitch() + origin_;
    if (slack_ == 0) {
      std::fill_n(target, lanes_, value);
    } else {
      *target = value;
    }
  }
  LineView<T> view() { return {values_.data() + origin_, pitch(), 0, lines_}; }

 private:
  static constexpr std::int64_t kSlack = 240;

  std::int64_t pitch() const { return lanes_ + slack_; }
  void setBack() {
    for (auto line = values_.begin(); line != values_.end(); line += pitch()) {
      std::copy_backward(line, line + lanes_, line + pitch());
    }
    origin_ = slack_;
  }

  std::int64_t lines_, lanes_, slack_, origin_;
  std::vector<T> values_;
};

/// Registers whose values move to the next line at once, or a bus down each lane.
template <typename T, std::int64_t kUnit = kVectorLanes>
class DownRegister {
 public:
  DownRegister() = default;
  DownRegister(std::int64_t lines, std::int64_t lanes, std::int64_t planes, bool bus, T value)
      : lines_(lines), stored_(bus ? 1 : lines), register_(stored_, lanes, planes, value) {}

  std::int64_t plane() const { return register_.plane(); }
  void move() { head_ = head_ == 0 ? stored_ - 1 : head_ - 1; }
  LineView<T> view() {
    LineView<T> view = register_.view();
    if (stored_ < lines_) return {view.first, 0, 0, lines_};
    view.head = head_;
    return view;
  }
  T& at(std::int64_t line, std::int64_t lane, std::int64_t plane = 0) {
    return view().line(line)[plane * this->plane() + lane];
  }

 private:
  std::int64_t lines_ = 0, stored_ = 1, head_ = 0;
  PeRegister<T, kUnit> register_;
};

/// Registers of links over which a hop takes several cycles: a set for each of them, since what
/// enters in different cycles of a hop moves in different cycles. A hop of 0 is a bus, one set.
template <typename T>
class ByCycle {
 public:
  ByCycle() = default;
  ByCycle(std::int64_t hop, const T& set)
      : sets_(static_cast<std::size_t>(std::max<std::int64_t>(hop, 1)), set) {}

  /// From now on now() is the set that moves in `cycle`.
  void select(std::int64_t cycle) {
    if (sets_.size() > 1) now_ = static_cast<std::size_t>(cycle) % sets_.size();
  }
  T& now() { return sets_[now_]; }

 private:
  std::vector<T> sets_;
  std::size_t now_ = 0;
};

}  // namespace npusim
