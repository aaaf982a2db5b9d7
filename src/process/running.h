// The process at work: what build() made and what serve() adds. One object, owned by the Launch.
// Thread: made by the main thread; see each member.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "process/thread_sampler.h"
#include "sluice/backend/check.h"
#include "sluice/model/model.h"
#include "sluice/model/stats.h"
#include "sluice/net/listener.h"
#include "sluice/ops/cli_commands.h"
#include "sluice/ops/cli_server.h"
#include "sluice/process/limits.h"
#include "sluice/proxy/acceptor.h"
#include "sluice/proxy/worker.h"
#include "sluice/runtime/signal_source.h"
#include "sluice/runtime/stall_detector.h"
#include "sluice/runtime/thread_group.h"

namespace sluice::process {

// What one thread serves with. Used by that thread only, once it runs.
struct ThreadState {
  std::unique_ptr<proxy::Worker> worker;
  std::vector<std::unique_ptr<proxy::Acceptor>> acceptors;
  std::unique_ptr<ThreadSampler> sampler;  // null: nobody asks for its figures
  void* owner = nullptr;
  bool stopping = false;  // soft stop: this thread ends with its last session
  bool done = false;
};

// A listening socket. With SO_REUSEPORT each thread has its own, otherwise all accept from one.
struct BoundListener {
  const model::Listener* plan = nullptr;
  std::vector<net::OpenedListener> sockets;  // one, or one per thread
};

struct Running {
  unsigned threads = 1;
  ConnectionLimits limits;
  std::string hostname, node;
  std::unique_ptr<model::Model> model;

  std::vector<BoundListener> listeners;
  std::vector<base::UniqueFd> stats_sockets;
  std::unique_ptr<runtime::ThreadGroup> group;
  std::vector<ThreadState> thread_states;
  std::vector<std::unique_ptr<backend::Checker>> checkers;  // by thread
  std::vector<model::ThreadFigures> figures;                // by thread; empty without stats socket
  std::unique_ptr<model::Stats> stats;                      // what the CLI shows
  std::unique_ptr<model::Captures> captures;
  std::unique_ptr<runtime::StallDetector> stall_detector;
};

}  // namespace sluice::process
