#pragma once

#include <vector>

#include "kernels/emit/placement.h"

namespace npusim::emit {

/// The byte address of a view's first element, which moves with the loops around its reader.
isa::Affine addressOf(const plan::Plan& plan, const plan::View& view);

/// Writes the addresses, extents and bounds of one placed task's instructions. `dims` are task
/// dimensions in the order of the instruction's own dimensions.
class AccessWriter {
 public:
  /// `tiling`: one of the mapping's, as the instructions see it.
  AccessWriter(const plan::Plan& plan, const PlacedTask& placed, const mapping::Tiling& tiling)
      : plan_(plan), placed_(placed), task_(*placed.task), tiling_(tiling) {}

  /// Do tiles of a dimension differ in size?
  bool isRagged(int dim) const;

  /// The depth of a dimension's loop in the queues, -1 without one; and how much deeper than in the
  /// tiling loops are there, within the loop of a pipeline's stage.
  int depthOf(int dim) const;
  int stageDepth() const;

  /// How far a tile reaches along a dimension, shrinking on the ragged last pass of its loop.
  isa::Extent extent(int dim) const;

  /// Operand i, or the output, where compute instructions see it: in its slot or its block.
  isa::Access operand(int i, const std::vector<int>& dims) const;
  isa::Access output(const std::vector<int>& dims) const;

  /// A dense on-chip array over `dims`, in a slot.
  isa::Access dense(const mapping::Slot& slot, std::int64_t address, DataType type,
                    const std::vector<int>& layout, const std::vector<int>& dims) const;

  /// Fills operand i's slot; empties the output's slot.
  isa::Transfer load(int i) const;
  isa::Transfer store() const;

  /// A copy task's transfer, block to block.
  isa::Transfer copy() const;

  std::int64_t tile(int dim) const { return tiling_.tile[static_cast<std::size_t>(dim)]; }

 private:
  isa::Access seen(const plan::Operand& operand, const mapping::Slot& slot,
                   const mapping::OperandTile& tile, std::int64_t address,
                   const std::vector<int>& dims) const;
  /// Adds how far the operand moves with the loops around the task.
  void addPasses(isa::Affine& address, const plan::Operand& operand) const;
  isa::Affine slotAddress(const mapping::Slot& slot, std::int64_t address) const;
  isa::Transfer move(const plan::Operand& operand, const mapping::Slot& slot,
                     const mapping::OperandTile& tile, std::int64_t address, bool toSlot) const;
  /// Positions along `dim` of a copy's source are looked up: any along its axis, even when there is
  /// only one, and none outside it.
  void lookUp(isa::Access& source, int dim) const;
  /// Adds where a tile begins along one axis of its block.
  void addBlockStart(isa::Affine& address, const plan::Axis& axis,
                     const mapping::AxisTile& part) const;
  /// Where a dimension's tiles end; and `factor` x where one begins, as far as that changes its
  /// size.
  std::int64_t lastOf(int dim) const;
  void addFirst(std::vector<isa::LoopTerm>& terms, int dim, std::int64_t factor) const;
  int onlyLong(const plan::Axis& axis) const;
  /// Dimensions that have tiles without positions on cores with a shorter part or none, which the
  /// length of no axis of the operand shows; and an extent that is 0 there, else 1.
  std::vector<int> emptied(const plan::Operand& operand) const;
  isa::Extent onlyWhere(int dim) const;
  /// Adds where a tile begins along one axis of a block that is read in place.
  void addInPlace(isa::Affine& address, const plan::Axis& axis, const mapping::AxisTile& part,
                  bool kept) const;
  isa::Extent axisExtent(const plan::Axis& axis, const mapping::AxisTile& part) const;
  /// Adds `factor` x (tile's first position along the axis, without its offset).
  void addLoopTerms(isa::Affine& affine, const plan::Axis& axis, std::int64_t factor) const;
  bool mayLeave(const plan::Axis& axis) const;
  isa::Bound bound(const plan::Axis& axis, const std::vector<int>& dims) const;

  const plan::Plan& plan_;
  const PlacedTask& placed_;
  const plan::Task& task_;
  const mapping::Tiling& tiling_;
};

}  // namespace npusim::emit
