#pragma once

#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/isa/program.h"

namespace npusim::end_to_end {

/// Changes a program in one number at a time: every number, every instruction. Each change is made,
/// shown to `attempt` with its kind ("store transfer: source base") and its place, and taken back.
class Changes {
 public:
  using Attempt = std::function<void(const std::string& kind, const std::string& change)>;

  Changes(isa::Program& program, Attempt attempt)
      : program_(program), attempt_(std::move(attempt)) {}

  void run();

 private:
  template <typename T>
  void set(const std::string& what, T& number, std::type_identity_t<T> value) {
    const T before = std::exchange(number, std::move(value));
    report(what);
    number = before;
  }
  void add(const std::string& what, std::int64_t& number, std::int64_t change) {
    set(what, number, number + change);
  }
  void report(const std::string& what);

  void changeInstruction(isa::Instruction& instruction);
  void changeTokens(const std::string& verb, std::vector<isa::SemaphoreId>& ids);
  void changeBody(isa::Loop& loop);
  void changeBody(isa::EndLoop&) {}
  void changeBody(isa::Sync&) {}
  void changeBody(isa::Transfer& transfer);
  void changeBody(isa::Matrix& matrix);
  void changeBody(isa::VectorPass& pass);
  void changeSteps(const std::string& when, std::vector<isa::VectorStep>& steps, int operands);
  void changeScaling(const std::string& role, isa::Scaling& scaling);
  void changeTerms(const std::string& what, std::vector<isa::LoopTerm>& terms, std::int64_t unit);
  void changeExtent(const std::string& what, isa::Extent& extent, std::int64_t unit);
  void changeBound(const std::string& role, isa::Bound& bound);
  void changeAccess(const std::string& role, isa::Access& access);
  void changeSemaphores();
  void changePlaces();

  isa::Program& program_;
  Attempt attempt_;
  std::string kind_;  ///< of the instruction at hand
  const isa::Instruction* instruction_ = nullptr;
};

}  // namespace npusim::end_to_end
