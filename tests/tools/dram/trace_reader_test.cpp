#include "tools/dram/trace_reader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <random>

#include "sim/core/error.h"
#include "tests/tools/process.h"

namespace npusim::tools {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::int64_t kMemory = 4096;

std::vector<TraceRequest> readAll(const std::string& file, std::int64_t capacity) {
  TraceReader reader(file, capacity);
  std::vector<TraceRequest> requests;
  TraceRequest request;
  while (reader.next(request)) requests.push_back(request);
  EXPECT_FALSE(reader.next(request)) << "the end stays the end";
  return requests;
}

std::vector<TraceRequest> readText(const std::string& text, std::int64_t capacity = kMemory) {
  const TemporaryFolder folder;
  writeText(folder / "t", text);
  return readAll(folder / "t", capacity);
}

/// The message for a trace, without its folder.
std::string messageOf(const std::string& text) {
  const TemporaryFolder folder;
  writeText(folder / "t", text);
  try {
    readAll(folder / "t", kMemory);
  } catch (const BadInput& error) {
    const std::string message = error.what();
    EXPECT_THAT(message, StartsWith(folder.path() + "/"));
    return message.substr(folder.path().size() + 1);
  }
  return "no error";
}

void expectEqual(const TraceRequest& a, const TraceRequest& b) {
  EXPECT_EQ(a.arrival, b.arrival);
  EXPECT_EQ(a.address, b.address);
  EXPECT_EQ(a.direction, b.direction);
}

TEST(TraceReader, TakesEveryForm) {
  const auto requests = readText(
      "- 64 R\n"
      "# a comment\n"
      "\n"
      "   \t \n"
      "  12\t0xAb0   W # to the end\n"
      "- 0X40 R#close\r\n"
      "7 0xfff W\r\n"
      "- 1 R");
  ASSERT_EQ(requests.size(), 5U);
  expectEqual(requests[0], {TraceRequest::kClosedLoop, 64, Direction::Read});
  expectEqual(requests[1], {12, 0xab0, Direction::Write});
  expectEqual(requests[2], {TraceRequest::kClosedLoop, 64, Direction::Read});
  expectEqual(requests[3], {7, 0xfff, Direction::Write});
  expectEqual(requests[4], {TraceRequest::kClosedLoop, 1, Direction::Read});
}

TEST(TraceReader, NothingIsNoRequest) {
  EXPECT_TRUE(readText("").empty());
  EXPECT_TRUE(readText("\n\n#\n").empty());
}

struct BadLine {
  const char* name;
  const char* text;
  const char* message;
};

std::ostream& operator<<(std::ostream& out, const BadLine& row) { return out << row.name; }

class BadTrace : public testing::TestWithParam<BadLine> {};

TEST_P(BadTrace, GivesOneLineWithItsPlace) {
  EXPECT_EQ(messageOf(GetParam().text), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadTrace,
    testing::Values(
        BadLine{"WrongDirection", "- 64 R\n- 64 X\n", "t:2:6: 'X' must be R or W"},
        BadLine{"SmallDirection", "- 64 r\n", "t:1:6: 'r' must be R or W"},
        BadLine{"NoDirection", "\n- 64\n",
                "t:2:5: a request is 'cycle|- address R|W', R or W is missing"},
        BadLine{"NoAddress", "-",
                "t:1:2: a request is 'cycle|- address R|W', the address is missing"},
        BadLine{"NoAddressBeforeAComment", "- # 64 R",
                "t:1:3: a request is 'cycle|- address R|W', the address is missing"},
        BadLine{"TooManyWords", "- 64 R W\n",
                "t:1:8: unexpected 'W', a request is 'cycle|- address R|W'"},
        BadLine{"NoCycle", "x 64 R\n",
                "t:1:1: 'x' must be - or a cycle, a whole number up to 1,000,000,000,000,000"},
        BadLine{"NegativeCycle", "-5 64 R\n",
                "t:1:1: '-5' must be - or a cycle, a whole number up to 1,000,000,000,000,000"},
        BadLine{"LateCycle", "1000000000000001 64 R\n",
                "t:1:1: '1000000000000001' must be - or a cycle, a whole number up to "
                "1,000,000,000,000,000"},
        BadLine{"EndlessCycle", "99999999999999999999999999 64 R\n",
                "t:1:1: '99999999999..99999999999' must be - or a cycle, a whole number up to "
                "1,000,000,000,000,000"},
        BadLine{"NoHexDigits", "- 0x R\n",
                "t:1:3: '0x' must be an address, decimal or 0x and hex digits, below 2^63"},
        BadLine{"LettersInDecimal", "- 12f R\n",
                "t:1:3: '12f' must be an address, decimal or 0x and hex digits, below 2^63"},
        BadLine{"NegativeAddress", "- -64 R\n",
                "t:1:3: '-64' must be an address, decimal or 0x and hex digits, below 2^63"},
        BadLine{"TooLargeForUs", "- 0x8000000000000000 R\n",
                "t:1:3: '0x8000000000000000' must be an address, decimal or 0x and hex digits, "
                "below 2^63"},
        BadLine{"NoBlank", "- 64R\n",
                "t:1:3: '64R' must be an address, decimal or 0x and hex digits, below 2^63"},
        BadLine{"BeyondTheMemory", "- 64 R\n- 0x1000 R\n",
                "t:2:3: address 0x1000 is beyond the memory, which holds 4.00 KiB; give smaller "
                "ones or --set capacity_mib=N"},
        BadLine{"ControlCharacters", "- 64 \x1b[31mR\n", "t:1:6: '?[31mR' must be R or W"}),
    [](const auto& line) { return line.param.name; });

TEST(TraceReader, OtherFilesAreRefused) {
  EXPECT_THAT(messageOf(std::string(3 << 20, 'x')),
              StartsWith("t:1:1: the line is longer than 1048576 bytes"));
  EXPECT_THAT(messageOf(std::string(100, '\0') + "\n"), HasSubstr("t:1:1: '??"));
  const auto message = [](const std::string& file) -> std::string {
    try {
      TraceReader reader(file, kMemory);
    } catch (const BadInput& error) {
      return error.what();
    }
    return "no error";
  };
  const TemporaryFolder folder;
  EXPECT_EQ(message(folder.path()),
            "cannot read '" + folder.path() + "' (Is a directory), give a readable trace");
  EXPECT_THAT(message(folder / "none"),
              EndsWith("(No such file or directory), give a readable trace"));
}

/// Traces of several blocks whose lines fall on every side of a block's end.
TEST(TraceReader, ReadsBackRandomTraces) {
  constexpr std::int64_t kCapacity = std::int64_t{1} << 40;
  for (const unsigned seed : {1U, 2U, 3U}) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t n) { return static_cast<std::int64_t>(random() % n); };
    std::vector<TraceRequest> expected;
    std::string text;
    while (text.size() < (std::size_t{5} << 19)) {
      TraceRequest request{below(2) == 0 ? TraceRequest::kClosedLoop : below(1'000'000'000'000),
                           below(2) == 0 ? below(kCapacity) : below(1000),
                           below(2) == 0 ? Direction::Read : Direction::Write};
      expected.push_back(request);
      text += request.arrival < 0 ? "-" : fmt::format("{}", request.arrival);
      text += std::string(static_cast<std::size_t>(1 + below(3)), ' ');
      text += below(2) == 0 ? fmt::format("0x{:x}", request.address)
                            : fmt::format("{}", request.address);
      text += request.direction == Direction::Read ? "\tR" : " W";
      if (below(10) == 0) text += "  # " + std::string(static_cast<std::size_t>(below(80)), 'c');
      text += below(20) == 0 ? "\n\n" : "\n";
    }
    if (below(2) == 0) text.pop_back();
    const std::vector<TraceRequest> read = readText(text, kCapacity);
    ASSERT_EQ(read.size(), expected.size());
    for (std::size_t i = 0; i < read.size(); ++i) expectEqual(read[i], expected[i]);
  }
}

}  // namespace
}  // namespace npusim::tools
