#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tools/inputs.h"
#include "tools/run_options.h"
#include "workloads/graph/graph.h"

namespace npusim::tools {

/// A network as it was read or made, before any pass.
struct Network {
  std::string name;
  Graph graph;
  std::optional<DataType> precision;  ///< its own format; empty for a made problem
  std::uint64_t hash = 0;             ///< contentHash() of the graph as it was read or made
  std::int64_t batch = 1;             ///< first dimension of its first input
};

/// Over everything that a graph computes: its text, and the constants and index lists that the text
/// shortens.
std::uint64_t contentHash(const Graph& graph);

/// Reads FILE.onnx, FILE.yaml, or a network of the zoo by its name. Inputs that the user gave bind
/// open dimensions; those whose values decide shapes become constants. Throws BadInput for a
/// workload that is none of these.
Network readNetwork(const NetworkOptions& options, const GivenTensors& given);

/// Takes out of `given` the inputs that became constants (Graph::settledInputs).
void dropSettled(const Graph& graph, GivenTensors& given);

/// Names of the zoo's networks, sorted, and the embedded file of one.
std::vector<std::string> zooNames();
std::string zooFile(const std::string& name);

/// The format to compute in: the one asked for, else the network's own if the chip has it, else
/// the chip's first; for a made problem, the first of the chip's fastest formats.
DataType choosePrecision(const std::optional<DataType>& asked, const Network& network,
                         const ChipConfig& chip);

}  // namespace npusim::tools
