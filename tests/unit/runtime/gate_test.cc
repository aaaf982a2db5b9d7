#include "sluice/runtime/gate.h"

#include "unit/runtime/fixture.h"

namespace sluice::runtime::test {
namespace {

class GateTest : public ::testing::Test {
 protected:
  std::unique_ptr<Loop> loop = make_loop();
  LoopBinding binding{*loop};
  TestTask emptied;
  Gate gate;
};

TEST_F(GateTest, ClosingAnEmptyGateTellsAtOnce) {
  gate.close(emptied);
  EXPECT_TRUE(gate.closed());
  loop->turn();
  EXPECT_EQ(emptied.runs, 1);
}

TEST_F(GateTest, ClosingWaitsForTheLastTicket) {
  Gate::Ticket a = gate.try_enter();
  Gate::Ticket b = gate.try_enter();
  ASSERT_TRUE(a);
  EXPECT_EQ(gate.inside(), 2U);
  gate.close(emptied);
  a.leave();
  loop->turn();
  EXPECT_EQ(emptied.runs, 0);
  b.leave();
  loop->turn();
  EXPECT_EQ(emptied.runs, 1);
}

TEST_F(GateTest, NobodyEntersAClosedGate) {
  Gate::Ticket inside = gate.try_enter();
  gate.close(emptied);
  EXPECT_FALSE(gate.try_enter());
  EXPECT_EQ(gate.inside(), 1U);
}

TEST_F(GateTest, ATicketMovesAndLeavesOnce) {
  {
    Gate::Ticket a = gate.try_enter();
    Gate::Ticket b = std::move(a);
    EXPECT_TRUE(b);
    a = gate.try_enter();
    EXPECT_EQ(gate.inside(), 2U);
    a = std::move(b);
    EXPECT_EQ(gate.inside(), 1U);
  }
  EXPECT_EQ(gate.inside(), 0U);
  loop->turn();
  EXPECT_EQ(emptied.runs, 0) << "not closed: nobody is told";
}

}  // namespace
}  // namespace sluice::runtime::test
