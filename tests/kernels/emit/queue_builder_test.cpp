#include "kernels/emit/queue_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace npusim::emit {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class QueueBuilderTest : public testing::Test {
 protected:
  template <typename Body>
  bool holds(std::size_t i) const {
    return std::holds_alternative<Body>(queue_.at(i).body);
  }

  std::vector<isa::Instruction> queue_;
  QueueBuilder builder_{queue_};
};

TEST_F(QueueBuilderTest, WaitsGoToTheNextAndSignalsToTheLastInstruction) {
  builder_.beginLayer(3);
  builder_.wait(1);
  builder_.wait(2);
  builder_.emit(isa::Transfer{});
  builder_.signal(4);
  builder_.emit(isa::Transfer{});
  builder_.signal(5);
  ASSERT_EQ(queue_.size(), 2U);
  EXPECT_EQ(queue_[0].layer, 3);
  EXPECT_THAT(queue_[0].waits, ElementsAre(1, 2));
  EXPECT_THAT(queue_[0].signals, ElementsAre(4));
  EXPECT_THAT(queue_[1].waits, IsEmpty());
  EXPECT_THAT(queue_[1].signals, ElementsAre(5));
}

TEST_F(QueueBuilderTest, WaitsBeforeALoopHappenBeforeIt) {
  builder_.wait(1);
  builder_.openLoop(4);
  builder_.emit(isa::Matrix{});
  builder_.closeLoop();
  ASSERT_EQ(queue_.size(), 4U);
  EXPECT_TRUE(holds<isa::Sync>(0));
  EXPECT_THAT(queue_[0].waits, ElementsAre(1));
  EXPECT_TRUE(holds<isa::Loop>(1));
  EXPECT_EQ(std::get<isa::Loop>(queue_[1].body).count, 4);
  EXPECT_THAT(queue_[2].waits, IsEmpty());
  EXPECT_TRUE(holds<isa::EndLoop>(3));
}

TEST_F(QueueBuilderTest, SignalsAfterALoopHappenAfterIt) {
  builder_.openLoop(4);
  builder_.emit(isa::Matrix{});
  builder_.closeLoop();
  builder_.signal(1);
  builder_.signal(2);
  ASSERT_EQ(queue_.size(), 4U);
  EXPECT_THAT(queue_[1].signals, IsEmpty());
  EXPECT_TRUE(holds<isa::Sync>(3));
  EXPECT_THAT(queue_[3].signals, ElementsAre(1, 2));
}

TEST_F(QueueBuilderTest, SignalAfterAnUnusedWaitComesAfterThatWait) {
  builder_.emit(isa::Transfer{});
  builder_.wait(1);
  builder_.signal(2);
  ASSERT_EQ(queue_.size(), 2U);
  EXPECT_THAT(queue_[0].signals, IsEmpty());
  EXPECT_THAT(queue_[1].waits, ElementsAre(1));
  EXPECT_THAT(queue_[1].signals, ElementsAre(2));
}

TEST_F(QueueBuilderTest, AnotherLayersSignalIsItsOwn) {
  builder_.beginLayer(0);
  builder_.emit(isa::Transfer{});
  builder_.beginLayer(1);
  builder_.signal(2);
  ASSERT_EQ(queue_.size(), 2U);
  EXPECT_THAT(queue_[0].signals, IsEmpty());
  EXPECT_EQ(queue_[1].layer, 1);
}

TEST_F(QueueBuilderTest, FlushWithoutWaitsAddsNothing) {
  builder_.flush();
  EXPECT_THAT(queue_, IsEmpty());
  builder_.wait(1);
  builder_.flush();
  builder_.flush();
  ASSERT_EQ(queue_.size(), 1U);
  EXPECT_THAT(queue_[0].waits, ElementsAre(1));
}

}  // namespace
}  // namespace npusim::emit
