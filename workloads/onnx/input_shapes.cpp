#include "workloads/onnx/input_shapes.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace npusim::onnx_import {
namespace {

/// The name by which --dim binds a dimension.
std::string bindingName(const OnnxInput& input, std::size_t axis) {
  const std::string& symbol = (*input.dimensions)[axis].symbol;
  return symbol.empty() ? input.name + "." + std::to_string(axis) : symbol;
}

/// `word` as a shell takes it.
std::string shellWord(const std::string& word) {
  const auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_-./:=,+@").find(c) != std::string_view::npos;
  };
  if (std::all_of(word.begin(), word.end(), plain)) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

/// Only data, which are there to see, may have no elements.
void requireShape(const Shape& shape, const OnnxInput& input, std::int64_t least) {
  for (const std::int64_t extent : shape) {
    if (extent < least) throw BadInput("input '" + input.name + "' has shape " + toString(shape));
  }
  if (elementCount(shape) > kMaxElements) {
    throw BadInput("input '" + input.name + "' of shape " + toString(shape) +
                   " has more than 2^40 elements");
  }
}

/// Whole shapes by input name: named ones go before ordered ones.
std::map<std::string, Shape> givenShapes(const OnnxModel& model, const OnnxOptions& options) {
  std::map<std::string, Shape> given = options.inputShapes;
  if (options.orderedShapes.size() > model.inputs.size()) {
    throw BadInput("has " + std::to_string(model.inputs.size()) + " inputs, data is given for " +
                   std::to_string(options.orderedShapes.size()));
  }
  for (std::size_t i = 0; i < options.orderedShapes.size(); ++i) {
    given.emplace(model.inputs[i].name, options.orderedShapes[i]);
  }
  return given;
}

/// What is known of symbolic dimensions, and how the rest could be made known.
class Bindings {
 public:
  Bindings(const OnnxModel& model, const OnnxOptions& options)
      : options_(options), given_(givenShapes(model, options)) {
    for (const auto& [name, extent] : options.dims) {
      if (extent < 1) {
        throw BadInput("--dim " + name + "=" + std::to_string(extent) + ": must be at least 1");
      }
    }
    if (options.batch && *options.batch < 1) {
      throw BadInput("--batch " + std::to_string(*options.batch) + ": must be at least 1");
    }
    known_ = options.dims;
    for (const OnnxInput& input : model.inputs) learn(input);
    requireUsed(model);
    requireAgreement(model);
    requireClosed(model);
  }

  Shape shapeOf(const OnnxInput& input) const {
    Shape shape;
    if (const auto given = given_.find(input.name); given != given_.end()) {
      shape = given->second;
    } else if (!input.dimensions) {
      throw BadInput("input '" + input.name +
                     "' declares no shape: give its data, or export the "
                     "model with one");
    } else {
      for (std::size_t i = 0; i < input.dimensions->size(); ++i) shape.push_back(extent(input, i));
    }
    requireShape(shape, input, options_.inputShapes.contains(input.name) ? 1 : 0);
    return shape;
  }

 private:
  /// Takes symbols from given shapes and the batch from --batch.
  void learn(const OnnxInput& input) {
    if (!input.dimensions) return;
    const auto given = given_.find(input.name);
    if (given != given_.end()) {
      if (given->second.size() != input.dimensions->size()) {
        throw BadInput("input '" + input.name + "' has " +
                       std::to_string(input.dimensions->size()) + " dimensions, the given shape " +
                       toString(given->second) + " another number");
      }
      for (std::size_t i = 0; i < given->second.size(); ++i) {
        known_.emplace(bindingName(input, i), given->second[i]);
      }
    } else if (options_.batch && !input.dimensions->empty() && !input.dimensions->front().extent) {
      const auto& [name, extent] = *known_.emplace(bindingName(input, 0), *options_.batch).first;
      if (extent != *options_.batch) {
        throw BadInput("--batch " + std::to_string(*options_.batch) + ": dimension '" + name +
                       "' of input '" + input.name + "' is " + std::to_string(extent) +
                       " already, by --dim or given data; leave one out");
      }
    }
  }

  void requireUsed(const OnnxModel& model) const {
    std::set<std::string> symbols, names;
    for (const OnnxInput& input : model.inputs) {
      names.insert(input.name);
      for (std::size_t i = 0; input.dimensions && i < input.dimensions->size(); ++i) {
        if (!(*input.dimensions)[i].extent) symbols.insert(bindingName(input, i));
      }
    }
    for (const auto& [name, extent] : options_.dims) {
      if (!symbols.contains(name)) {
        throw BadInput("--dim " + name + "=" + std::to_string(extent) +
                       ": no input has a dimension '" + name + "'" + listed(symbols));
      }
    }
    for (const auto& [name, shape] : options_.inputShapes) {
      if (!names.contains(name)) {
        throw BadInput("there is no input '" + name + "'" + listed(names));
      }
    }
  }

  /// --dim and --batch must not contradict the shape of a given input, which goes before them.
  void requireAgreement(const OnnxModel& model) const {
    bool binds = given_.empty();
    for (const OnnxInput& input : model.inputs) {
      const auto given = given_.find(input.name);
      if (given == given_.end()) continue;
      for (std::size_t i = 0; i < given->second.size(); ++i) {
        requireAgreement(input, i, given->second[i]);
        binds = binds || !input.dimensions || (*input.dimensions)[i].extent != given->second[i];
      }
    }
    if (options_.shapesMustBind && !binds) {
      throw BadInput(
          "--input and --data change nothing: the inputs' values are not used here, and their "
          "shapes are those of the model; leave them out");
    }
  }

  void requireAgreement(const OnnxInput& input, std::size_t axis, std::int64_t given) const {
    const auto refuse = [&](const std::string& option) {
      throw BadInput(option + ": contradicts the data given for input '" + input.name +
                     "', which has " + std::to_string(given) + " there; leave one out");
    };
    if (axis == 0 && options_.batch && *options_.batch != given) {
      refuse("--batch " + std::to_string(*options_.batch));
    }
    if (!input.dimensions || (*input.dimensions)[axis].extent) return;
    const std::string name = bindingName(input, axis);
    const auto bound = options_.dims.find(name);
    if (bound != options_.dims.end() && bound->second != given) {
      refuse("--dim " + name + "=" + std::to_string(bound->second));
    }
  }

  /// All dimensions that nothing binds, in one message with the options that would.
  void requireClosed(const OnnxModel& model) const {
    std::set<std::string> names;
    std::string text, options;
    bool batch = false;
    for (const OnnxInput& input : model.inputs) {
      if (given_.contains(input.name)) continue;
      for (std::size_t i = 0; input.dimensions && i < input.dimensions->size(); ++i) {
        const std::string name = bindingName(input, i);
        if ((*input.dimensions)[i].extent || known_.contains(name)) continue;
        if (!names.insert(name).second) continue;
        text += (text.empty() ? "'" : ", '") + name + "' (axis " + std::to_string(i) +
                " of input '" + input.name + "')";
        options += " --dim " + shellWord(name + "=1");
        batch = batch || i == 0;
      }
    }
    if (names.empty()) return;
    throw BadInput((names.size() == 1 ? "open dimension " : "open dimensions ") + text + ": pass" +
                   options + " with the sizes you mean" +
                   (batch ? "; --batch N binds every axis 0" : ""));
  }

  static std::string listed(const std::set<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? ", expected " : ", ") + name;
    return text;
  }

  std::int64_t extent(const OnnxInput& input, std::size_t axis) const {
    const OnnxDimension& dimension = (*input.dimensions)[axis];
    if (dimension.extent) {
      const bool isBatch = axis == 0 && options_.batch;
      if (!isBatch || *options_.batch == *dimension.extent) return *dimension.extent;
      if (*dimension.extent == 1) return *options_.batch;
      throw BadInput("--batch " + std::to_string(*options_.batch) + ": input '" + input.name +
                     "' has a fixed first dimension of " + std::to_string(*dimension.extent));
    }
    const std::string name = bindingName(input, axis);
    if (const auto found = known_.find(name); found != known_.end()) return found->second;
    throw InternalError("dimension '" + name + "' is open after the check for open ones");
  }

  const OnnxOptions& options_;
  std::map<std::string, Shape> given_;  ///< whole shapes by input name
  std::map<std::string, std::int64_t> known_;
};

}  // namespace

std::vector<Shape> bindInputShapes(const OnnxModel& model, const OnnxOptions& options) {
  const Bindings bindings(model, options);
  std::vector<Shape> shapes;
  for (const OnnxInput& input : model.inputs) shapes.push_back(bindings.shapeOf(input));
  return shapes;
}

}  // namespace npusim::onnx_import
