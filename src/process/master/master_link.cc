#include "process/master/master_link.h"

#include <fcntl.h>

#include "sluice/base/strings.h"

namespace sluice::process {

std::unique_ptr<MasterLink> MasterLink::find(config::Environment& env) {
  const auto channel = env.get(kChannelVariable);
  const auto fd = channel ? base::parse_int<int>(*channel) : std::nullopt;
  std::unique_ptr<MasterLink> link;
  if (fd && ::fcntl(*fd, F_SETFD, FD_CLOEXEC) == 0) {
    link.reset(new MasterLink);
    link->channel_ = Channel(base::UniqueFd(*fd));
    link->reload_ = env.get(kReloadVariable).has_value();
    link->background_ = env.get(kBackgroundVariable).has_value();
    std::string_view list = env.get(kSocketsVariable).value_or(std::string_view());
    while (!list.empty()) {
      const auto comma = std::min(list.find(','), list.size());
      if (const auto one = base::parse_int<int>(list.substr(0, comma))) link->offered_.add(base::UniqueFd(*one));
      list.remove_prefix(std::min(comma + 1, list.size()));
    }
  }
  for (const char* name : {kChannelVariable, kSocketsVariable, kReloadVariable, kBackgroundVariable}) env.unset(name);
  return link;
}

void MasterLink::tell_facts(const GlobalSpec& global, std::string_view version) const {
  std::string text = "version=" + std::string(version) + "\n";
  text += "max-reloads=" + std::to_string(global.max_reloads) + "\n";
  if (global.quiet) text += "quiet=1\n";
  if (global.no_exit_on_failure) text += "no-exit-on-failure=1\n";
  if (!global.pid_file.empty()) text += "pidfile=" + global.pid_file + "\n";
  channel_.send(Note::Facts, text);
}

void MasterLink::tell_log(std::string_view text) const {
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, Channel::kMostText);
    if (!channel_.send(Note::Log, piece)) return;
    text.remove_prefix(piece.size());
  }
}

void MasterLink::tell_ready(const std::vector<GivenSocket>& sockets) const {
  std::vector<int> fds;
  for (const GivenSocket& s : sockets) fds.push_back(s.fd);
  std::span<const int> rest(fds);
  while (!rest.empty()) {
    const auto some = rest.first(std::min(rest.size(), Channel::kMostFds));
    if (!channel_.send(Note::Sockets, {}, some)) return;
    rest = rest.subspan(some.size());
  }
  channel_.send(Note::Ready);
}

void MasterLink::watch(runtime::Loop& loop, Listener& listener) noexcept {
  loop_ = &loop;
  listener_ = &listener;
  loop.watch(channel_.fd(), runtime::kIn, *this);
}

void MasterLink::on_io(unsigned) noexcept {
  Message m;
  for (;;) {
    switch (channel_.receive(m)) {
      case Channel::Got::Nothing:
        return;
      case Channel::Got::Closed:
        loop_->unwatch(channel_.fd());
        channel_.close();
        listener_->on_master_gone();
        return;
      case Channel::Got::Message:
        if (m.note == Note::Client && m.fds.size() == 1) listener_->on_master_client(std::move(m.fds.front()), m.text);
        break;
    }
  }
}

}  // namespace sluice::process
