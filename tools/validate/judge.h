#pragma once

#include <string>
#include <vector>

#include "tools/validate/cases.h"

namespace npusim::tools {

/// One published figure beside ours.
struct JudgedRow {
  std::string quantity, unit, layer;
  double own = 0, published = 0;
  double within = 0;   ///< relative error allowed
  bool judged = true;  ///< else only shown
  double error() const { return own / published - 1; }
  bool passed() const;
};

/// Every published figure, and the sums that are judged. Throws InternalError where the case has no
/// figure of its own.
std::vector<JudgedRow> judge(const Published& published, const OwnFigures& own);

/// The table of a case for a person, with its sources.
std::string validationText(const Published& published, const std::vector<JudgedRow>& rows);

}  // namespace npusim::tools
