#include "process/socket_giver.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace sluice::process {

namespace {

constexpr base::Millis kPatience{5000};

int copy_of(int fd) noexcept { return ::fcntl(fd, F_DUPFD_CLOEXEC, 0); }

}  // namespace

SocketGiver::SocketGiver(runtime::Loop& loop, ops::CliSessionControl& session, const std::vector<GivenSocket>& sockets,
                         void (*given)(void*) noexcept, void* ctx)
    : loop_(loop), session_(session), fd_(copy_of(session.connection())), given_(given), given_ctx_(ctx) {
  for (const GivenSocket& s : sockets) {
    sockets_.emplace_back(copy_of(s.fd));
    namespaces_.emplace_back(s.netns);
    if (!sockets_.back().valid()) step_ = Step::Over;  // no descriptors left
  }
  if (!fd_.valid()) step_ = Step::Over;
  if (fd_.valid()) loop_.watch(fd_.get(), 0, *this);
}

SocketGiver::~SocketGiver() {
  if (fd_.valid()) loop_.unwatch(fd_.get());
}

ops::CliAnswer::Progress SocketGiver::produce(std::string&) noexcept {
  while (step_ != Step::Over) {
    if (advance()) continue;
    waiting_ = true;
    loop_.set_interest(fd_.get(), step_ == Step::Acknowledgement ? runtime::kIn : runtime::kOut);
    loop_.arm_after(timer_, kPatience);
    return Progress::Waiting;
  }
  session_.quit();
  return Progress::Done;
}

bool SocketGiver::sent(ssize_t n, std::size_t bytes, Step next) noexcept {
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
  if (n < 0 && errno == EINTR) return true;
  // These messages are small: they go as a whole, or the taker has gone.
  step_ = n == static_cast<ssize_t>(bytes) ? next : Step::Over;
  return true;
}

bool SocketGiver::advance() noexcept {
  switch (step_) {
    case Step::Count: {
      const auto total = static_cast<std::int32_t>(sockets_.size());
      return sent(send_rights(fd_.get(), &total, sizeof total, nullptr, 0), sizeof total,
                  sockets_.empty() ? Step::Over : Step::Sockets);
    }
    case Step::Sockets: {
      std::vector<int> fds;
      std::vector<GivenSocket> told;
      const std::size_t count = std::min(kSocketsPerMessage, sockets_.size() - at_);
      for (std::size_t i = 0; i < count; ++i) {
        fds.push_back(sockets_[at_ + i].get());
        told.push_back({fds.back(), namespaces_[at_ + i]});
      }
      const std::string data = describe_sockets(told);
      const Step next = count == kSocketsPerMessage ? Step::Acknowledgement : Step::Over;
      if (!sent(send_rights(fd_.get(), data.data(), data.size(), fds.data(), count), data.size(), next)) return false;
      if (step_ == next) {
        if (at_ == 0) given_(given_ctx_);
        at_ += count;
        acknowledged_bytes_ = 0;
      }
      return true;
    }
    case Step::Acknowledgement: {
      std::int32_t taken = 0;
      const ssize_t n = ::recv(fd_.get(), &taken, sizeof taken - acknowledged_bytes_, MSG_DONTWAIT);
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
      if (n < 0 && errno == EINTR) return true;
      if (n <= 0) {
        step_ = Step::Over;
        return true;
      }
      acknowledged_bytes_ += static_cast<std::size_t>(n);
      if (acknowledged_bytes_ == sizeof taken) step_ = at_ < sockets_.size() ? Step::Sockets : Step::Over;
      return true;
    }
    case Step::Over:
      break;
  }
  return true;
}

void SocketGiver::resume() noexcept {
  timer_.disarm();
  if (std::exchange(waiting_, false)) session_.resume();
}

void SocketGiver::on_io(unsigned) noexcept {
  loop_.set_interest(fd_.get(), 0);
  resume();
}

void SocketGiver::on_timeout() noexcept {
  step_ = Step::Over;
  loop_.set_interest(fd_.get(), 0);
  resume();
}

}  // namespace sluice::process
