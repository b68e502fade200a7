#include <cstdlib>

#include "sim/core/error.h"
#include "sim/isa/verify_site.h"

namespace npusim::isa {
namespace {

bool fits(std::int64_t value) { return value >= -kMaxMagnitude && value <= kMaxMagnitude; }

void checkMagnitude(const Site& site, std::string_view what, std::int64_t value) {
  if (!fits(value)) site.fail("{}: {} is beyond 2^48", what, value);
}

/// A digit of the core's number: within the cores that run the instruction.
void checkCoreTerm(const Site& site, std::string_view what, const LoopTerm& term) {
  const std::int64_t cores = site.cores();
  if (term.stride == 0) site.fail("{}: the stride over the core's digit is 0: leave it out", what);
  if (term.divisor < 1 || term.modulo < 2 || term.divisor > cores / term.modulo)
    site.fail("{}: (c div {} % {}) is no digit of {} cores", what, term.divisor, term.modulo,
              cores);
  if (!reachFits(term.stride, term.modulo))
    site.fail("{}: the term of the core's digit moves beyond 2^48", what);
}

void checkTerm(const Site& site, std::string_view what, const LoopTerm& term) {
  if (term.depth == kCoreDepth) return checkCoreTerm(site, what, term);
  const auto open = static_cast<std::int64_t>(site.loops.size());
  if (term.depth < 0 || term.depth >= open)
    site.fail("{}: a term uses loop i{}, but {} loops are open here", what, term.depth, open);
  if (term.stride == 0)
    site.fail("{}: the stride over loop i{} is 0: leave the term out", what, term.depth);
  if (term.divisor != 1) site.fail("{}: only a core's number has digits", what);
  if (term.modulo != 0 && (term.modulo < 2 || term.modulo >= passes(site.loops, term.depth)))
    site.fail("{}: p{} % {} has no use in {} passes: the modulo must lie below that, above 1", what,
              term.depth, term.modulo, passes(site.loops, term.depth));
  const std::int64_t positions = termPositions(term, site.loops);
  if (positions == 1)
    site.fail("{}: a term uses loop i{}, which has one iteration: leave the term out", what,
              term.depth);
  if (!reachFits(term.stride, positions))
    site.fail("{}: the term of loop i{} moves beyond 2^48", what, term.depth);
}

void checkTerms(const Site& site, std::string_view what, const std::vector<LoopTerm>& terms) {
  const LoopTerm* previous = nullptr;
  for (const LoopTerm& term : terms) {
    checkTerm(site, what, term);
    if (previous != nullptr && previous->depth == kCoreDepth && term.depth == kCoreDepth) {
      if (term.divisor <= previous->divisor)
        site.fail("{}: digits of the core's number come once each, smallest divisor first", what);
    } else if (previous != nullptr && term.depth <= previous->depth) {
      site.fail("{}: the term of loop i{} follows that of i{}: each loop once, outermost first",
                what, term.depth, previous->depth);
    }
    previous = &term;
  }
}

void checkBound(const Site& site, std::string_view role, const Bound& bound,
                const std::vector<std::int64_t>& largest, const AccessRules& rules) {
  const std::string what = fmt::format("{}: bound", role);
  if (bound.strides.size() != largest.size())
    site.fail("{} has {} strides for {} dimensions", what, bound.strides.size(), largest.size());
  checkMagnitude(site, what, bound.origin.base);
  checkMagnitude(site, what, bound.limit);
  if (bound.limit < 1) site.fail("{}: its limit is {}; it must be at least 1", what, bound.limit);
  checkTerms(site, what, bound.origin.terms);
  bool gathered = false;
  for (std::size_t d = 0; d < largest.size(); ++d) {
    if (static_cast<int>(d) == rules.gatheredDim) {
      gathered = bound.strides[d] != 0;
    } else if (largest[d] == 1 && bound.strides[d] != 0) {
      site.fail("{}: dimension {} has one position, so its stride must be 0, not {}", what, d,
                bound.strides[d]);
    }
    if (!reachFits(bound.strides[d], largest[d])) site.fail("{} reaches beyond 2^48", what);
  }
  const Interval seen = coordinates(bound, largest, site.loops);
  if (!gathered && (seen.high < 0 || seen.low >= bound.limit))
    site.fail("{}: coordinates {}..{} never lie in 0..{}, so nothing is ever touched", what,
              seen.low, seen.high, bound.limit - 1);
  if (!gathered && seen.low >= 0 && seen.high < bound.limit)
    site.fail("{}: coordinates {}..{} always lie in 0..{}: leave the bound out", what, seen.low,
              seen.high, bound.limit - 1);
}

void checkStrides(const Site& site, std::string_view role, const Access& access,
                  const std::vector<std::int64_t>& largest, const AccessRules& rules) {
  if (access.strides.size() != largest.size())
    site.fail("{}: {} strides for {} dimensions", role, access.strides.size(), largest.size());
  for (std::size_t d = 0; d < largest.size(); ++d) {
    checkMagnitude(site, role, access.strides[d]);
    if (!reachFits(access.strides[d], largest[d]))
      site.fail("{}: dimension {} reaches beyond 2^48", role, d);
    if (static_cast<int>(d) != rules.gatheredDim && largest[d] == 1 && access.strides[d] != 0)
      site.fail("{}: dimension {} has one position, so its stride must be 0, not {}", role, d,
                access.strides[d]);
  }
}

void checkInside(const Site& site, std::string_view role, const Access& access,
                 const Dimensions& dims, const Extent& run) {
  const Storage& storage = site.program.storages[static_cast<std::size_t>(access.storage)];
  const auto inside = [&](const Footprint& touched) {
    return touched.empty() || (touched.first >= 0 && touched.end <= storage.capacityBytes);
  };
  if (inside(enclosingFootprint(access, dims, run, site.loops))) return;
  const Footprint touched = visitedFootprint(access, dims, run, site.loops);
  if (!inside(touched))
    site.fail("{}: touches bytes {}..{} of storage '{}', which has bytes 0..{}", role,
              touched.first, touched.end - 1, storage.name, storage.capacityBytes - 1);
}

}  // namespace

bool reachFits(std::int64_t step, std::int64_t count) {
  return fits(step) && std::llabs(step) <= kMaxMagnitude / std::max<std::int64_t>(1, count - 1);
}

void checkExtent(const Site& site, std::string_view what, const Extent& extent) {
  checkMagnitude(site, what, extent.size);
  checkMagnitude(site, what, extent.limit);
  checkTerms(site, what, extent.terms);
  if (extent.size < 1) site.fail("{}: the extent is {}; it must be at least 1", what, extent.size);
  if (extent.terms.empty()) {
    if (extent.limit != 0)
      site.fail("{}: a limit ({}) without a loop term has no meaning: set it to 0", what,
                extent.limit);
    return;
  }
  const Interval taken = range(extent.terms, site.loops);
  if (extent.limit - taken.low < extent.size)
    site.fail("{}: the limit leaves at most {} of {} positions: make that the size", what,
              extent.limit - taken.low, extent.size);
  if (extent.limit - taken.high >= extent.size)
    site.fail("{}: the limit {} never shortens {} positions: leave it out", what, extent.limit,
              extent.size);
}

void checkAccess(const Site& site, std::string_view role, const Access& access,
                 const Dimensions& dims, const Extent& run, const AccessRules& rules) {
  const auto storages = static_cast<StorageId>(site.program.storages.size());
  if (access.storage < 0 || access.storage >= storages)
    site.fail("{}: there is no storage {}; the program has {}", role, access.storage, storages);
  const Storage& storage = site.program.storages[static_cast<std::size_t>(access.storage)];
  if (rules.onChip && !storage.onChip)
    site.fail("{}: '{}' is not on the chip; this engine reaches buffers only", role, storage.name);
  if (rules.onChip && storage.distribution)
    site.fail("{}: '{}' is spread over cores; this engine reaches its own buffers only", role,
              storage.name);
  if (storage.encoded && !rules.mayBeEncoded)
    site.fail("{}: '{}' holds encoded weights, which are only read by transfers", role,
              storage.name);
  checkMagnitude(site, role, access.address.base);
  checkTerms(site, role, access.address.terms);

  std::vector<std::int64_t> largest;
  for (const Extent* dim : dims) largest.push_back(range(*dim, site.loops).high);
  checkStrides(site, role, access, largest, rules);
  if (!rules.mayBeBounded && !access.bounds.empty())
    site.fail("{}: may not be bounded; only padded inputs and moved tensors are", role);
  for (const Bound& bound : access.bounds) checkBound(site, role, bound, largest, rules);
  checkInside(site, role, access, dims, run);
}

}  // namespace npusim::isa
