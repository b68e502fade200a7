#include "sim/chip/kernel.h"

#include <cstdlib>
#include <exception>
#include <string>
#include <systemc>

#include "sim/core/error.h"

/// The library brings a main() that asks for this function; npusim's programs have their own.
int sc_main(int /*argc*/, char* /*argv*/[]) { return 0; }

namespace npusim {

/// Turns cycles into kernel time. Cycle 0 is where the present run began.
class Kernel::Clock {
 public:
  explicit Clock(const ClockDomain& domain) : domain_(domain) {}

  void beginRun() {
    epoch_ = sc_core::sc_time_stamp().value();
    failure_ = nullptr;
  }

  std::int64_t now() {
    const std::uint64_t time = sc_core::sc_time_stamp().value();
    if (time != cachedTime_ || epoch_ != cachedEpoch_) {
      cachedTime_ = time;
      cachedEpoch_ = epoch_;
      cachedCycle_ = domain_.cycleAt(time - epoch_);
    }
    return cachedCycle_;
  }

  sc_core::sc_time until(std::int64_t cycle) const {
    const std::uint64_t time = epoch_ + domain_.femtoseconds(cycle);
    return sc_core::sc_time::from_value(time - sc_core::sc_time_stamp().value());
  }

  void fail(std::exception_ptr failure) {
    if (!failure_) failure_ = std::move(failure);
  }
  const std::exception_ptr& failure() const { return failure_; }

 private:
  const ClockDomain domain_;
  std::uint64_t epoch_ = 0, cachedTime_ = 0, cachedEpoch_ = 0;
  std::int64_t cachedCycle_ = 0;
  std::exception_ptr failure_;
};

class Kernel::EngineModule : public sc_core::sc_module {
 public:
  EngineModule(const sc_core::sc_module_name& moduleName, Engine& engine, Clock& clock)
      : sc_core::sc_module(moduleName), engine_(engine), clock_(clock) {
    SC_HAS_PROCESS(EngineModule);
    SC_METHOD(run);
    sensitive << wake_;
    dont_initialize();
  }

  void wake() { wake_.notify(sc_core::SC_ZERO_TIME); }
  void wakeAt(std::int64_t cycle) { wake_.notify(clock_.until(cycle)); }
  /// Whether it has anything to do in a run that has not begun.
  bool hasWork() const { return !engine_.finished(); }

 private:
  /// An exception that leaves a process would lose its type in the kernel, so it is kept and the
  /// engines rest.
  void run() {
    if (clock_.failure()) return;
    try {
      const std::int64_t next = engine_.step(clock_.now());
      if (next != Engine::kNever) next_trigger(clock_.until(next), wake_);
    } catch (...) {
      clock_.fail(std::current_exception());
    }
  }

  Engine& engine_;
  Clock& clock_;
  sc_core::sc_event wake_;
};

namespace {

/// Before the first use of the kernel: no banner, and femtoseconds.
void setUpSystemC() {
  ensure(sc_core::sc_get_status() == sc_core::SC_ELABORATION,
         "one machine a process: SystemC elaborates once (run tests through ctest)");
  setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
  sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
}

}  // namespace

Kernel::Kernel(const ClockDomain& clock, std::span<const std::unique_ptr<Engine>> engines)
    : clock_(std::make_unique<Clock>(clock)) {
  setUpSystemC();
  for (const std::unique_ptr<Engine>& engine : engines) {
    modules_.push_back(std::make_unique<EngineModule>(engine->title().c_str(), *engine, *clock_));
  }
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
}

Kernel::~Kernel() = default;

void Kernel::wake(std::int64_t core, isa::Engine engine, std::int64_t cycles) {
  const auto index =
      static_cast<std::size_t>(core * isa::kEngineCount) + static_cast<std::size_t>(engine);
  EngineModule& module = *modules_[index];
  if (cycles == 0) {
    module.wake();
  } else {
    module.wakeAt(clock_->now() + cycles);
  }
}

std::int64_t Kernel::run() {
  clock_->beginRun();
  bool works = false;
  for (const auto& module : modules_) {
    if (!module->hasWork()) continue;
    module->wake();
    works = true;
  }
  if (works) sc_core::sc_start();  // warns where nothing happens
  if (clock_->failure()) std::rethrow_exception(clock_->failure());
  return clock_->now();
}

std::int64_t Kernel::now() { return clock_->now(); }

void Kernel::pass(std::int64_t cycles) {
  if (cycles == 0) return;
  clock_->beginRun();
  sc_core::sc_start(clock_->until(cycles), sc_core::SC_RUN_TO_TIME);
}

}  // namespace npusim
