#include "workloads/description/layer.h"

#include "workloads/description/kinds.h"

namespace npusim {
namespace {

constexpr int kAny = LayerKind::kAnyInputs;

constexpr LayerKind kKinds[] = {
    {"conv", "Conv", 1, buildConvolution},
    {"depthwise", "Conv", 1, buildDepthwise},
    {"transposed_conv", "ConvTranspose", 1, buildTransposedConvolution},
    {"gemm", "Gemm", 1, buildGemm},
    {"matmul", "MatMul", 2, buildMatMul},
    {"embedding", "Gather", 1, buildEmbedding},
    {"positions", "Slice", 1, buildPositions},
    {"parameter", "Expand", 1, buildParameter},
    {"attention", "Attention", kAny, buildAttention},
    {"rnn", "RNN", 1, buildRecurrent},
    {"lstm", "LSTM", 1, buildRecurrent},
    {"gru", "GRU", 1, buildRecurrent},
    {"batch_norm", "BatchNormalization", 1, buildBatchNorm},
    {"layer_norm", "LayerNormalization", 1, buildLayerNorm},
    {"rms_norm", "RMSNormalization", 1, buildLayerNorm},
    {"group_norm", "GroupNormalization", 1, buildGroupNorm},
    {"max_pool", "MaxPool", 1, buildPool},
    {"average_pool", "AveragePool", 1, buildPool},
    {"global_max_pool", "GlobalMaxPool", 1, buildGlobalPool},
    {"global_average_pool", "GlobalAveragePool", 1, buildGlobalPool},
    {"lrn", "LRN", 1, buildLocalResponseNorm},
    {"upsample", "Resize", 1, buildUpsample},
    {"mean", "ReduceMean", 1, buildReduceMean},
    {"softmax", "Softmax", 1, buildSoftmax},
    {"concat", "Concat", kAny, buildConcat},
    {"flatten", "Flatten", 1, buildFlatten},
    {"reshape", "Reshape", 1, buildReshape},
    {"transpose", "Transpose", 1, buildTranspose},
    {"slice", "Slice", 1, buildSlice},
    {"relu", "Relu", 1, buildUnary, {.op = ElementOp::Relu}, true},
    {"relu6", "Clip", 1, buildUnary, {.op = ElementOp::Clip, .alpha = 0, .beta = 6}, true},
    {"clip", "Clip", 1, buildClip, {.op = ElementOp::Clip}},
    {"leaky_relu", "LeakyRelu", 1, buildUnary, {.op = ElementOp::LeakyRelu, .alpha = 0.01f}, true},
    {"sigmoid", "Sigmoid", 1, buildUnary, {.op = ElementOp::Sigmoid}, true},
    {"hard_sigmoid",
     "HardSigmoid",
     1,
     buildUnary,
     {.op = ElementOp::HardSigmoid, .alpha = 0.2f, .beta = 0.5f},
     true},
    {"hard_swish", "HardSwish", 1, buildUnary, {.op = ElementOp::HardSwish}, true},
    {"tanh", "Tanh", 1, buildUnary, {.op = ElementOp::Tanh}, true},
    {"exp", "Exp", 1, buildUnary, {.op = ElementOp::Exp}, true},
    {"sqrt", "Sqrt", 1, buildUnary, {.op = ElementOp::Sqrt}, true},
    {"gelu", "Gelu", 1, buildUnary, {.op = ElementOp::Gelu}, true},
    {"gelu_tanh", "Gelu", 1, buildUnary, {.op = ElementOp::GeluTanh}, true},
    {"quick_gelu", "QuickGelu", 1, buildUnary, {.op = ElementOp::Swish, .alpha = 1.702F}, true},
    {"silu", "Silu", 1, buildUnary, {.op = ElementOp::Swish, .alpha = 1}, true},
    {"add", "Add", 2, buildBinary, {.op = ElementOp::Add}},
    {"sub", "Sub", 2, buildBinary, {.op = ElementOp::Sub}},
    {"mul", "Mul", 2, buildBinary, {.op = ElementOp::Mul}},
    {"div", "Div", 2, buildBinary, {.op = ElementOp::Div}},
    {"max", "Max", 2, buildBinary, {.op = ElementOp::Max}},
    {"min", "Min", 2, buildBinary, {.op = ElementOp::Min}},
};

}  // namespace

std::span<const LayerKind> layerKinds() { return kKinds; }

const LayerKind* findLayerKind(std::string_view name) {
  for (const LayerKind& kind : kKinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

}  // namespace npusim
