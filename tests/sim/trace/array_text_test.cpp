#include "sim/trace/array_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/sim/trace/wavefront.h"

namespace npusim {
namespace {

using testing::HasSubstr;
using testing::Not;

ArrayRecording record(const Wavefront& wavefront, Interval cycles, PeWindow window) {
  ArrayRecording recording(wavefront.cols, cycles, window);
  wavefront.show(recording);
  return recording;
}

ArrayRecording recordAll(const Wavefront& wavefront) {
  return record(wavefront, {0, 1000}, {{0, wavefront.rows - 1}, {0, wavefront.cols - 1}});
}

TEST(ArrayText, CellsShowTheWavefront) {
  const Wavefront wavefront{2, 2, 3};
  const std::string text = cellText(wavefront.subject(), recordAll(wavefront), {1, 3});
  EXPECT_EQ(text, R"(cycle 1 fill: 0 of 4 PEs work
cycle 2 stream: 1 of 4 PEs work
           column 0      column 1
         +-------------+-------------+
 row 0   | > a[0,0]  1 | .           |
         | * b[0,0]  0 |             |
         | v c[0,0]  0 |             |
         +-------------+-------------+
 row 1   | .           | .           |
         |             |             |
         |             |             |
         +-------------+-------------+
cycle 3 stream: 3 of 4 PEs work
           column 0      column 1
         +-------------+-------------+
 row 0   | > a[1,0]  2 | > a[0,0]  1 |
         | * b[0,0]  0 | * b[0,1] -1 |
         | v c[1,0]  0 | v c[0,1] -1 |
         +-------------+-------------+
 row 1   | > a[0,1]  1 | .           |
         | * b[1,0]  1 |             |
         | v c[0,0]  1 |             |
         +-------------+-------------+
)");
}

TEST(ArrayText, HeadNamesTravelsAndPhases) {
  const Wavefront wavefront{2, 2, 3};
  EXPECT_EQ(headText(wavefront.subject()),
            R"(example: c[3,2] += a[3,2] b[2,2], int8
2 x 2 PEs, weight_stationary: k (FY FX C) along the rows, n (K) along the columns, m streams
  > a  input        moves right, a PE a step
  * b  weight       held by the PE
  v c  partial sum  moves down, each PE adds its product
7 cycles (overlapped)
  fill    cycles 0 to 1
  stream  cycles 2 to 4
  drain   cycles 5 to 6
)");
}

TEST(ArrayText, HeadSaysWhatACellOfSeveralProductsShows) {
  ArraySubject subject = Wavefront{2, 2, 3}.subject();
  EXPECT_THAT(headText(subject), Not(HasSubstr("a step is")));
  subject.array.macsPerCycle = {{DataType::Int8, 2}};
  EXPECT_THAT(headText(subject), HasSubstr("a step is 2 products along k"));
}

TEST(ArrayText, MapsStandSideBySide) {
  const Wavefront wavefront{3, 4, 2};
  EXPECT_EQ(mapText(wavefront.subject(), recordAll(wavefront), {3, 5}),
            R"( cycle 3 stream   cycle 4 stream   cycle 5 drain
 1 of 12 work     3 of 12 work     5 of 12 work
 #...             ##..             .##.
 ....             #...             ##..
 ....             ....             #...

)");
}

TEST(ArrayText, MarksOfLargeArraysStandForSquares) {
  const Wavefront wavefront{128, 66, 1000};
  const ArrayRecording recording = record(wavefront, {128, 129}, {{0, 127}, {0, 65}});
  const std::string text = mapText(wavefront.subject(), recording, {128, 129});
  EXPECT_THAT(text, HasSubstr(" +................................   +..."));
  EXPECT_EQ(std::ranges::count(text, '\n'), 64 + 3);
}

TEST(ArrayText, WindowsShowTheirPesAndCountAll) {
  const Wavefront wavefront{8, 8, 20};
  const ArrayRecording recording = record(wavefront, {20, 20}, {{6, 7}, {2, 3}});
  const std::string text = cellText(wavefront.subject(), recording, {20, 20});
  EXPECT_THAT(text, HasSubstr("cycle 20 stream: 61 of 64 PEs work\n"));
  EXPECT_THAT(text, HasSubstr("column 2"));
  EXPECT_THAT(text, HasSubstr(" row 7 "));
  EXPECT_THAT(text, HasSubstr("a[2,7]"));
  EXPECT_THAT(text, Not(HasSubstr("column 4")));
}

TEST(ArrayText, NoLineIsWiderThanPromised) {
  for (const std::int64_t cols : {1, 5, 7, 30, 100}) {
    const Wavefront wavefront{2, cols, 40};
    ArrayRecording recording = recordAll(wavefront);
    const Interval all{0, 1000};
    std::string text = mapText(wavefront.subject(), recording, all);
    if (cellColumns(recording) >= cols) text += cellText(wavefront.subject(), recording, all);
    text += headText(wavefront.subject()) + chartText(wavefront.subject(), recording, all);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), kTextColumns) << line;
      EXPECT_FALSE(line.ends_with(' ')) << line;
    }
  }
}

TEST(ArrayText, CellsFillALine) {
  Wavefront wavefront{2, 7, 3};
  while (cellColumns(recordAll(wavefront)) >= wavefront.cols) ++wavefront.cols;
  --wavefront.cols;
  const std::string text = cellText(wavefront.subject(), recordAll(wavefront), {0, 1000});
  std::istringstream lines(text);
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, line.size());
  EXPECT_LE(widest, kTextColumns);
  EXPECT_GT(widest + 20, kTextColumns);
}

TEST(ArrayText, ChartCountsTheWholeInstruction) {
  const Wavefront wavefront{2, 2, 3};
  EXPECT_EQ(chartText(wavefront.subject(), recordAll(wavefront), {1, 3}),
            R"(PEs that work, of 4
 cycle    1  fill       0
 cycle    2  stream     1  ###############
 cycle    3  stream     3  #############################################
in all 7 cycles: 12 steps, 42.9 % of the PE-cycles
)");
}

TEST(ArrayText, LargeAndBrokenNumbersStayShort) {
  ArrayRecording recording(1, {0, 0}, {{0, 0}, {0, 0}});
  const PeCycle pe{true, 0, 0, 0, 0.1234567, -123456789, 1.5e38};
  recording.onCycle(0, std::span(&pe, 1));
  Wavefront wavefront{1, 1, 1};
  const std::string text = cellText(wavefront.subject(), recording, {0, 0});
  EXPECT_THAT(text, HasSubstr("a[0,0] -123456789"));
  EXPECT_THAT(text, HasSubstr("b[0,0]     0.1235"));
  EXPECT_THAT(text, HasSubstr("c[0,0]    1.5e+38"));
}

TEST(ArrayRecording, RefusesAnArrayThatIsTooSmall) {
  ArrayRecording recording(2, {0, 9}, {{0, 1}, {0, 1}});
  const std::vector<PeCycle> three(3);
  EXPECT_THROW(recording.onCycle(0, three), std::logic_error);
}

TEST(ArrayRecording, CyclesAfterTheLastSeenAreIdle) {
  const Wavefront wavefront{1, 1, 1};
  ArrayRecording recording(1, {1, 4}, {{0, 0}, {0, 0}});
  wavefront.show(recording);
  ASSERT_EQ(recording.frames().size(), 1u);
  recording.finish(4);
  ASSERT_EQ(recording.frames().size(), 3u) << "cycles 1 to 3 of 4";
  EXPECT_EQ(recording.frames().back().cycle, 3);
  EXPECT_EQ(recording.frames().back().working, 0);
  recording.finish(99);
  EXPECT_EQ(recording.frames().back().cycle, 4) << "the last of the window";
}

TEST(ArraySubject, OperandsTravelAsTheDataflowSays) {
  const auto symbols = [](std::string_view preset) {
    std::string text;
    for (const OperandTravel& operand : travelsOf(dataflowPreset(preset))) text += operand.symbol;
    return text;
  };
  EXPECT_EQ(symbols("weight_stationary"), ">*v");
  EXPECT_EQ(symbols("output_stationary"), ">v*");
  EXPECT_EQ(symbols("input_stationary"), "*>v");
  EXPECT_EQ(symbols("dot_product"), ":*+");
  EXPECT_EQ(symbols("row_stationary"), "/*v");
  EXPECT_EQ(symbols("cached"), "  *");
}

}  // namespace
}  // namespace npusim
