#pragma once

#include <cstddef>
#include <vector>

#include "kernels/mapping/mapping.h"

namespace npusim::mapping {

/// How the tiles of one operand come or go: what does not depend on the tiling. Core cycles.
struct Route {
  std::vector<std::size_t> byStride;  ///< axes, see axesByStride()
  std::vector<bool> leaves;           ///< by axis: the task reaches beyond its ends
  isa::StorageId slotStorage = -1;    ///< -1: on chip already, no slot
  bool blocked = false;               ///< constant weights, laid out by column tiles
  bool streamed = false;              ///< a stream in memory
  /// Of encoded weights: bytes in memory for each of their values'; 1: they lie as values.
  double codedShare = 1;
  int queue = 0;  ///< of the loads: 0 weights, 1 inputs; 2 the store

  std::size_t memory = 0;        ///< its number; one past the last: the network between cores
  double bytesPerCycle = 1;      ///< of memory or links, where other cores use them too: this one's
  double portBytesPerCycle = 1;  ///< most that this core's way to it carries
  double latencyCycles = 0;      ///< from a request to its data; 0 where writes are posted
  double flyingBytes = 1;        ///< that one engine has asked for and not yet got
  double chunkBytes = 1;         ///< that it asks for at a time
  double unitBytes = 1;          ///< smallest that it moves
  /// Of DRAM.
  std::int64_t channels = 1;
  std::int64_t channelBytes = 0;  ///< contiguous bytes in one channel
  double burstBytes = 1;          ///< of one channel
  double rowBytes = 0;            ///< contiguous bytes that one open row of every channel holds
  std::int64_t banks = 1;         ///< of one channel
  double activateCycles = 0;      ///< between activates of two banks of a channel
  double rowCycles = 0;           ///< between those of one bank
  double switchCycles = 0;        ///< to open a row that another transfer closed
};

/// A DMA engine issues a transfer.
inline double issueCycles(const ChipConfig& chip) {
  return static_cast<double>(chip.issueCycles + chip.dma.issueCycles);
}

/// The route of an operand of a task by its number; the output's is one past the last.
Route routeOf(const Context& context, const plan::Task& task, std::size_t operand);

/// One transfer, in core cycles.
struct Traffic {
  double bytes = 0;   ///< as moved: whole bursts
  double memory = 0;  ///< of the memory: data or activates, whichever takes longer
  /// Of the memory beside that, where other transfers move and close its rows.
  double switching = 0;
  double alone = 0;    ///< first data to last, where nothing else moves
  double latency = 0;  ///< from its first request to its first data
  double gap = 0;      ///< from its last data to the first of a transfer that follows at once
};
Traffic trafficOf(const Context& context, const plan::Operand& operand, const OperandTile& tile,
                  const Route& route);

}  // namespace npusim::mapping
