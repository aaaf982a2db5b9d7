#include "process/receivers.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "process/listener_control.h"
#include "process/old_processes.h"
#include "process/port_holder.h"
#include "sluice/ops/cli_server.h"
#include "sluice/ops/cli_spec.h"

namespace sluice::process {

namespace {

using ops::Console;
constexpr int kDefaultBacklog = 4096;

bool says_in_use(const std::string& why) { return why.find(std::strerror(EADDRINUSE)) != std::string::npos; }

// Who has the address that could not be had; "" when it cannot be told.
std::string holder_of(const net::AddressSpec& address, std::uint16_t port) {
  return address.kind == net::AddressKind::AbstractUnix ? abstract_holder(address.host) : port_holder(port);
}

// What went wrong, with who is in the way where that can be told. away: in another network namespace, of which /proc
// shows us nothing.
std::string with_holder(std::string why, const net::AddressSpec& address, std::uint16_t port, bool away) {
  if (!says_in_use(why) || away) return why;
  const std::string holder = holder_of(address, port);
  return holder.empty() ? why : why + ", held by " + holder;
}

}  // namespace

Receiver::Share Receiver::share_of(unsigned thread) const {
  Share share;
  const auto own = std::find(threads.begin(), threads.end(), thread);
  if (own == threads.end()) return share;
  const auto place = static_cast<std::size_t>(own - threads.begin());
  if (sockets.size() < threads.size()) {
    const std::size_t socket = place % sockets.size();
    share.sockets.push_back(socket);
    // Threads are dealt out one by one, so that the next one of this socket is so many places away.
    share.shared = socket + sockets.size() < threads.size();
    return share;
  }
  for (std::size_t i = place; i < sockets.size(); i += threads.size()) share.sockets.push_back(i);
  return share;
}

net::ListenOptions Receivers::options_of(const model::Listener& l) const {
  net::ListenOptions o;
  o.reuseport = launch_.global.reuseport;
  const proxy::ProxySpec& spec = l.proxy->rules->spec;
  const std::uint32_t limit = l.spec->backlog != 0 ? l.spec->backlog
                              : spec.backlog != 0  ? spec.backlog
                              : spec.maxconn != 0  ? spec.maxconn
                                                   : kDefaultBacklog;
  o.backlog = static_cast<int>(limit);
  const proxy::Tri smart = spec.options.tcp_smart_accept;
  o.delay_ack = smart == proxy::Tri::On || (smart == proxy::Tri::Unset && spec.mode == proxy::Mode::Http);
  if (const config::Section* g = launch_.document.global()) {
    if (const auto* u = g->parts.find<net::UnixBindSpec>()) {
      o.unix_prefix = u->prefix;
      o.unix_defaults = u->permissions;
    }
  }
  return o;
}

std::size_t Receivers::sockets_of(const model::Listener& l, const net::ListenOptions& options,
                                  std::size_t threads) const {
  if (!options.reuseport || l.spec->address.kind != net::AddressKind::Ip || l.port == 0) return 1;
  net::Shards shards = l.spec->shards;
  if (shards.kind == net::Shards::Kind::Default) shards = launch_.global.default_shards;
  switch (shards.kind) {
    case net::Shards::Kind::Number:
      return std::min<std::size_t>(shards.number, threads);
    case net::Shards::Kind::ByGroup:
      return 1;
    case net::Shards::Kind::Default:
    case net::Shards::Kind::ByThread:
      break;
  }
  return threads;
}

bool Receivers::open(const model::Listener& l, std::string& why) {
  Receiver receiver;
  receiver.plan = &l;
  for (unsigned t = 0; t < threads_; ++t)
    if (!l.spec->threads || l.spec->threads->test(t)) receiver.threads.push_back(t);
  const net::ListenOptions options = options_of(l);
  for (base::UniqueFd& fd : offered_.take(*l.spec, l.port, options.unix_prefix)) {
    net::BindSpec taken = *l.spec;
    taken.address.kind = net::AddressKind::InheritedFd;
    taken.address.fd = fd.get();
    auto opened = net::open_listener(taken, l.port, options);
    if (!opened) continue;
    opened->inherited = false;
    receiver.sockets.push_back(std::move(*opened));
  }
  const std::size_t wanted = sockets_of(l, options, receiver.threads.size());
  while (receiver.sockets.size() < wanted) {
    auto opened = net::open_listener(*l.spec, l.port, options);
    if (!opened) {
      why = opened.error();
      break;
    }
    if (receiver.sockets.empty() && !opened->warning.empty())
      complain({&l, opened->warning}, Console::Severity::Warning);
    receiver.sockets.push_back(std::move(*opened));
  }
  // A socket that was taken over may not tolerate others beside it: the threads then share it.
  if (receiver.sockets.empty()) return false;
  l.info->address = l.spec->address.kind == net::AddressKind::SocketPair
                        ? "sockpair@" + std::to_string(l.spec->address.fd)
                        : receiver.sockets.front().address.text();
  l.info->fixed_dst = net::single_destination(*l.spec, receiver.sockets.front().address);
  receivers_.push_back(std::move(receiver));
  return true;
}

std::vector<Receivers::Failure> Receivers::open_each(const std::vector<const model::Listener*>& wanted) {
  std::vector<Failure> failures;
  for (const model::Listener* l : wanted) {
    std::string why;
    if (!open(*l, why)) failures.push_back({l, std::move(why)});
  }
  return failures;
}

bool Receivers::bind_all(OldProcesses& old) {
  std::vector<const model::Listener*> wanted;
  for (const model::Listener& l : model_.listeners) wanted.push_back(&l);
  std::vector<Failure> failures = open_each(wanted);
  if (!failures.empty() &&
      std::all_of(failures.begin(), failures.end(), [](const Failure& f) { return says_in_use(f.why); }) &&
      old.pause()) {
    for (OldProcesses::Attempts attempts; !failures.empty() && attempts.next();) {
      wanted.clear();
      for (const Failure& f : failures) wanted.push_back(f.listener);
      failures = open_each(wanted);
    }
    if (!failures.empty()) old.resume();
  }
  for (const Failure& f : failures) complain(f, Console::Severity::Alert);
  const bool ok = open_stats_sockets() && failures.empty();
  offered_.close();
  if (!ok) {
    introduce(launch_);
    launch_.console.say(Console::Severity::Alert, "[" + launch_.identity.name +
                                                      ".main()] Some protocols failed to start their listeners! "
                                                      "Exiting.");
  }
  return ok;
}

std::vector<GivenSocket> Receivers::to_give(bool all) const {
  std::vector<GivenSocket> out;
  for (const Receiver& r : receivers_) {
    for (const net::OpenedListener& s : r.sockets) {
      if (!s.fd.valid() || s.inherited) continue;
      out.push_back({s.fd.get(), r.plan->spec->netns});
      if (!all) break;
    }
  }
  return out;
}

bool Receivers::open_stats_sockets() {
  const config::Section* g = launch_.document.global();
  const auto* stats = g == nullptr ? nullptr : g->parts.find<ops::StatsSpec>();
  if (stats == nullptr) return true;
  bool ok = true;
  for (const ops::StatsSocketSpec& s : stats->sockets) {
    auto opened = ops::open_stats_socket(s);
    if (!opened) {
      introduce(launch_);
      launch_.console.say(Console::Severity::Alert,
                          "Starting frontend GLOBAL: " + with_holder(opened.error(), s.address, s.address.port, false));
      ok = false;
      continue;
    }
    stats_sockets_.push_back(std::move(*opened));
  }
  return ok;
}

void Receivers::complain(const Failure& f, Console::Severity severity) {
  introduce(launch_);
  const config::Location at = f.listener->spec->at;
  const net::BindSpec& spec = *f.listener->spec;
  launch_.console.say(severity, "Binding [" + std::string(launch_.document.sources.path(at.file)) + ":" +
                                    std::to_string(at.line) + "] for " + std::string(kind_of(*f.listener->proxy)) +
                                    " " + f.listener->proxy->rules->name + ": " +
                                    with_holder(f.why, spec.address, f.listener->port, !spec.netns.empty()));
}

}  // namespace sluice::process
