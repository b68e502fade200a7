#include "sim/laws/array_law.h"

#include "sim/core/error.h"
#include "sim/laws/systolic_law.h"

namespace npusim {

ArrayTiming arrayTiming(const ArrayConfig& array, DataType format, const MatrixShape& shape) {
  switch (array.dataflow.kind) {
    case ArrayKind::Systolic:
      return systolicTiming(array, format, shape);
    case ArrayKind::RowStationary:
    case ArrayKind::Cached:
      break;
  }
  throw NotPossible("not supported: dataflow " + array.dataflow.name);
}

ArrayWork arrayWork(const ArrayConfig& array, DataType format, const MatrixShape& shape) {
  switch (array.dataflow.kind) {
    case ArrayKind::Systolic:
      return systolicWork(array, format, shape);
    case ArrayKind::RowStationary:
    case ArrayKind::Cached:
      break;
  }
  throw NotPossible("not supported: dataflow " + array.dataflow.name);
}

ZeroWork zeroWork(const ArrayConfig& array, DataType format, const MatrixShape& shape,
                  std::int64_t zeroInputs) {
  switch (array.dataflow.kind) {
    case ArrayKind::Systolic:
      return systolicZeroWork(array, format, shape, zeroInputs);
    case ArrayKind::RowStationary:
    case ArrayKind::Cached:
      break;
  }
  throw NotPossible("not supported: dataflow " + array.dataflow.name);
}

}  // namespace npusim
