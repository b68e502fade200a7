#pragma once

#include <string>

#include "sim/trace/array_recording.h"
#include "sim/trace/array_subject.h"

namespace npusim {

/// Characters of a line of text at most.
constexpr std::size_t kTextColumns = 110;

/// What is shown: the product, the array, how each operand travels, and the cycles in which the
/// array fills, streams and drains.
std::string headText(const ArraySubject& subject);

/// Columns of PEs that one line of cellText() has room for; 0 where there is nothing to show.
std::int64_t cellColumns(const ArrayRecording& recording);

/// Each cycle of `cycles` as a grid with a cell for each PE of the window: the operands of its step
/// and the partial sum it leaves, with their indices. An idle PE has a dot. A cycle in which no PE
/// of the window works is its heading alone.
std::string cellText(const ArraySubject& subject, const ArrayRecording& recording, Interval cycles);

/// Each cycle of `cycles` as a small map of the window, '#' for a PE that works and '.' for one
/// that does not, several side by side. An array of more than 64 rows or columns has '#' for a
/// square of PEs that all work, '+' where some do.
std::string mapText(const ArraySubject& subject, const ArrayRecording& recording, Interval cycles);

/// Working PEs of the whole array by cycle, as bars.
std::string chartText(const ArraySubject& subject, const ArrayRecording& recording,
                      Interval cycles);

}  // namespace npusim
