#include "tools/dram/trace_writer.h"

#include <gmock/gmock.h>

#include "sim/core/error.h"
#include "tests/tools/process.h"
#include "tools/dram/trace_reader.h"

namespace npusim::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(TraceWriter, WritesTheBlocksThatPiecesTouch) {
  const TemporaryFolder folder;
  TraceWriter writer(folder / "t");
  writer.add(Direction::Read, {0, 64});
  writer.add(Direction::Read, {100, 100});   // blocks 1, 2 and 3
  writer.add(Direction::Read, {200, 24});    // block 3 again
  writer.add(Direction::Write, {224, 32});   // block 3, written
  writer.add(Direction::Write, {4096, 65});  // two blocks
  writer.finish();
  EXPECT_EQ(readText(folder / "t"),
            "# requests of 64 bytes in the order in which they were asked for\n"
            "- 0x0 R\n- 0x40 R\n- 0x80 R\n- 0xc0 R\n- 0xc0 W\n- 0x1000 W\n- 0x1040 W\n");
  EXPECT_THAT(folder.contents(), ElementsAre("t"));
}

TEST(TraceWriter, WhatIsNotFinishedLeavesNothing) {
  const TemporaryFolder folder;
  {
    TraceWriter writer(folder / "t");
    for (int i = 0; i < 200'000; ++i) writer.add(Direction::Read, {i * 64, 64});
  }
  EXPECT_THAT(folder.contents(), IsEmpty());
}

TEST(TraceWriter, WritesWhatTheReaderReads) {
  const TemporaryFolder folder;
  TraceWriter writer(folder / "t");
  constexpr std::int64_t kRequests = 300'000;  // several blocks of text
  for (std::int64_t i = 0; i < kRequests; ++i) {
    writer.add(i % 3 == 0 ? Direction::Write : Direction::Read, {i * 4096, 64});
  }
  writer.finish();
  TraceReader reader(folder / "t", std::int64_t{1} << 40);
  TraceRequest request;
  std::int64_t read = 0;
  for (; reader.next(request); ++read) {
    ASSERT_EQ(request.address, read * 4096);
    ASSERT_EQ(request.direction == Direction::Write, read % 3 == 0);
    ASSERT_EQ(request.arrival, TraceRequest::kClosedLoop);
  }
  EXPECT_EQ(read, kRequests);
}

TEST(TraceWriter, AFileThatCannotBeWrittenIsNamed) {
  try {
    TraceWriter writer("/nonexistent/folder/t");
    FAIL() << "no error";
  } catch (const BadInput& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("/nonexistent/folder/t: cannot write it: No such file or directory"));
  }
}

}  // namespace
}  // namespace npusim::tools
