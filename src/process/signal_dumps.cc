#include "process/signal_dumps.h"

#include <array>
#include <atomic>
#include <string>

namespace sluice::process {

namespace {

using ops::Console;

void tell(Console& console, const proxy::Proxy& p, const std::string& text) noexcept {
  console.say(Console::Severity::Warning, text);
  if (p.log != nullptr) p.log->write(base::LogLevel::Notice, text);
}

void dump_proxy(Console& console, const proxy::Proxy& p) noexcept {
  if (p.log != nullptr)
    p.log->write(base::LogLevel::Notice, "SIGHUP received, dumping servers states for proxy " + p.rules->name + ".");
  const backend::Backend* const back = p.servers.get();
  for (std::size_t i = 0; back != nullptr && i < back->size(); ++i) {
    const backend::Server& s = back->server(i);
    backend::ServerCounters total;
    s.total(total);
    tell(console, p,
         "SIGHUP: Server " + p.rules->name + "/" + s.name() + " is " + (s.running() ? "UP" : "DOWN") +
             ". Conn: " + std::to_string(s.current()) + " act, " + std::to_string(s.queued()) + " pend, " +
             std::to_string(total.sessions.get()) + " tot.");
  }
  std::string text = "SIGHUP: Proxy " + p.rules->name;
  if (back == nullptr || back->size() == 0) {
    text += " has no servers.";
  } else if (back->active_servers() + back->backup_servers() == 0) {
    text += " has no server available !";
  } else {
    text += " has " + std::to_string(back->active_servers()) + " active servers and " +
            std::to_string(back->backup_servers()) + " backup servers available.";
    if (back->active_servers() == 0) text += " Running on backup servers only.";
  }
  proxy::FrontendCounters front;
  base::add_up(p.counters, front);
  backend::BackendCounters total;
  if (back != nullptr) back->total(total);
  text += " Conn: act(FE+BE): " + std::to_string(p.connections.load()) + "+" +
          std::to_string(back == nullptr ? 0 : back->current()) + ", " +
          std::to_string(back == nullptr ? 0 : back->total_queued()) + " pend (" +
          std::to_string(back == nullptr ? 0 : back->queued()) +
          " unass), tot(FE+BE): " + std::to_string(front.connections.get()) + "+" +
          std::to_string(total.sessions.get()) + ".";
  tell(console, p, text);
}

// One per request; the last thread prints and destroys it.
struct PoolDump {
  struct Kind {
    const char* name;
    std::atomic<std::size_t> bytes{0}, used{0}, free{0};
  };
  Console& console;
  std::atomic<std::size_t> left;
  std::array<Kind, 4> kinds{{{"buffer"}, {"session"}, {"stream"}, {"connection"}}};

  void add(std::size_t kind, base::RawPool& pool) noexcept {
    Kind& k = kinds[kind];
    k.bytes.store(pool.object_bytes());
    k.used.fetch_add(pool.used());
    k.free.fetch_add(pool.free_count());
    pool.trim(0);
  }

  void print() noexcept {
    std::string text = "Dumping pools usage. Use SIGQUIT to flush them.\n";
    std::size_t allocated = 0;
    std::size_t used = 0;
    for (const Kind& k : kinds) {
      const std::size_t all = (k.used + k.free) * k.bytes;
      allocated += all;
      used += k.used * k.bytes;
      text += "  - Pool " + std::string(k.name) + " (" + std::to_string(k.bytes) +
              " bytes) : " + std::to_string(k.used + k.free) + " allocated (" + std::to_string(all) + " bytes), " +
              std::to_string(k.used) + " used\n";
    }
    text += "Total: " + std::to_string(kinds.size()) + " pools, " + std::to_string(allocated) + " bytes allocated, " +
            std::to_string(used) + " used.\n";
    console.print(text);
  }
};

}  // namespace

void dump_servers(Console& console, const model::Model& model) noexcept {
  console.say(Console::Severity::Warning, "SIGHUP received, dumping servers states.");
  for (const auto& p : model.global.proxies) {
    if (!p->rules->spec.disabled) dump_proxy(console, *p);
  }
}

void dump_pools(Console& console, Threads& threads) noexcept {
  auto* dump = new PoolDump{console, {threads.group().size()}};
  threads.post_each_worker(
      [](void* ctx, runtime::Loop& loop, proxy::Worker& worker) noexcept {
        auto* d = static_cast<PoolDump*>(ctx);
        d->add(0, loop.buffers().raw());
        d->add(1, worker.session_memory());
        d->add(2, worker.stream_memory());
        d->add(3, worker.back_memory());
        if (d->left.fetch_sub(1) != 1) return;
        d->print();
        delete d;
      },
      dump);
}

}  // namespace sluice::process
