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

}  // namespace

Receiver::Share Receiver::share_of(unsigned thread, unsigned threads) const {
  Share share;
  if (sockets.size() < threads) {
    share.sockets.push_back(thread % sockets.size());
    share.shared = threads > 1;
    return share;
  }
  for (std::size_t i = thread; i < sockets.size(); i += threads) share.sockets.push_back(i);
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

bool Receivers::open(const model::Listener& l, std::string& why) {
  Receiver receiver;
  receiver.plan = &l;
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
  const bool own_per_thread = options.reuseport && l.spec->address.kind == net::AddressKind::Ip && l.port != 0;
  const std::size_t wanted = own_per_thread ? threads_ : 1;
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
  l.info->address = receiver.sockets.front().address.text();
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
  const auto in_use = [](const Failure& f) { return f.why.find(std::strerror(EADDRINUSE)) != std::string::npos; };
  if (!failures.empty() && std::all_of(failures.begin(), failures.end(), in_use) && old.pause()) {
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

std::vector<int> Receivers::to_give(bool all) const {
  std::vector<int> out;
  for (const Receiver& r : receivers_) {
    for (const net::OpenedListener& s : r.sockets) {
      if (!s.fd.valid() || s.inherited) continue;
      out.push_back(s.fd.get());
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
      launch_.console.say(Console::Severity::Alert, "Starting frontend GLOBAL: " + opened.error());
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
  const std::string holder = port_holder(f.listener->port);
  launch_.console.say(severity, "Binding [" + std::string(launch_.document.sources.path(at.file)) + ":" +
                                    std::to_string(at.line) + "] for " + std::string(kind_of(*f.listener->proxy)) +
                                    " " + f.listener->proxy->rules->name + ": " + f.why +
                                    (holder.empty() ? std::string() : ", held by " + holder));
}

}  // namespace sluice::process
