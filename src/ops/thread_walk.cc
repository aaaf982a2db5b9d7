#include "ops/thread_walk.h"

#include "sluice/runtime/timer.h"

namespace sluice::ops {

namespace {
// A mailbox that is full: another attempt.
constexpr base::Millis kRetry{5};
}  // namespace

// Belongs to one thread at a time: to home, or while it travels to the thread it goes to.
class ThreadWalk::Journey {
 public:
  Journey(runtime::ThreadGroup& threads, CliSessionControl& session, std::unique_ptr<ThreadVisitor> visitor, int only)
      : threads_(threads),
        home_(*runtime::Loop::current()),
        session_(&session),
        visitor_(std::move(visitor)),
        at_(only < 0 ? 0 : static_cast<std::size_t>(only)),
        end_(only < 0 ? threads.size() : at_ + 1) {}

  Progress produce(std::string& out) noexcept {
    out += piece_;
    piece_.clear();
    if (visited_ && !more_) {
      ++at_;
      visited_ = false;
    }
    if (at_ >= end_) {
      visitor_->finish(out);
      return Progress::Done;
    }
    travel(Errand::Visit);
    return Progress::Waiting;
  }

  // The client has left.
  void abandon() noexcept {
    session_ = nullptr;
    if (!away_) end_at_home();
  }

 private:
  enum class Errand : std::uint8_t { Visit, Leave };

  void travel(Errand errand) noexcept {
    away_ = true;
    errand_ = errand;
    if (!threads_.loop(at_).post(
            {[](void* p, std::uintptr_t) noexcept { static_cast<Journey*>(p)->arrive(); }, this, 0}))
      home_.arm_after(retry_, kRetry);
  }
  void travel_again() noexcept { travel(errand_); }

  void arrive() noexcept {
    runtime::Loop& here = *runtime::Loop::current();
    if (errand_ == Errand::Leave) {
      visitor_->leave(here);
      delete this;
      return;
    }
    more_ = visitor_->visit(here, piece_);
    return_home();
  }
  void return_home() noexcept {
    if (!home_.post({[](void* p, std::uintptr_t) noexcept { static_cast<Journey*>(p)->come_home(); }, this, 0}))
      runtime::Loop::current()->arm_after(retry_home_, kRetry);
  }
  void come_home() noexcept {
    away_ = false;
    visited_ = true;
    if (session_ == nullptr)
      end_at_home();
    else
      session_->resume();
  }
  void end_at_home() noexcept {
    if (visited_ && more_)
      travel(Errand::Leave);
    else
      delete this;
  }

  runtime::ThreadGroup& threads_;
  runtime::Loop& home_;
  CliSessionControl* session_;  // touched at home only; null once abandoned
  std::unique_ptr<ThreadVisitor> visitor_;
  std::size_t at_;
  const std::size_t end_;
  std::string piece_;
  Errand errand_ = Errand::Visit;
  bool away_ = false;     // touched at home only
  bool visited_ = false;  // this thread, at least once
  bool more_ = false;
  runtime::MemberTimer<&Journey::travel_again> retry_{*this};      // at home
  runtime::MemberTimer<&Journey::return_home> retry_home_{*this};  // on the visited loop
};

ThreadWalk::ThreadWalk(runtime::ThreadGroup& threads, CliSessionControl& session,
                       std::unique_ptr<ThreadVisitor> visitor, int only)
    : journey_(new Journey(threads, session, std::move(visitor), only)) {}

ThreadWalk::~ThreadWalk() { journey_->abandon(); }

CliAnswer::Progress ThreadWalk::produce(std::string& out) noexcept { return journey_->produce(out); }

}  // namespace sluice::ops
