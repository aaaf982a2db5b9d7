// A CLI server on a unix socket of its own, and a client that talks to it, on one loop and one thread.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "sluice/ops/cli_commands.h"
#include "sluice/ops/cli_server.h"

namespace sluice::ops::test {

class CliFixture : public testing::Test {
 protected:
  void SetUp() override {
    char dir[] = "/tmp/sluice-cli-XXXXXX";
    dir_ = ::mkdtemp(dir);
    auto loop = runtime::Loop::make({});
    ASSERT_TRUE(loop.has_value());
    loop_ = std::move(*loop);
    context_.version = "3.5.0-sluice-test";
  }
  void TearDown() override {
    server_.reset();
    loop_->turn();
    ::unlink(path().c_str());
    ::rmdir(dir_.c_str());
  }
  [[nodiscard]] std::string path() const { return dir_ + "/s"; }
  StatsSocketSpec spec() const {
    StatsSocketSpec s;
    s.address.kind = net::AddressKind::Unix;
    s.address.family = AF_UNIX;
    s.address.host = path();
    s.text = path();
    return s;
  }
  // Starts the server; commands are those of add_builtin_commands() and `more`.
  void start(CliLevel level = CliLevel::Admin, std::span<const CliCommand> more = {}, void* ctx = nullptr) {
    add_builtin_commands(commands_, context_);
    commands_.add(more, ctx);
    server_ = std::make_unique<CliServer>(*loop_, commands_, limits_);
    auto socket = open_stats_socket(spec());
    ASSERT_TRUE(socket.has_value()) << socket.error();
    server_->listen(std::move(*socket), level);
  }

  class Client {
   public:
    explicit Client(CliFixture& f)
        : fixture_(f), fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
      sockaddr_un a{};
      a.sun_family = AF_UNIX;
      f.path().copy(a.sun_path, sizeof(a.sun_path) - 1);
      EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&a), sizeof(a)), 0);
    }
    // What the socket takes; the rest is returned.
    std::string_view try_send(std::string_view text) {
      while (!text.empty()) {
        const ssize_t n = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
        if (n <= 0) return text;
        text.remove_prefix(static_cast<std::size_t>(n));
      }
      return text;
    }
    void send(std::string_view text) {
      for (int i = 0; i < 10000 && !text.empty(); ++i) {
        const std::size_t before = text.size();
        text = try_send(text);
        if (text.size() == before && fixture_.turns_without_work_ > 3) break;
        fixture_.turn();
      }
    }
    void half_close() { ::shutdown(fd_.get(), SHUT_WR); }
    // Lets the loop work and reads until the server closes, or is silent.
    std::string read() {
      std::string out;
      for (int quiet = 0; quiet < 4;) {
        fixture_.turn();
        char buf[65536];
        const ssize_t n = ::recv(fd_.get(), buf, sizeof(buf), 0);
        if (n > 0) {
          out.append(buf, static_cast<std::size_t>(n));
          quiet = 0;
        } else if (n == 0) {
          closed_ = true;
          return out;
        } else if (errno != EAGAIN) {
          failed_ = true;
          return out;
        } else {
          ++quiet;
        }
      }
      return out;
    }
    [[nodiscard]] bool closed() const { return closed_; }
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] int fd() const { return fd_.get(); }

   private:
    CliFixture& fixture_;
    base::UniqueFd fd_;
    bool closed_ = false;
    bool failed_ = false;
  };

  void turn() {
    const auto before = loop_->stats().io_events;
    loop_->turn();
    turns_without_work_ = loop_->stats().io_events == before ? turns_without_work_ + 1 : 0;
  }
  // One connection, one text, the whole answer.
  std::string ask(std::string_view text) {
    Client c(*this);
    c.send(text);
    return c.read();
  }

  std::string dir_;
  std::unique_ptr<runtime::Loop> loop_;
  CliContext context_;
  CliCommands commands_;
  CliLimits limits_;
  std::unique_ptr<CliServer> server_;
  int turns_without_work_ = 0;
};

}  // namespace sluice::ops::test
