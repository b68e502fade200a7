#pragma once

#include <string>
#include <utility>
#include <vector>

namespace npusim::tools {

/// Figures by layer, in the order of the file.
using LayerFigures = std::vector<std::pair<std::string, double>>;

/// One published quantity.
struct PublishedFigure {
  std::string quantity, unit, source;
  double within = 0;           ///< relative error allowed
  double sumWithin = 0;        ///< of the sum over the judged layers; 0: the sum is not judged
  LayerFigures judged, shown;  ///< shown ones are compared and not judged
};

/// A case of configs/validation: what was measured, on which chip, with which network.
struct Published {
  std::string name, chip, workload, source;
  std::vector<PublishedFigure> figures;
};

/// Names of all cases.
std::vector<std::string> publishedNames();

/// The case of that name. Throws BadInput for an unknown one.
Published readPublished(const std::string& name);

}  // namespace npusim::tools
