// The listening sockets of the process: bound, taken from another process, kept together with what they are for.
//
// An address has one socket, or several that the kernel spreads new connections over (SO_REUSEPORT), as a rule one per
// thread. Sockets that come from another process are all used, whatever the number of threads: a socket that nobody
// accepts from would keep its share of the clients waiting, and closing it would reset them.
//
// Thread: start-up, then that of the first loop; acceptors of all threads read `sockets` while they are set up.
#pragma once

#include <string>
#include <vector>

#include "process/handover.h"
#include "process/offered_sockets.h"
#include "sluice/model/model.h"
#include "sluice/net/listener.h"
#include "sluice/process/program.h"

namespace sluice::process {

class OldProcesses;

struct Receiver {
  const model::Listener* plan = nullptr;
  std::vector<net::OpenedListener> sockets;  // never empty
  std::vector<unsigned> threads;             // those that accept ("thread"), from 0, in order; never empty

  // The sockets that a thread accepts from, and whether others do so too. None for a thread that does not accept here.
  struct Share {
    std::vector<std::size_t> sockets;  // positions
    bool shared = false;
  };
  [[nodiscard]] Share share_of(unsigned thread) const;
};

class Receivers {
 public:
  Receivers(Launch& launch, model::Model& model, unsigned threads)
      : launch_(launch), model_(model), threads_(threads) {}

  // Sockets of another process, to be used instead of binding where the address is the same. Before bind_all().
  void offer(OfferedSockets sockets) { offered_ = std::move(sockets); }
  // Binds what the Model and the stats sockets ask for; says what went wrong. Where an address is in use, old processes
  // are asked to let go of it for a moment (SIGTTOU), and to take it back when that did not help (SIGTTIN).
  bool bind_all(OldProcesses& old);

  // What another process may take over: all sockets, or the first of each address.
  [[nodiscard]] std::vector<GivenSocket> to_give(bool all) const;
  [[nodiscard]] std::vector<Receiver>& all() noexcept { return receivers_; }
  [[nodiscard]] std::vector<base::UniqueFd>& stats_sockets() noexcept { return stats_sockets_; }
  // How the sockets of a listener are opened. The views live as long as the Launch.
  [[nodiscard]] net::ListenOptions options_of(const model::Listener& l) const;

 private:
  struct Failure {
    const model::Listener* listener;
    std::string why;
  };
  // False, with the reason in `why`, when the address cannot be had.
  bool open(const model::Listener& l, std::string& why);
  bool open_stats_sockets();
  // How many sockets an address gets ("shards"), of which so many threads accept.
  [[nodiscard]] std::size_t sockets_of(const model::Listener& l, const net::ListenOptions& options,
                                       std::size_t threads) const;
  void complain(const Failure& f, ops::Console::Severity severity);
  std::vector<Failure> open_each(const std::vector<const model::Listener*>& wanted);

  Launch& launch_;
  model::Model& model_;
  unsigned threads_;
  OfferedSockets offered_;
  std::vector<Receiver> receivers_;
  std::vector<base::UniqueFd> stats_sockets_;
};

}  // namespace sluice::process
