#include <gmock/gmock.h>

#include <functional>

#include "sim/core/error.h"
#include "sim/isa/program_io.h"
#include "tests/sim/isa/example_program.h"

namespace npusim::isa {
namespace {

Instruction& at(Program& program, Engine engine, std::size_t number) {
  return program.queue(engine).at(number);
}
Transfer& weights(Program& p) { return std::get<Transfer>(at(p, Engine::LoadWeights, 0).body); }
Transfer& rows(Program& p) { return std::get<Transfer>(at(p, Engine::LoadInputs, 1).body); }
Transfer& gathered(Program& p) { return std::get<Transfer>(at(p, Engine::LoadInputs, 3).body); }
Matrix& convolution(Program& p) { return std::get<Matrix>(at(p, Engine::Matrix, 4).body); }
Matrix& head(Program& p) { return std::get<Matrix>(at(p, Engine::Matrix, 8).body); }
VectorPass& relu(Program& p) { return std::get<VectorPass>(at(p, Engine::Vector, 1).body); }
VectorPass& maximum(Program& p) { return std::get<VectorPass>(at(p, Engine::Vector, 3).body); }
Transfer& stored(Program& p) { return std::get<Transfer>(at(p, Engine::Store, 1).body); }

/// One change of the valid example, and a part of the message that it must cause.
struct Change {
  std::function<void(Program&)> apply;
  std::string message;
};

void expectRefusals(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    Program program = exampleProgram();
    change.apply(program);
    EXPECT_THAT(refusal(program), testing::HasSubstr(change.message));
  }
}

TEST(Verify, AcceptsTheExample) { EXPECT_EQ(refusal(exampleProgram()), ""); }

TEST(Verify, NamesEngineInstructionLayerAndRule) {
  Program program = exampleProgram();
  convolution(program).c.address.base = 4;
  EXPECT_EQ(refusal(program),
            "program: matrix queue, instruction 4 (layer 'conv1'): c: touches bytes 4..4099 of "
            "storage 'sums', which has bytes 0..4095");
}

TEST(Verify, Header) {
  expectRefusals({
      {[](Program& p) { p.batch = 0; }, "batch is 0"},
      {[](Program& p) { p.storages[1].name = "buffer"; }, "two storages are named 'buffer'"},
      {[](Program& p) { p.storages[1].capacityBytes = 0; }, "'sums' holds 0 bytes"},
      {[](Program& p) { p.storages[1].name = ""; }, "storage 1 has no name"},
      {[](Program& p) { p.semaphores[2].initial = -1; }, "'slot_free' starts with -1 tokens"},
      {[](Program& p) { p.layers[0].macs = -1; }, "layer 'conv1' has -1 MACs"},
      {[](Program& p) { p.compulsoryDramBytes = -1; }, "compulsory DRAM bytes are negative"},
      {[](Program& p) { p.constants[0].storage = 3; }, "there is no storage 3"},
      {[](Program& p) { p.constants[0].address = (1 << 20) - 1215; },
       "constant 'conv1.weight': 1216 bytes from 1047361 do not fit in storage 'dram'"},
      {[](Program& p) { p.constants[0].address = 131072 + 8000; }, "'table' and 'conv1.weight' ov"},
      {[](Program& p) { p.constants[0].size = 0; }, "has 0 bytes; it needs at least 1"},
      {[](Program& p) { p.constants[0].size = 1215; }, "1216 bytes of data for a size of 1215"},
      {[](Program& p) { p.constants[0].bytes = nullptr; }, "its bytes are missing"},
      {[](Program& p) { p.inputs[0].address = 1 << 20; }, "input 'image': 1920 bytes"},
      {[](Program& p) { p.inputs[0].strideBytes[3] = -70000; }, "do not fit in storage 'dram'"},
      {[](Program& p) { p.inputs[0].strideBytes.pop_back(); }, "3 strides for 4 dimensions"},
      {[](Program& p) { p.inputs[0].shape[1] = -1; }, "dimension 1 has -1 positions"},
      {[](Program& p) { p.inputs[1].name = "image"; }, "two inputs are named 'image'"},
      {[](Program& p) { p.outputs[0].quantized = true; }, "quantized but holds fp16"},
      {[](Program& p) { p.outputs[1].quantized = false; }, "has a scale but is not quantized"},
      {[](Program& p) { p.outputs[1].scaling.zeroPoint = 256; }, "256 is not a value of uint8"},
  });
  Program withoutValues = exampleProgram();
  withoutValues.values = false;
  for (ConstantBlock& block : withoutValues.constants) block.bytes = nullptr;
  EXPECT_EQ(refusal(withoutValues), "");
}

TEST(Verify, LoopsAndLayers) {
  const auto insert = [](Engine engine, std::size_t number, const Instruction& made) {
    return [=](Program& p) {
      auto& queue = p.queue(engine);
      queue.insert(queue.begin() + static_cast<std::ptrdiff_t>(number), made);
    };
  };
  expectRefusals({
      {[](Program& p) { p.queue(Engine::Store).pop_back(); },
       "store queue ends inside 1 open loop"},
      {insert(Engine::Store, 0, {EndLoop{}, 0, {}, {}}), "an end without an open loop"},
      {insert(Engine::Store, 1, {EndLoop{}, 0, {}, {}}), "the loop that ends here is empty"},
      {[](Program& p) { at(p, Engine::Store, 0).body = Loop{0}; }, "runs 0 times"},
      {[](Program& p) { at(p, Engine::Store, 0).body = Loop{std::int64_t{1} << 60}; },
       "2^48 times"},
      {[](Program& p) { at(p, Engine::Store, 0).waits = {6}; }, "use a sync"},
      {[](Program& p) { at(p, Engine::Matrix, 6).signals.clear(); }, "sync neither waits nor sig"},
      {[](Program& p) {
         p.queue(Engine::Store).insert(p.queue(Engine::Store).begin(), 8, {Loop{1}, 0, {}, {}});
       },
       "loops nest deeper than 8"},
      {[](Program& p) { at(p, Engine::Store, 1).layer = 2; }, "there is no layer 2"},
      {[](Program& p) { at(p, Engine::Store, 1).layer = -1; }, "there is no layer -1"},
      {[](Program& p) { at(p, Engine::Store, 0).layer = 1; }, "earlier layer than its predecessor"},
      {[](Program& p) { std::swap(p.queue(Engine::Matrix)[8], p.queue(Engine::Vector)[3]); },
       "a vector pass does not run on this engine"},
      {[](Program& p) { p.queue(Engine::Matrix).push_back(at(p, Engine::LoadInputs, 3)); },
       "a transfer does not run on this engine"},
      {[](Program& p) { p.queue(Engine::Vector).push_back(at(p, Engine::Matrix, 8)); },
       "a matrix product does not run on this engine"},
  });
}

TEST(Verify, Semaphores) {
  expectRefusals({
      {[](Program& p) {
         p.semaphores.push_back({"spare", 0});
       },
       "'spare' is never used"},
      {[](Program& p) { at(p, Engine::Vector, 3).waits.clear(); },
       "'head ready' is signalled by matrix, but nothing waits for it"},
      {[](Program& p) { at(p, Engine::Matrix, 8).signals.clear(); },
       "'head ready' is waited for by vector, but nothing signals it"},
      {[](Program& p) { at(p, Engine::LoadInputs, 3).signals.push_back(0); },
       "'weights_loaded' is signalled by load_weights and load_inputs; only one"},
      {[](Program& p) { at(p, Engine::Vector, 3).waits.push_back(7); },
       "'gathered' is waited for by matrix and vector; only one"},
      {[](Program& p) { at(p, Engine::Matrix, 8).waits.push_back(1); },
       "'inputs_loaded' gets 4 tokens from load_inputs, but matrix waits for 5"},
      {[](Program& p) { at(p, Engine::Matrix, 4).signals.push_back(3); },
       "'sums_ready' gets 12 tokens from matrix, but vector waits for 4"},
      {[](Program& p) { at(p, Engine::Matrix, 8).waits.push_back(9); },
       "waits for semaphore 9; the program has 9"},
      {[](Program& p) { at(p, Engine::Matrix, 8).signals.push_back(8); },
       "signals semaphore 'head ready' twice"},
  });
}

/// Calls visit(program, list) for a fresh program and each list of waits or signals in it.
void forEachTokenList(const std::function<void(Program&, std::vector<SemaphoreId>&)>& visit) {
  const Program original = exampleProgram();
  for (std::size_t q = 0; q < original.queues.size(); ++q) {
    for (std::size_t i = 0; i < original.queues.at(q).size(); ++i) {
      for (const bool waits : {true, false}) {
        Program program = original;
        Instruction& instruction = program.queues.at(q)[i];
        visit(program, waits ? instruction.waits : instruction.signals);
      }
    }
  }
}

TEST(Verify, RefusesEveryChangeOfATokenList) {
  int changes = 0;
  forEachTokenList([&](Program& program, std::vector<SemaphoreId>& list) {
    const std::vector<SemaphoreId> before = list;
    for (SemaphoreId id = 0; id < static_cast<SemaphoreId>(program.semaphores.size()); ++id) {
      list.push_back(id);
      EXPECT_NE(refusal(program), "") << "added " << id;
      list = before;
      for (SemaphoreId& entry : list) {
        if (entry == id) continue;
        const SemaphoreId kept = entry;
        entry = id;
        EXPECT_NE(refusal(program), "") << kept << " replaced by " << id;
        entry = kept;
        ++changes;
      }
    }
    if (list.empty()) return;
    list.pop_back();
    EXPECT_NE(refusal(program), "") << "removed " << before.back();
  });
  EXPECT_EQ(changes, 18 * 8);
}

TEST(Verify, RefusesEveryOtherLoopCount) {
  for (const Engine engine : {Engine::LoadInputs, Engine::Matrix, Engine::Vector, Engine::Store}) {
    for (const std::int64_t change : {-1, 1}) {
      Program program = exampleProgram();
      for (Instruction& instruction : program.queue(engine)) {
        Loop* loop = std::get_if<Loop>(&instruction.body);
        if (loop == nullptr || loop->count != 4) continue;
        loop->count += change;
        EXPECT_NE(refusal(program), "") << name(engine) << " loop " << change;
      }
    }
  }
}

TEST(Verify, LoopTerms) {
  expectRefusals({
      {[](Program& p) { rows(p).source.address.terms[0].depth = 1; },
       "source: a term uses loop i1, but 1 loops are open here"},
      {[](Program& p) { rows(p).source.address.terms[0].depth = -2; }, "uses loop i-2"},
      {[](Program& p) { rows(p).source.address.terms[0].stride = 0; },
       "source: the stride over loop i0 is 0: leave the term out"},
      {[](Program& p) { rows(p).target.address.terms[0].modulo = 4; },
       "target: p0 % 4 has no use in 4 passes"},
      {[](Program& p) { rows(p).target.address.terms[0].modulo = 1; }, "target: p0 % 1 has no use"},
      {[](Program& p) { rows(p).target.address.terms[0].modulo = -2; }, "p0 % -2 has no use"},
      {[](Program& p) {
         std::swap(convolution(p).a.address.terms[0], convolution(p).a.address.terms[1]);
       },
       "a: the term of loop i0 follows that of i1"},
      {[](Program& p) { convolution(p).a.address.terms[1].depth = 0; },
       "a: the term of loop i0 follows that of i0"},
      {[](Program& p) { at(p, Engine::Matrix, 3).body = Loop{1}; },
       "a: a term uses loop i1, which has one iteration"},
      {[](Program& p) { rows(p).source.address.terms[0].stride = std::int64_t{1} << 60; },
       "the term of loop i0 moves beyond 2^48"},
  });
}

TEST(Verify, Extents) {
  expectRefusals({
      {[](Program& p) { rows(p).dims[0].size = 0; }, "dimension 0: the extent is 0"},
      {[](Program& p) { rows(p).run.size = -64; }, "run: the extent is -64"},
      {[](Program& p) { rows(p).dims[0].limit = 10; }, "a limit (10) without a loop term"},
      {[](Program& p) { convolution(p).m[1].limit = 32; }, "m1: the limit 32 never shortens 8"},
      {[](Program& p) { convolution(p).m[1].limit = 7; }, "m1: the limit leaves at most 7 of 8"},
      {[](Program& p) { convolution(p).m[1].size = 31; }, "m1: the limit leaves at most 30 of 31"},
      {[](Program& p) { convolution(p).m[1].size = 9; }, "c: touches bytes 0..4607"},
      {[](Program& p) { convolution(p).m[1].terms[0].stride = 4; }, "never shortens"},
      {[](Program& p) { convolution(p).n.size = std::int64_t{1} << 50; }, "is beyond 2^48"},
  });
}

TEST(Verify, StridesAndAddresses) {
  expectRefusals({
      {[](Program& p) { head(p).a.strides[0] = 16; },
       "a: dimension 0 has one position, so its stride must be 0, not 16"},
      {[](Program& p) { head(p).a.bounds[0].strides[0] = 1; },
       "a: bound: dimension 0 has one position"},
      {[](Program& p) { head(p).a.strides.pop_back(); }, "a: 6 strides for 7 dimensions"},
      {[](Program& p) { head(p).a.bounds[0].strides.push_back(0); },
       "a: bound has 8 strides for 7"},
      {[](Program& p) { head(p).a.storage = 3; }, "a: there is no storage 3; the program has 3"},
      {[](Program& p) { head(p).a.storage = 2; }, "a: 'dram' is not on the chip"},
      {[](Program& p) { relu(p).out.access.storage = 2; }, "out: 'dram' is not on the chip"},
      {[](Program& p) { weights(p).target.address.base = -1; }, "target: touches bytes -1..1214"},
      {[](Program& p) { weights(p).target.address.base = 6977; }, "touches bytes 6977..8192"},
      {[](Program& p) { weights(p).run.size = 8193; }, "target: touches bytes 0..8192"},
      {[](Program& p) { rows(p).target.address.terms[0].stride = 6400; }, "target: touches bytes"},
      {[](Program& p) { relu(p).operands[0].access.strides[0] = 513; }, "operand x0: touches"},
      {[](Program& p) { stored(p).target.address.terms[0].stride = 1 << 19; }, "target: touches"},
      {[](Program& p) { stored(p).target.strides[0] = std::int64_t{1} << 47; },
       "target: dimension 0 reaches beyond 2^48"},
  });
}

TEST(Verify, Bounds) {
  expectRefusals({
      {[](Program& p) { rows(p).source.bounds[0].limit = 0; },
       "source: bound: its limit is 0; it must be at least 1"},
      {[](Program& p) { rows(p).source.bounds[0].origin.base = 30; }, "never lie in 0..29"},
      {[](Program& p) {
         rows(p).source.address.base = 0;
         rows(p).source.bounds[0] = {{0, {{0, 8, 0}}}, {1}, 34};
       },
       "source: bound: coordinates 0..33 always lie in 0..33: leave the bound out"},
      {[](Program& p) { rows(p).source.bounds[0].origin.base = 0; }, "source: touches bytes -64"},
      {[](Program& p) { convolution(p).b.bounds = convolution(p).a.bounds; },
       "b: may not be bounded"},
      {[](Program& p) { convolution(p).c.bounds = convolution(p).a.bounds; },
       "c: may not be bounded"},
  });
}

TEST(Verify, TransferFields) {
  expectRefusals({
      {[](Program& p) { rows(p).target.type = DataType::Int8; }, "a transfer converts nothing"},
      {[](Program& p) { rows(p).fillBytes = 3; }, "fill: the pattern is 3 bytes wide"},
      {[](Program& p) { rows(p).fill = 65536; }, "pattern 65536 does not fit in 2 bytes"},
      {[](Program& p) { rows(p).fill.reset(); }, "fill: a width of 2 without a pattern"},
      {[](Program& p) { stored(p).fill = 0; }, "fill: the source has no bounds"},
      {[](Program& p) { gathered(p).gather.reset(); }, "but no indices are given"},
      {[](Program& p) { gathered(p).gatherDim = 1; }, "dimension 1 must be one of the 1"},
      {[](Program& p) { gathered(p).gatherDim = -1; }, "dimension -1 must be one of the 1"},
      {[](Program& p) { gathered(p).gather->type = DataType::Int16; }, "indices are int16"},
      {[](Program& p) { gathered(p).gather->address.base = 1 << 20; }, "gather: touches bytes"},
      {[](Program& p) { gathered(p).source.strides[0] = 0; }, "must not be 0"},
      {[](Program& p) { gathered(p).source.address.base = 1 << 20; }, "source: touches bytes"},
      {[](Program& p) { gathered(p).source.bounds.clear(); }, "source: no bound over the gathered"},
      {[](Program& p) { gathered(p).source.bounds[0].strides[0] = 2; }, "dimension 0 alone says"},
      {[](Program& p) { gathered(p).source.bounds[0].origin.base = 1; }, "dimension 0 alone says"},
  });
}

TEST(Verify, GuardedGatherStaysInsideItsStorage) {
  Program program = exampleProgram();
  EXPECT_EQ(refusal(program), "");
  gathered(program).source.bounds[0].limit = 1 << 20;
  EXPECT_THAT(refusal(program), testing::HasSubstr("source: touches bytes 131072.."));
}

TEST(Verify, MatrixFields) {
  expectRefusals({
      {[](Program& p) { convolution(p).b.type = DataType::BFloat16; }, "a is fp16 and b is bf16"},
      {[](Program& p) { head(p).b.type = DataType::Int16; }, "a is int8 and b is int16"},
      {[](Program& p) { head(p).a.type = DataType::UInt16; }, "a is uint16 and b is uint8"},
      {[](Program& p) { head(p).c.type = DataType::Float32; }, "c is fp32; sums of int8"},
      {[](Program& p) { convolution(p).c.type = DataType::Int32; }, "c is int32; sums of fp16"},
      {[](Program& p) { convolution(p).bias->type = DataType::Int32; }, "bias is int32; sums"},
      {[](Program& p) { head(p).padding = 128; }, "128 is not a zero point of int8 (-128..127)"},
      {[](Program& p) { convolution(p).padding = 1; }, "1 is not a zero point of fp16 (0..0)"},
      {[](Program& p) { head(p).a.bounds.clear(); }, "padding -3 is never read"},
      {[](Program& p) { convolution(p).a.strides[3] = 2; }, "a: has no dimension n"},
      {[](Program& p) { convolution(p).b.strides[1] = 2; }, "b: has no dimension m1"},
      {[](Program& p) { head(p).c.strides[6] = 4; }, "c: has no dimension k2"},
      {[](Program& p) { convolution(p).bias->strides[6] = 4; }, "bias: has no dimension k2"},
      {[](Program& p) { convolution(p).accumulateOver = {2}; }, "accumulates over loop i2, but 2"},
      {[](Program& p) {
         convolution(p).accumulateOver = {1, 0};
       },
       "over loop i0 after i1"},
      {[](Program& p) { head(p).zeroA = head(p).b; }, "zero_a is uint8 for an operand of int8"},
      {[](Program& p) { convolution(p).zeroB = convolution(p).b; },
       "zero_b is fp16 for an operand"},
      {[](Program& p) { head(p).zeroA = head(p).a; }, "padding -3 is never read, because zero_a"},
      {[](Program& p) {
         head(p).zeroB = head(p).b;
         head(p).zeroB->strides[6] = 1;
       },
       "zero_b: has no dimension k2"},
      {[](Program& p) { head(p).usefulNumerator = 5; }, "useful work 5 / 4 must lie in (0, 1]"},
      {[](Program& p) { head(p).usefulNumerator = 0; }, "useful work 0 / 4"},
  });
}

TEST(Verify, OperandsAreReadOnlyInsideTheBoundsOfTheFirst) {
  Program program = exampleProgram();
  VectorPass& pass = maximum(program);
  pass.operands[1].access.address.base = 8192 - 4;
  EXPECT_THAT(refusal(program), testing::HasSubstr("operand x1: touches bytes 8188..8195"));
  pass.operands[0].access.bounds = {{{}, {0, 1}, 1}};
  EXPECT_EQ(refusal(program), "");
  pass.operands[1].access.bounds = pass.operands[0].access.bounds;
  EXPECT_EQ(refusal(program), "");
}

TEST(Verify, VectorFields) {
  expectRefusals({
      {[](Program& p) { maximum(p).operands.clear(); }, "has no operand x0"},
      {[](Program& p) { maximum(p).reduceDims = 3; }, "reduces 3 of 2 dimensions"},
      {[](Program& p) { maximum(p).reduceDims = -1; }, "reduces -1 of 2 dimensions"},
      {[](Program& p) { maximum(p).reduce = ReduceOp::Mean; }, "has no mean"},
      {[](Program& p) { relu(p).reduce = ReduceOp::Max; }, "reduces no dimension"},
      {[](Program& p) { maximum(p).pre[0].operand = 2; }, "sub uses operand x2, but there are 2"},
      {[](Program& p) { maximum(p).pre[0].operand = -2; }, "sub uses operand x-2"},
      {[](Program& p) { maximum(p).pre[0].operand = 0; }, "operand x1 is used by no step"},
      {[](Program& p) { maximum(p).pre[0].alpha = 1; }, "sub does not use alpha"},
      {[](Program& p) { maximum(p).pre[0].beta = 1; }, "sub does not use beta"},
      {[](Program& p) { maximum(p).pre[1].operand = 1; }, "clip takes no operand, but has x1"},
      {[](Program& p) { maximum(p).pre[1].reversed = true; }, "clip takes no operand, so it can"},
      {[](Program& p) { relu(p).pre[0].alpha = std::numeric_limits<float>::quiet_NaN(); }, "NaN"},
      {[](Program& p) { maximum(p).post[0] = {.op = ElementOp::Sub, .operand = 1}; },
       "operand x1 after the reduction: dimension 1 is reduced"},
      {[](Program& p) { maximum(p).out.access.strides[1] = 1; }, "out: dimension 1 is reduced"},
      {[](Program& p) { maximum(p).operands[0].scaling.scale = 0; }, "scale 0 must be positive"},
      {[](Program& p) { maximum(p).operands[1].scaling.scale = 2; }, "fp32 values have no scale"},
      {[](Program& p) { maximum(p).out.scaling.zeroPoint = -1; }, "-1 is not a value of uint8"},
      {[](Program& p) {
         maximum(p).operands[1].access.bounds = {{{-1, {}}, {1, 0}, 4}};
       },
       "operand x1: has a bound that x0 does not have"},
      {[](Program& p) { relu(p).operands[0].access.type = DataType::BFloat16; },
       "behind the array"},
  });
}

TEST(Verify, StreamsAndPasses) {
  expectRefusals({
      {[](Program& p) { stored(p).coded = true; }, "coded: only streams are"},
      {[](Program& p) { gathered(p).streamed = true; }, "a stream is neither gathered nor filled"},
      {[](Program& p) {
         p.storages[0].onChip = p.storages[1].onChip = p.storages[2].onChip = true;
         stored(p).streamed = true;
       },
       "streamed: neither side lies in a memory"},
      {[](Program& p) {
         stored(p).source.type = stored(p).target.type = DataType::Int8;
         stored(p).streamed = stored(p).coded = true;
       },
       "coded: values are int8; the code takes those of 16 bits"},
      {[](Program& p) {
         head(p).pass = {1, 1, 0, 1, 1};
       },
       "pass 1 1 0 1 1: e, p, q, r and t are"},
  });
}

}  // namespace
}  // namespace npusim::isa
