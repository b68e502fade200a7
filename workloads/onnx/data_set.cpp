#include "workloads/onnx/data_set.h"

#include <filesystem>

namespace npusim {
namespace {

namespace fs = std::filesystem;

/// All of STEM_0.pb, STEM_1.pb, ... up to the first number that is missing.
std::vector<Tensor> readNumbered(const fs::path& folder, const std::string& stem) {
  std::vector<Tensor> tensors;
  std::size_t present = 0;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string file = entry.path().filename().string();
    if (file.starts_with(stem + "_") && file.ends_with(".pb")) ++present;
  }
  if (error) throw BadInput(folder.string() + ": cannot be read: " + error.message());
  for (std::size_t i = 0; i < present; ++i) {
    const std::string file = stem + "_" + std::to_string(i) + ".pb";
    if (!fs::exists(folder / file)) {
      throw BadInput(folder.string() + ": has " + std::to_string(present) + " files " + stem +
                     "_*.pb but no " + file);
    }
    tensors.push_back(readTensorProto((folder / file).string()));
  }
  return tensors;
}

}  // namespace

DataSet readDataSet(const std::string& folder) {
  if (!fs::is_directory(folder)) {
    throw BadInput(folder + ": is not a folder, expected an ONNX data set with input_0.pb");
  }
  DataSet set{readNumbered(folder, "input"), readNumbered(folder, "output")};
  if (set.inputs.empty() && set.outputs.empty())
    throw BadInput(folder + ": holds no input_0.pb and no output_0.pb");
  return set;
}

}  // namespace npusim
