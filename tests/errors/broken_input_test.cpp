#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <ostream>

#include "tests/tools/process.h"
#include "tools/subcommands.h"

namespace npusim::tools {
namespace {

using testing::HasSubstr;

const std::string kNetwork = NPUSIM_SOURCE_DIR "/workloads/zoo/blazeface_front.onnx";
const std::string kChip = NPUSIM_SOURCE_DIR "/configs/chips/edge.yaml";
const std::string kData =
    NPUSIM_SOURCE_DIR "/tests/models/reference/blazeface_front/test_data_set_0";

/// One mistake: files that it needs, the command (in a shell, inside a fresh folder) and how it
/// must end.
struct Broken {
  std::string name;
  std::string command;
  int exitCode;
  std::string message;  ///< part of the one line on standard error
  std::function<void(const TemporaryFolder&)> prepare = [](const TemporaryFolder&) {};
};

std::ostream& operator<<(std::ostream& stream, const Broken& broken) {
  return stream << broken.command;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("no '" + from + "' in the file");
  return text.replace(at, from.size(), to);
}

/// The default chip's file with one change, as chip.yaml.
auto chipWith(const std::string& from, const std::string& to) {
  return [=](const TemporaryFolder& folder) {
    writeText(folder / "chip.yaml", replaced(readText(kChip), from, to));
  };
}

auto file(const std::string& name, const std::string& text) {
  return [=](const TemporaryFolder& folder) { writeText(folder / name, text); };
}

/// The first `share` of the default network's file, as net.onnx.
auto truncatedNetwork(double share) {
  return [=](const TemporaryFolder& folder) {
    const std::string bytes = readText(kNetwork);
    const double kept = share * static_cast<double>(bytes.size());
    writeText(folder / "net.onnx", bytes.substr(0, static_cast<std::size_t>(kept)));
  };
}

/// A small network with the operator `op` on a 4-vector, or a tensor of the named open dimensions,
/// written by hand in protobuf's wire format.
std::string onnxWithOperator(const std::string& op, const std::vector<std::string>& open = {}) {
  const auto field = [](int number, const std::string& bytes) {
    return std::string(1, static_cast<char>(number * 8 + 2)) +
           std::string(1, static_cast<char>(bytes.size())) + bytes;
  };
  std::string dims = open.empty() ? field(1, std::string("\x08\x04", 2)) : "";
  for (const std::string& name : open) dims += field(1, field(2, name));
  const std::string tensor = std::string("\x08\x01", 2) + field(2, dims);
  const auto port = [&](const std::string& portName) {
    return field(1, portName) + field(2, field(1, tensor));
  };
  const std::string node = field(1, "x") + field(2, "y") + field(3, "strange") + field(4, op);
  const std::string graph =
      field(1, node) + field(2, "g") + field(11, port("x")) + field(12, port("y"));
  return std::string("\x08\x07", 2) + field(7, graph) +
         field(8, field(1, "") + std::string("\x10\x0d", 2));
}

auto programFile(const std::function<std::string(std::string)>& change) {
  return [=](const TemporaryFolder& folder) {
    const Finished compiled =
        npusim({"compile", "-o", folder / "good.npu", "--set", "array.rows=16"});
    if (compiled.exitCode != 0) throw std::runtime_error(compiled.err);
    const std::string good = readText(folder / "good.npu");
    std::filesystem::remove(folder / "good.npu");
    writeText(folder / "p.npu", change(good));
  };
}

const std::string kRunChip = "$NPUSIM run --chip chip.yaml";
const std::string kRunNet = "$NPUSIM run --workload net.onnx";

std::vector<Broken> brokenChips() {
  return {
      {"ChipMissing", "$NPUSIM run --chip no/chip.yaml", 2, "no/chip.yaml"},
      {"ChipUnknownPreset", "$NPUSIM run --chip egde", 2, "did you mean 'edge'"},
      {"ChipIsAFolder", kRunChip, 2, "chip.yaml",
       [](const TemporaryFolder& f) { std::filesystem::create_directory(f / "chip.yaml"); }},
      {"ChipEmpty", kRunChip, 2, "chip.yaml", file("chip.yaml", "")},
      {"ChipNotYaml", kRunChip, 2, "chip.yaml:2:1: not valid YAML",
       file("chip.yaml", "array: [1, 2\n")},
      {"ChipOfBytes", kRunChip, 2, "chip.yaml",
       file("chip.yaml", std::string("\x00\x01\xff\xfe\x7f", 5))},
      {"ChipUnknownKey", kRunChip, 2, "did you mean 'rows'", chipWith("  rows: 32", "  rosw: 32")},
      {"ChipRepeatedKey", kRunChip, 2, "rows", chipWith("  rows: 32", "  rows: 32\n  rows: 16")},
      {"ChipNegative", kRunChip, 2, "array.rows", chipWith("  rows: 32", "  rows: -1")},
      {"ChipHuge", kRunChip, 2, "array.rows",
       chipWith("  rows: 32", "  rows: 99999999999999999999")},
      {"ChipFraction", kRunChip, 2, "array.cols", chipWith("  cols: 32", "  cols: 3.5")},
      {"ChipText", kRunChip, 2, "array.cols", chipWith("  cols: 32", "  cols: many")},
      {"ChipDataflow", kRunChip, 2, "dataflow",
       chipWith("weight_stationary", "weights_everywhere")},
      {"ChipMemoryPreset", kRunChip, 2, "lpddr9", chipWith("lpddr4_3200", "lpddr9")},
      {"ChipEnergyTable", kRunChip, 2, "3nm", chipWith("energy: 7nm", "energy: 3nm")},
      {"ChipCores", "$NPUSIM run --set cores=4096", 2, "cores"},
      {"NetworkOfOneCore", "$NPUSIM run --set network.topology=mesh", 2,
       "network: is never read, since the chip has one core; set cores above 1 or leave it out"},
      {"SramWithoutItsFigures", "$NPUSIM run --set memory.kind=sram", 2,
       "npusim: --set memory.kind=sram: memory.kind: is sram, which takes no preset: give "
       "capacity_mib, bandwidth_gb_per_s, energy_pj_per_bit too"},
      {"FewerCoresThanColumns", "$NPUSIM run --chip tesla_d1 --set cores=16", 2,
       "network.columns: is 18, must be at most cores (16), for example --set network.columns=0"},
      {"TraceOfNoDram", "$NPUSIM run --chip tesla_d1 --values off --dram-trace t", 2,
       "--dram-trace: chip 'tesla_d1' has no DRAM; leave it out"},
      {"PowerLimitThatNoClockKeeps", "$NPUSIM run --values off --set power.limit_w=0.05", 3,
       "npusim: power.limit_w: idle power alone reaches the limit"},
      {"SetUnknownKey", "$NPUSIM run --set array.rwos=4", 2, "--set array.rwos=4"},
      {"SetZero", "$NPUSIM run --set array.rows=0", 2, "--set array.rows=0"},
      {"SetNotANumber", "$NPUSIM run --set clock_mhz=fast", 2, "--set clock_mhz=fast"},
      {"SetWithoutValue", "$NPUSIM run --set array.rows", 2, "must be NAME=VALUE"},
      {"ChipFormatWithoutARate", kRunChip, 2,
       "chip.yaml:2:10: array.macs_per_cycle: lacks bf16, which formats lists",
       file("chip.yaml", "base: edge\nformats: [fp32, bf16]\nname: mine\n")},
      {"ChipRateWithoutAStore", kRunChip, 2, "chip.yaml:2:29: local_store.weights.bytes: 4 bytes",
       file("chip.yaml", "base: edge\narray: {  macs_per_cycle:   {int8: 64}}\nname: mine\n")},
      {"ChipClockBelowTheThrottledOne", kRunChip + " --set clock_mhz=100", 2,
       "npusim: --set clock_mhz=100: power.throttled_clock_mhz: is 500",
       [](const TemporaryFolder& f) {
         writeText(f / "chip.yaml", "base: hot.yaml\n");
         writeText(f / "hot.yaml", "base: edge\npower: {limit_w: 1, throttled_clock_mhz: 500}\n");
       }},
      {"BufferTooSmall", "$NPUSIM run --set buffer.capacity_kib=1", 3, "buffer"},
      {"PrecisionNotOnChip", "$NPUSIM run --precision bf16", 3, "does not compute bf16"},
  };
}

std::vector<Broken> brokenNetworks() {
  return {
      {"NetworkMissing", kRunNet, 2, "net.onnx"},
      {"NetworkUnknownName", "$NPUSIM run --workload blazeface", 2, "blazeface_front"},
      {"NetworkEmpty", kRunNet, 2, "net.onnx", file("net.onnx", "")},
      {"NetworkOfText", kRunNet, 2, "net.onnx", file("net.onnx", "this is no model\n")},
      {"NetworkCutAtTenth", kRunNet, 2, "net.onnx", truncatedNetwork(0.1)},
      {"NetworkCutInTheMiddle", kRunNet, 2, "net.onnx", truncatedNetwork(0.5)},
      {"NetworkCutNearTheEnd", kRunNet, 2, "net.onnx", truncatedNetwork(0.97)},
      {"NetworkCutAtTheLastByte", kRunNet, 2, "net.onnx", truncatedNetwork(0.999999)},
      {"OperatorNotSupported", kRunNet, 3, "'strange' (NonMaxSuppression)",
       file("net.onnx", onnxWithOperator("NonMaxSuppression"))},
      {"DescriptionNotYaml", "$NPUSIM run --workload net.yaml", 2, "net.yaml:2:1: not valid YAML",
       file("net.yaml", "layers: [\n")},
      {"DescriptionUnknownLayer", "$NPUSIM run --workload net.yaml", 2, "net.yaml:5",
       file("net.yaml", "name: n\ninputs:\n  x: [1, 3, 8, 8]\nlayers:\n  - konv: {channels: 4}\n")},
      {"DescriptionWindowTooLarge", "$NPUSIM run --workload net.yaml", 2, "net.yaml:5",
       file("net.yaml",
            "name: n\ninputs:\n  x: [1, 3, 8, 8]\nlayers:\n"
            "  - conv: {channels: 4, kernel: 9}\n")},
      {"DescriptionEmpty", "$NPUSIM run --workload net.yaml", 2, "net.yaml: is empty, must hold",
       file("net.yaml", "")},
      {"DescriptionIsAFolder",
       "mkdir net.yaml; $NPUSIM run --workload net.yaml; code=$?; rmdir net.yaml; exit $code", 2,
       "net.yaml: cannot read this layer description"},
      {"DescriptionWithoutLayers", "$NPUSIM run --workload net.yaml", 2,
       "net.yaml:1:1: key 'layers' is missing; a layer description needs name, inputs and layers",
       file("net.yaml", "name: n\ninputs: {x: [1, 3]}\n")},
      {"DescriptionOfAScalar", "$NPUSIM run --workload net.yaml", 2,
       "net.yaml:2:13: inputs.x: has no dimensions",
       file("net.yaml", "name: n\ninputs: {x: []}\nlayers:\n  - relu\n")},
      {"OpenDimensions", kRunNet, 2,
       "open dimensions 'N' (axis 0 of input 'x'), 'H' (axis 1 of input 'x'): pass --dim N=1 --dim "
       "H=1 with the sizes you mean",
       file("net.onnx", onnxWithOperator("Relu", {"N", "H"}))},
      {"DimensionsThatContradict", kRunNet + " --dim N=2 --dim H=2 --batch 3", 2,
       "--batch 3: dimension 'N' of input 'x' is 2 already",
       file("net.onnx", onnxWithOperator("Relu", {"N", "H"}))},
      {"BatchOfANetworkOfFixedBatch", "$NPUSIM run --batch 8", 2,
       "along axis 1; the network was exported for a batch of 1 and cannot take --batch 8"},
      {"UnknownDimension", "$NPUSIM run --dim foo=3", 2, "foo"},
  };
}

std::vector<Broken> brokenData() {
  const std::string npyOfText = "\x93NUMPY but not really";
  return {
      {"InputMissing", "$NPUSIM run --input input:0=no.npy", 2, "no.npy"},
      {"InputNotNpy", "$NPUSIM run --input input:0=x.npy", 2, "x.npy", file("x.npy", npyOfText)},
      {"InputUnknownEnding", "$NPUSIM run --input input:0=x.txt", 2, ".npy or a .pb",
       file("x.txt", "1")},
      {"InputUnknown", "$NPUSIM run --input nonsense='" + kData + "/input_0.pb'", 2, "nonsense"},
      {"InputWrongShape", "$NPUSIM run --input input:0='" + kData + "/output_0.pb'", 2, "input"},
      {"DataMissing", "$NPUSIM run --data no/data", 2, "no/data"},
      {"DataWithoutInputs", "$NPUSIM run --data .", 2, "input_0.pb"},
      {"DataDamaged", "$NPUSIM run --data .", 2, "input_0.pb",
       file("input_0.pb", "\x08\x01garbage")},
      {"DataOutputsOfAnotherShape", "$NPUSIM run --data .", 2, "shape",
       [](const TemporaryFolder& f) {
         std::filesystem::copy(kData + "/input_0.pb", f / "input_0.pb");
         for (int i = 0; i < 4; ++i) {
           std::filesystem::copy(kData + "/output_0.pb",
                                 f / ("output_" + std::to_string(i) + ".pb"));
         }
       }},
      {"ValuesNotWithinTolerance", "$NPUSIM run --tolerance 0 --data '" + kData + "' > /dev/null",
       1, "the computed values failed their check"},
  };
}

std::vector<Broken> brokenPrograms() {
  return {
      {"ProgramMissing", "$NPUSIM exec p.npu", 2, "p.npu"},
      {"ProgramOfText", "$NPUSIM exec p.npu", 2, "p.npu", file("p.npu", "not a program")},
      {"ProgramCut", "$NPUSIM exec p.npu", 2, "p.npu",
       programFile([](const std::string& good) { return good.substr(0, good.size() / 2); })},
      {"ProgramAltered", "$NPUSIM exec p.npu", 2, "p.npu", programFile([](std::string good) {
         good[good.size() / 3] = static_cast<char>(good[good.size() / 3] ^ 0x20);
         return good;
       })},
      {"ProgramOfAnotherVersion", "$NPUSIM disasm p.npu", 2, "version",
       programFile([](std::string good) {
         good[8] = 99;
         return good;
       })},
      {"CompileWithoutFile", "$NPUSIM compile", 2, "needs -o FILE.npu"},
      {"ResultMissing", "$NPUSIM energy r.json --table 45nm", 2, "r.json"},
      {"ResultNotJson", "$NPUSIM energy r.json --table 45nm", 2, "r.json: is not JSON",
       file("r.json", "{\"npusim\": ")},
      {"ResultOfSomethingElse", "$NPUSIM energy r.json --table 45nm", 2, "is missing",
       file("r.json", "{\"npusim\": \"1\"}")},
      {"EnergyTableUnknown",
       "$NPUSIM gemm 2 2 2 --json r.json > /dev/null && rm -f keep && "
       "$NPUSIM energy r.json --table 46nm; code=$?; rm r.json; exit $code",
       2, "45nm"},
  };
}

std::vector<Broken> brokenCommands() {
  return {
      {"UnknownSubcommand", "$NPUSIM plot gemm", 2, "unknown subcommand 'plot'"},
      {"UnknownOption", "$NPUSIM run --chips edge", 2, "did you mean '--chip'"},
      {"OptionWithoutValue", "$NPUSIM run --chip", 2, "--chip"},
      {"FidelityModuleOfManyPes",
       "$NPUSIM run --fidelity module --set array.rows=64 --set array.cols=32", 3,
       "fidelity module simulates at most 1024 PEs, the array has 64 x 32 = 2048; set array.rows"},
      {"FidelityModuleOfCaches", "$NPUSIM run --fidelity module --set array.dataflow=cached", 3,
       "not supported: dataflow cached at module fidelity"},
      {"CompileTakesNoFidelity", "$NPUSIM compile -o x.npu --fidelity pe", 2,
       "unknown option '--fidelity'"},
      {"GemmWithoutK", "$NPUSIM gemm 4 4", 2, "K is missing"},
      {"GemmOfNothing", "$NPUSIM gemm 4 0 4", 2, "N: '0'"},
      {"GemmOfText", "$NPUSIM gemm 4 four 4", 2, "N: 'four'"},
      {"ConvWithoutKernel", "$NPUSIM conv --input 1,3,8,8", 2, "needs --kernel"},
      {"ConvWindowTooLarge", "$NPUSIM conv --input 1,3,8,8 --kernel 4,9,9", 2, "conv"},
      {"ConvGroups", "$NPUSIM conv --input 1,3,8,8 --kernel 4,3,3 --groups 2", 2, "--groups 2"},
      {"ConvShapeWithoutCommas", "$NPUSIM conv --input 1x3x8x8 --kernel 4,3,3", 2,
       "--input 1x3x8x8: must be whole numbers between commas"},
      {"DramWithoutTrace", "$NPUSIM dram --memory ddr4_2400", 2, "--trace"},
      {"DramTraceIsNotThere", "$NPUSIM dram --memory ddr4_2400 --trace none.txt", 2, "none.txt"},
      {"DramUnknownMemory", "$NPUSIM dram --memory ddr4 --trace none.txt", 2, "ddr4"},
      {"NoTable", "$NPUSIM energy r.json", 2, "energy needs --table FILE|NAME"},
      {"TraceCyclesOutside", "$NPUSIM trace gemm 2 2 2 --cycles 0:999 --json t.json", 2,
       "--cycles 0:999: the instruction takes"},
      {"StudyUnknown", "$NPUSIM study dataflow", 2, "did you mean 'dataflows'"},
      {"CacheThatNobodyReads", "$NPUSIM run --set array.cache.bytes=4096", 2,
       "array.cache: is never read, since only the dataflow cached"},
      {"ValidateUnknown", "$NPUSIM validate eyeris", 2, "did you mean 'eyeriss'"},
      {"NoConformanceTests", "$NPUSIM conformance .", 2, ".: holds no ONNX backend test"},
      {"WhereOfNothing", "$NPUSIM where none.onnx", 2, "none.onnx"},
      {"QuantizeToNowhere", "$NPUSIM quantize", 2, "needs -o FILE.onnx"},
      {"ListOfNothing", "$NPUSIM list chip", 2, "did you mean 'chips'"},
      {"ReferenceUnknown", "$NPUSIM gemm 2 2 2 --reference cpu_a16", 2, "cpu_a15"},
  };
}

/// Options that change nothing, or contradict each other.
std::vector<Broken> uselessOptions() {
  const std::string given = " --data '" + kData + "'";
  return {
      {"CalibrateOfFloats", "$NPUSIM run --calibrate '" + kData + "'", 2,
       "--calibrate sets the ranges of int8 and int16, this run computes fp32"},
      {"CompileCalibrateOfFloats", "$NPUSIM compile -o p.npu --calibrate '" + kData + "'", 2,
       "--calibrate sets the ranges of int8 and int16, this run computes fp32"},
      {"CalibrateWithoutValues",
       "$NPUSIM run --precision int8 --values off --calibrate '" + kData + "'", 2,
       "--calibrate needs values; leave out --values off"},
      {"ToleranceWithoutValues", "$NPUSIM run --values off --tolerance 1", 2,
       "--tolerance needs values; leave out --values off"},
      {"ToleranceOfInt8", "$NPUSIM gemm 8 8 8 --precision int8 --tolerance 1", 2,
       "--tolerance is for float formats, int8 is checked bit for bit"},
      {"SeedWithoutValues", "$NPUSIM conv --input 1,3,8,8 --kernel 4,3,3 --values off --seed 2", 2,
       "--seed needs values"},
      {"SeedOfGivenInputs", "$NPUSIM run --seed 2" + given, 2, "--seed 2: nothing is made from it"},
      {"CompileSeedOfFloats", "$NPUSIM compile -o p.npu --seed 2", 2,
       "--seed 2: nothing is made from it"},
      {"InputsWithoutValues", "$NPUSIM run --values off" + given, 2,
       "--input and --data change nothing"},
      {"CompileInputsOfFloats", "$NPUSIM compile -o p.npu" + given, 2,
       "--input and --data change nothing"},
      {"BatchOfGivenInputs", "$NPUSIM run --batch 2" + given, 2,
       "--batch 2: contradicts the data given for input 'input:0', which has 1 there"},
      {"ExecToleranceNoData", "$NPUSIM exec p.npu --tolerance 1", 2, "--tolerance needs --data"},
      {"ExecInputsWithoutValues", "$NPUSIM exec p.npu --values off" + given, 2,
       "--data needs values; leave out --values off"},
      {"ReferenceTwice", "$NPUSIM run --reference host --reference host", 2,
       "--reference host: is given twice"},
      {"ReferenceAndNone", "$NPUSIM run --reference none --reference host", 2,
       "--reference none: excludes the others"},
      {"MemoryTwice", "$NPUSIM run --memory modelled --set ideal_memory=true", 2,
       "--set ideal_memory=true: --memory says the same or else; keep one"},
      {"DimensionTwice", "$NPUSIM run --dim n=1 --dim n=2", 2, "--dim n: is given twice"},
      {"JsonAndCsvInOneFile", "$NPUSIM run --json r --csv ./r", 2,
       "./r: is given for --json and for --csv; give each a file of its own"},
      {"JsonAndOutputsInOnePlace", "$NPUSIM run --json r --outputs r", 2,
       "r: is given for --outputs and for --json"},
      {"JsonOverTheChip", kRunChip + " --json chip.yaml", 2,
       "chip.yaml: is given for --chip and for --json", file("chip.yaml", "base: edge\n")},
      {"ProgramOverTheNetwork", "$NPUSIM compile --workload net.onnx -o net.onnx", 2,
       "net.onnx: is given for --workload and for -o", truncatedNetwork(1)},
      {"JsonOverTheProgram", "$NPUSIM exec p.npu --json p.npu", 2,
       "p.npu: is given for FILE.npu and for --json", file("p.npu", "")},
  };
}

std::vector<Broken> brokenOutputs() {
  return {
      {"JsonIntoNoFolder", "$NPUSIM run --json no/r.json", 2, "no/r.json: there is no folder no"},
      {"JsonIsAFolder",
       "mkdir r.json; $NPUSIM run --json r.json; code=$?; rmdir r.json; exit $code", 2,
       "r.json: is a folder"},
      {"JsonOntoAFullDisk", "$NPUSIM gemm 2 2 2 --json /dev/full > /dev/null", 2, "/dev/full"},
      {"CsvOntoAFullDisk", "$NPUSIM gemm 2 2 2 --csv /dev/full > /dev/null", 2, "/dev/full"},
      {"TableOntoAFullDisk", "$NPUSIM gemm 2 2 2 > /dev/full", 2, "standard output"},
      {"HelpOntoAFullDisk", "$NPUSIM run --help > /dev/full", 2, "standard output"},
      {"ProgramOntoAFullDisk", "$NPUSIM compile -o /dev/full", 2, "/dev/full"},
      {"ProgramIntoNoFolder", "$NPUSIM compile -o no/p.npu", 2, "no/p.npu"},
      {"OutputsIntoAFile",
       "$NPUSIM gemm 2 2 2 --outputs taken > /dev/null; code=$?; rm taken; "
       "exit $code",
       2, "taken", file("taken", "")},
      {"OutputsNeedValues", "$NPUSIM run --values off --outputs out", 2, "--outputs needs values"},
      {"FileSizeLimit", "trap '' XFSZ; ulimit -f 1; $NPUSIM run --json r.json > /dev/null", 2,
       "r.json"},
  };
}

std::vector<Broken> everything() {
  std::vector<Broken> all;
  for (const auto& group : {brokenChips(), brokenNetworks(), brokenData(), brokenPrograms(),
                            brokenCommands(), uselessOptions(), brokenOutputs()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

class BrokenInput : public testing::TestWithParam<Broken> {};

TEST_P(BrokenInput, EndsInOneLineAndTheRightCode) {
  const Broken& broken = GetParam();
  const TemporaryFolder folder;
  broken.prepare(folder);
  const std::vector<std::string> before = folder.contents();
  const Finished finished = shell("cd '" + folder.path() + "'\n" + broken.command);

  EXPECT_EQ(finished.exitCode, broken.exitCode) << finished.err;
  EXPECT_THAT(finished.err, HasSubstr(broken.message));
  EXPECT_TRUE(finished.err.starts_with("npusim: ")) << finished.err;
  EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
  EXPECT_EQ(finished.out, "");
  for (const std::string& left : folder.contents()) {
    EXPECT_THAT(before, testing::Contains(left)) << "left behind";
  }
}

INSTANTIATE_TEST_SUITE_P(Each, BrokenInput, testing::ValuesIn(everything()),
                         [](const auto& param) { return param.param.name; });

TEST(BrokenInputs, CoverEverySubcommand) {
  const std::vector<Broken> all = everything();
  for (const Subcommand& subcommand : subcommands()) {
    const std::string call = std::string("$NPUSIM ") + subcommand.name;
    EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const Broken& broken) {
      return broken.command.find(call) != std::string::npos;
    })) << subcommand.name;
  }
}

}  // namespace
}  // namespace npusim::tools
