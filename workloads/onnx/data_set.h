#pragma once

#include <string>
#include <vector>

#include "sim/core/tensor.h"

namespace npusim {

/// Reads a TensorProto file (.pb). Throws BadInput naming the file.
Tensor readTensorProto(const std::string& file);

/// An ONNX test data set: the tensors of input_0.pb, input_1.pb, ... and output_0.pb, ... in order.
struct DataSet {
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;  ///< may be empty: nothing to compare with
};

/// Reads a data set folder. Throws BadInput when there is no input_0.pb or a number is left out.
DataSet readDataSet(const std::string& folder);

}  // namespace npusim
