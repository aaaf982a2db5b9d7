#include "ops/stream_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iterator>

#include "sluice/proxy/global.h"
#include "sluice/runtime/poller.h"

namespace sluice::ops {

namespace {

using proxy::StreamView;

// States of a side as the reference numbers and names them.
struct SideState {
  unsigned number;
  const char* name;
};
SideState front_state(const StreamView& v) noexcept { return v.ended ? SideState{10, "CLO"} : SideState{8, "EST"}; }
SideState back_state(const StreamView& v) noexcept {
  constexpr SideState kStates[] = {{0, "INI"}, {2, "QUE"}, {3, "TAR"}, {5, "CON"}, {8, "EST"}, {10, "CLO"}};
  return v.back_state_number < std::size(kStates) ? kStates[v.back_state_number] : SideState{0, "INI"};
}

const char* protocol(const net::Address& a) noexcept {
  switch (a.family()) {
    case net::Family::Ip4:
      return "tcpv4";
    case net::Family::Ip6:
      return "tcpv6";
    case net::Family::Unix:
      return "unix_stream";
    case net::Family::None:
      break;
  }
  return "?";
}

std::string address_text(const net::Address& a) {
  if (a.family() == net::Family::None) return "?";
  return a.ip_text() + ":" + std::to_string(a.port());
}

std::int64_t age_s(const StreamView& v, base::TimePoint now) noexcept {
  return std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(now - v.began).count());
}

base::TimePoint next_deadline(const StreamView& v) noexcept {
  return std::min({v.client_deadline, v.server_deadline, v.phase_deadline});
}

// Interest of one descriptor, as the flags of its side.
unsigned reads(unsigned interest) noexcept { return (interest & runtime::kIn) != 0 ? 1U : 0U; }
unsigned writes(unsigned interest) noexcept { return (interest & runtime::kOut) != 0 ? 2U : 0U; }

const char* name_or_none(const proxy::CompiledProxy* p) noexcept { return p == nullptr ? "<NONE>" : p->name.c_str(); }

std::string uri_text(const StreamView& v) {
  std::string out;
  for (const char c : v.uri.substr(0, 1024)) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x20 || u >= 0x7f || c == '"')
      fmt::format_to(std::back_inserter(out), "\\x{:02X}", u);
    else
      out += c;
  }
  return out;
}

void append_date(std::string& out, std::int64_t micros) {
  const std::time_t seconds = static_cast<std::time_t>(micros / 1000000);
  std::tm tm{};
  ::localtime_r(&seconds, &tm);
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  fmt::format_to(std::back_inserter(out), "[{:02}/{}/{:04}:{:02}:{:02}:{:02}.{:06}]", tm.tm_mday,
                 kMonths[tm.tm_mon % 12], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec, micros % 1000000);
}

}  // namespace

void append_pointer(std::string& out, const void* p) { fmt::format_to(std::back_inserter(out), "{}", p); }

std::string duration_text(base::TimePoint until, base::TimePoint now) {
  if (until == base::kNever) return {};
  const std::int64_t s =
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(until - now).count());
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return s % 60 == 0 ? fmt::format("{}m", s / 60) : fmt::format("{}m{}s", s / 60, s % 60);
  if (s < 86400) return s % 3600 < 60 ? fmt::format("{}h", s / 3600) : fmt::format("{}h{}m", s / 3600, s % 3600 / 60);
  return s % 86400 < 3600 ? fmt::format("{}d", s / 86400) : fmt::format("{}d{}h", s / 86400, s % 86400 / 3600);
}

void append_stream_line(std::string& out, const StreamView& v, base::TimePoint now, bool with_uri) {
  const std::int64_t age = age_s(v, now);
  append_pointer(out, v.id);
  fmt::format_to(std::back_inserter(out),
                 ": proto={} src={} fe={} be={} srv={} ts={:02x} epoch=0 age={}s calls={} rate={} cpu=0 lat=0",
                 protocol(v.source), address_text(v.source), name_or_none(v.frontend), name_or_none(v.backend),
                 v.server == nullptr ? "<none>" : v.server->name().c_str(), v.phase_number, age, v.calls,
                 v.calls / std::max<std::int64_t>(1, age));
  fmt::format_to(std::back_inserter(out), " rq[f={:x}h,i={},an={:02x}h,ax={}] rp[f={:x}h,i={},an=00h,ax=]",
                 v.request_state_number, v.request_pending, v.phase_number, duration_text(v.phase_deadline, now),
                 v.response_state_number, v.response_pending);
  fmt::format_to(std::back_inserter(out), " scf=[{},{:x}h,fd=1/{},rex={},wex=] scb=[{},{:x}h,fd=1/{},rex={},wex=]",
                 front_state(v).number, reads(v.front_interest) | writes(v.front_interest), v.front_fd,
                 duration_text(v.client_deadline, now), back_state(v).number,
                 reads(v.back_interest) | writes(v.back_interest), v.back_fd, duration_text(v.server_deadline, now));
  fmt::format_to(std::back_inserter(out), " exp={} rc={} c_exp=", duration_text(next_deadline(v), now), v.retries);
  if (with_uri && !v.uri.empty()) fmt::format_to(std::back_inserter(out), " uri=\"{}\"", uri_text(v));
  out += '\n';
}

void append_stream_block(std::string& out, const StreamView& v, base::TimePoint now, bool with_uri) {
  const auto it = std::back_inserter(out);
  const auto until = [now](base::TimePoint t) {
    return t == base::kNever ? std::string("<NEVER>") : duration_text(t, now);
  };
  append_pointer(out, v.id);
  out += ": ";
  append_date(out, v.began_wall_us);
  fmt::format_to(it, " id={} proto={} source={}\n", v.number, protocol(v.source), address_text(v.source));
  fmt::format_to(it, "  phase={} ({}), conn_retries={}, conn_exp={} waiting={} tunnel={} epoch=0\n",
                 v.phase.empty() ? std::string_view("-") : v.phase, v.phase_number, v.retries, until(v.phase_deadline),
                 v.queued ? 1 : 0, v.tunnel ? 1 : 0);
  fmt::format_to(it, "  frontend={} (id={} mode={}), listener={} (id={}) addr={}\n", name_or_none(v.frontend),
                 v.frontend->id, v.http ? "http" : "tcp", v.listener->name.empty() ? "?" : v.listener->name.c_str(),
                 v.listener->identity.id, address_text(v.local));
  if (v.backend == nullptr) {
    out += "  backend=<NONE> (id=-1 mode=-)\n";
  } else {
    fmt::format_to(it, "  backend={} (id={} mode={})", v.backend->name, v.backend->id, v.http ? "http" : "tcp");
    if (v.back_local.family() != net::Family::None) fmt::format_to(it, " addr={}", address_text(v.back_local));
    out += '\n';
  }
  if (v.server == nullptr) {
    out += "  server=<NONE> (id=-1)\n";
  } else {
    fmt::format_to(it, "  server={} (id={})", v.server->name(), v.server->id());
    if (v.back_peer.family() != net::Family::None) fmt::format_to(it, " addr={}", address_text(v.back_peer));
    out += '\n';
  }
  fmt::format_to(it, "  task={} (calls={} rate={} exp={} age={}s)\n", v.id, v.calls,
                 v.calls / std::max<std::int64_t>(1, age_s(v, now)), until(next_deadline(v)), age_s(v, now));
  if (v.http) {
    fmt::format_to(it, "  txn={} meth={} status={} req.st={} rsp.st={} cause={}{}\n", v.id,
                   v.method.empty() ? std::string_view("-") : v.method, v.status == 0 ? -1 : int{v.status},
                   v.request_state, v.response_state, v.cause, v.where);
  }
  fmt::format_to(it, "  scf state={} fd={} read={} write={}\n", front_state(v).name, v.front_fd,
                 reads(v.front_interest), writes(v.front_interest) / 2);
  fmt::format_to(it, "  scb state={} fd={} read={} write={}\n", back_state(v).name, v.back_fd, reads(v.back_interest),
                 writes(v.back_interest) / 2);
  fmt::format_to(it, "  req={} (st={} in={} out={}) rex={}\n", v.id, v.request_state, v.request_in, v.request_out,
                 until(v.client_deadline));
  fmt::format_to(it, "  res={} (st={} in={} out={}) rex={}\n", v.id, v.response_state, v.response_in, v.response_out,
                 until(v.server_deadline));
  if (with_uri && !v.uri.empty()) fmt::format_to(it, "  uri=\"{}\"\n", uri_text(v));
}

}  // namespace sluice::ops
