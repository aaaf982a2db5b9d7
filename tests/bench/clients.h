// The clients of scripts/bench: N connections in a closed loop, each answer checked for its status and its full length.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>

#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "epoll.h"

namespace bench {

using Clock = std::chrono::steady_clock;

struct ClientOptions {
  int port = 0;
  int connections = 1;
  bool close = false;           // one request per connection
  std::uint64_t once_each = 0;  // idle: every connection asks this often (0 = without end) and then stays open
  std::string path = "/small";
  std::string extra;  // further header lines, each with its CRLF
};

struct ClientCounts {
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;
  std::uint64_t bytes = 0;
  std::uint64_t connects = 0;
  std::uint32_t micros[65536] = {};  // latency histogram by microsecond, the last one for everything beyond
  [[nodiscard]] unsigned quantile(double q) const {
    const auto wanted = static_cast<std::uint64_t>(q * static_cast<double>(requests));
    std::uint64_t sum = 0;
    for (unsigned i = 0; i < 65536; ++i) {
      sum += micros[i];
      if (sum > wanted) return i;
    }
    return 65535;
  }
};

class Client;

class Clients {
 public:
  Clients(Epoll& l, ClientOptions o) : loop(l), options(std::move(o)), scratch(1 << 20) {
    request = "GET " + options.path + " HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n" +
              options.extra + (options.close ? "Connection: close\r\n" : "") + "\r\n";
  }
  inline void open_all();
  inline void open_more(int n);
  [[nodiscard]] int opened() const { return static_cast<int>(all.size()); }
  [[nodiscard]] inline int busy() const;  // connections that wait for an answer

  Epoll& loop;
  ClientOptions options;
  ClientCounts counts;
  std::vector<char> scratch;
  std::string request;
  std::vector<std::unique_ptr<Client>> all;
  int idle = 0;  // connections that have asked for the last time
  bool stopping = false;
};

class Client : public Handler {
 public:
  explicit Client(Clients& owner) : owner_(owner) { open(); }
  ~Client() override {
    if (fd_ >= 0) ::close(fd_);
  }

  [[nodiscard]] bool busy() const { return busy_; }

  void on_event(std::uint32_t) override {
    // A large body is thrown away in the kernel (MSG_TRUNC): the generator must not pay for the copy.
    const bool discard = in_body_ && body_left_ > 16384;
    char* room = owner_.scratch.data();
    std::size_t kept = partial_.size();
    if (kept != 0) std::memcpy(room, partial_.data(), kept);
    const std::size_t limit = discard ? body_left_ : owner_.scratch.size() - kept;
    const ssize_t n = ::recv(fd_, room + kept, limit, MSG_DONTWAIT | (discard ? MSG_TRUNC : 0));
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
      closed(n == 0);
      return;
    }
    owner_.counts.bytes += static_cast<std::uint64_t>(n);
    if (discard) {
      body_left_ -= static_cast<std::size_t>(n);
      if (body_left_ == 0) finished();
      return;
    }
    partial_.clear();
    take(std::string_view(room, kept + static_cast<std::size_t>(n)));
  }

 private:
  void open() {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons(static_cast<std::uint16_t>(owner_.options.port));
    // Blocking: the kernel completes the handshake by itself, the proxy need not run for it.
    if (fd_ < 0 || ::connect(fd_, reinterpret_cast<sockaddr*>(&a), sizeof a) != 0) die("client: connect");
    ++owner_.counts.connects;
    owner_.loop.add(fd_, *this);
    asked_ = 0;
    ask();
  }
  void ask() {
    began_ = Clock::now();
    const auto& r = owner_.request;
    in_body_ = false;
    waiting_close_ = false;
    busy_ = true;
    ++asked_;
    if (::send(fd_, r.data(), r.size(), MSG_NOSIGNAL | MSG_DONTWAIT) != static_cast<ssize_t>(r.size())) failed();
  }
  void take(std::string_view data) {
    if (waiting_close_ || resting_) {
      failed();  // bytes that nobody asked for
      return;
    }
    if (!in_body_) {
      const std::size_t end = data.find("\r\n\r\n");
      if (end == std::string_view::npos) {
        partial_.assign(data);
        if (partial_.size() > 16384) failed();
        return;
      }
      const std::string_view head = data.substr(0, end + 2);
      if (head.substr(0, 13) != "HTTP/1.1 200 " || !content_length(head)) {
        failed();
        return;
      }
      in_body_ = true;
      data.remove_prefix(end + 4);
    }
    if (data.size() > body_left_) {
      failed();
      return;
    }
    body_left_ -= data.size();
    if (body_left_ == 0) finished();
  }
  bool content_length(std::string_view head) {
    for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
      static constexpr std::string_view kName = "\r\ncontent-length: ";
      if (head.size() - at > kName.size() && ::strncasecmp(head.data() + at, kName.data(), kName.size()) == 0) {
        body_left_ = 0;
        for (const char c : head.substr(at + kName.size())) {
          if (c < '0' || c > '9') return true;
          body_left_ = body_left_ * 10 + static_cast<std::size_t>(c - '0');
        }
      }
    }
    return false;
  }
  void finished() {
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began_).count();
    busy_ = false;
    ++owner_.counts.requests;
    ++owner_.counts.micros[took < 65535 ? took : 65535];
    if (owner_.options.close) {
      waiting_close_ = true;
      return;
    }
    if (owner_.options.once_each != 0 && asked_ >= owner_.options.once_each) {
      resting_ = true;
      ++owner_.idle;
      return;
    }
    if (!owner_.stopping) ask();
  }
  void closed(bool cleanly) {
    if (!(waiting_close_ && cleanly) && (busy_ || !owner_.stopping)) ++owner_.counts.errors;
    busy_ = false;
    ::close(fd_);
    fd_ = -1;
    partial_.clear();
    if (!owner_.stopping && !resting_ && owner_.counts.errors < 1000) open();
  }
  void failed() {
    ++owner_.counts.errors;
    busy_ = false;
    ::close(fd_);
    fd_ = -1;
    partial_.clear();
    if (!owner_.stopping && owner_.counts.errors < 1000) open();
  }

  Clients& owner_;
  int fd_ = -1;
  bool in_body_ = false;
  bool waiting_close_ = false;
  bool resting_ = false;
  bool busy_ = false;  // an answer is missing
  std::uint64_t asked_ = 0;
  std::size_t body_left_ = 0;
  std::string partial_;
  Clock::time_point began_;
};

inline void Clients::open_more(int n) {
  for (int i = 0; i < n && opened() < options.connections; ++i) all.push_back(std::make_unique<Client>(*this));
}
inline void Clients::open_all() { open_more(options.connections); }
inline int Clients::busy() const {
  int n = 0;
  for (const auto& c : all) n += c->busy() ? 1 : 0;
  return n;
}

}  // namespace bench
