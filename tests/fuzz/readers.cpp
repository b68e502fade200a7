#include "tests/fuzz/readers.h"

#include <cstring>
#include <string>

#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "sim/core/hash.h"
#include "sim/isa/program_io.h"
#include "workloads/description/description.h"
#include "workloads/graph/graph.h"
#include "workloads/onnx/import.h"

namespace npusim::fuzz {
namespace {

void requireOneLine(const std::string& message) {
  ensure(!message.empty(), "an error says nothing");
  ensure(message.find('\n') == std::string::npos, "an error has more than one line");
}

template <typename Read>
bool accepts(const Read& read) {
  try {
    read();
    return true;
  } catch (const BadInput& error) {
    requireOneLine(error.what());
  } catch (const NotPossible& error) {
    requireOneLine(error.what());
  }
  return false;
}

/// What every command does with a network before it runs.
void check(const Graph& graph) {
  graph.verify();
  ensure(!graph.toText().empty(), "a network has no text");
  for (const Node& node : graph.nodes) ensure(macCount(graph, node) >= 0, "negative MACs");
  ensure(parameterCount(graph) >= 0, "negative parameters");
}

/// The container with the checksum of what it holds (sim/isa/container.cpp), so that a changed one
/// is read further than the checksum.
std::string sealed(std::string_view bytes) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  std::string container(bytes);
  if (container.size() < kWord) return container;
  const std::string_view body = bytes.substr(0, bytes.size() - kWord);
  const std::uint64_t sum = hashWords(body, kFnvOffset ^ body.size());
  std::memcpy(container.data() + body.size(), &sum, kWord);
  return container;
}

isa::Program readProgram(std::string_view bytes) {
  if (bytes.starts_with("NPUSIM")) return isa::unpack(sealed(bytes), "fuzzed.npu");
  isa::Program program = isa::parse(std::string(bytes), "fuzzed.txt");
  isa::verify(program);
  return program;
}

}  // namespace

bool onnxModel(std::string_view bytes) {
  return accepts([&] { check(importOnnxBytes(bytes, "fuzzed.onnx")); });
}

bool description(std::string_view bytes) {
  return accepts([&] { check(parseDescription(bytes, "fuzzed.yaml")); });
}

bool chip(std::string_view bytes) {
  ChipConfig config;
  if (!accepts([&] { config = parseChip(std::string(bytes), "fuzzed.yaml"); })) return false;
  const ChipConfig again = parseChip(toYaml(config), "written.yaml");
  ensure(chipHash(again) == chipHash(config), "a chip is read back as another");
  return true;
}

bool program(std::string_view bytes) {
  isa::Program read;
  if (!accepts([&] { read = readProgram(bytes); })) return false;
  const std::string text = isa::toText(read);
  ensure(isa::toText(isa::parse(text, "written.txt")) == text, "a text is read back as another");
  const isa::Program again = isa::unpack(isa::pack(read), "written.npu");
  ensure(isa::toText(again) == text, "a container is read back as another program");
  return true;
}

}  // namespace npusim::fuzz
