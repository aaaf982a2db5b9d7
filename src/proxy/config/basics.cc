// mode, limits, identity and monitoring.
#include <fmt/format.h>

#include "proxy/config/rule_order.h"

namespace sluice::proxy {
namespace {

using config::KeywordContext;

void on_mode(KeywordContext& c) {
  const auto& word = c.arg(0);
  if (word.text == "tcp") {
    spec_of(c).mode = Mode::Tcp;
  } else if (word.text == "http") {
    spec_of(c).mode = Mode::Http;
  } else if (word.text == "health") {
    c.error(word, "'mode health' doesn't exist anymore. Please use 'http-request return status 200' instead.");
  } else if (word.text == "log" || word.text == "spop" || word.text == "haterm") {
    c.error(word, fmt::format("'mode {}' is not supported yet.", word.text));
  } else {
    c.error(word, fmt::format("unknown proxy mode '{}'.", word.text), "the modes are 'tcp' and 'http'");
  }
}

void on_disabled(KeywordContext& c) { spec_of(c).disabled = true; }
void on_enabled(KeywordContext& c) { spec_of(c).disabled = false; }

void on_id(KeywordContext& c) {
  const auto v = base::parse_int<std::uint32_t>(c.arg(0).text);
  if (!v || *v == 0 || *v > 0x7fffffffU) {
    c.error(c.arg(0), "custom id has to be > 0.");
    return;
  }
  spec_of(c).id = *v;
  // Statistics and state files know proxies by these numbers.
  for (const config::Section& other : c.document().sections) {
    if (&other == &c.section() || (other.where() & config::kProxies) == 0) continue;
    const auto* spec = other.parts.find<ProxySpec>();
    if (spec == nullptr || spec->id != *v) continue;
    const auto kind = [](const config::Section& s) { return s.kind() == "listen" ? "proxy" : s.kind(); };
    c.error(c.arg(0), fmt::format("{} {} reuses same custom id as {} {} (declared at {}).", kind(c.section()),
                                  c.section().name, kind(other), other.name, c.document().sources.place(other.at)));
    return;
  }
}

void on_guid(KeywordContext& c) { spec_of(c).guid = std::string(c.arg(0).text); }

void on_description(KeywordContext& c) {
  auto& text = spec_of(c).description;
  text.clear();
  for (const auto& w : c.args()) {
    if (!text.empty()) text += ' ';
    text += w.text;
  }
}

void on_maxconn(KeywordContext& c) {
  if (!needs_front(c, " Maybe you want 'fullconn' instead ?")) return;
  if (const auto v = c.integer(c.arg(0), 0, 0x7fffffff)) spec_of(c).maxconn = static_cast<std::uint32_t>(*v);
}

void on_backlog(KeywordContext& c) {
  if (!needs_front(c)) return;
  if (const auto v = c.integer(c.arg(0), 0, 0x7fffffff)) spec_of(c).backlog = static_cast<std::uint32_t>(*v);
}

void on_rate_limit(KeywordContext& c) {
  if (!needs_front(c)) return;
  if (const auto v = c.integer(c.arg(0), 0, 0x7fffffff)) {
    spec_of(c).rate_limit_sessions = static_cast<std::uint32_t>(*v);
  }
}

void on_rate_limit_other(KeywordContext& c) {
  c.error(c.arg(0), fmt::format("'rate-limit' only supports 'sessions' (got '{}')", c.arg(0).text));
}

void on_retries(KeywordContext& c) {
  if (!needs_back(c)) return;
  if (const auto v = c.integer(c.arg(0), 0, 0x7fffffff)) spec_of(c).retries = static_cast<std::uint32_t>(*v);
}

struct RetryName {
  std::string_view name;
  std::uint32_t bits;
};
constexpr RetryName kRetryNames[] = {
    {"conn-failure", kRetryConnFailure},
    {"empty-response", kRetryEmptyResponse},
    {"junk-response", kRetryJunkResponse},
    {"response-timeout", kRetryResponseTimeout},
    {"0rtt-rejected", kRetry0RttRejected},
    {"all-retryable-errors", kRetryAllRetryable},
    {"401", kRetry401},
    {"403", kRetry403},
    {"404", kRetry404},
    {"408", kRetry408},
    {"421", kRetry421},
    {"425", kRetry425},
    {"429", kRetry429},
    {"500", kRetry500},
    {"501", kRetry501},
    {"502", kRetry502},
    {"503", kRetry503},
    {"504", kRetry504},
};

void on_retry_on(KeywordContext& c) {
  if (!needs_back(c)) return;
  if (c.size() == 0) {
    c.error("'retry-on' expects at least one keyword.");
    return;
  }
  std::uint32_t bits = 0;
  for (const auto& w : c.args()) {
    if (w.text == "none") {
      if (c.size() > 1) {
        c.error(w, "'retry-on' 'none' keyword only usable alone");
        return;
      }
      continue;
    }
    const RetryName* found = nullptr;
    config::Suggestion near(w.text);
    for (const auto& r : kRetryNames) {
      near.offer(r.name);
      if (r.name == w.text) found = &r;
    }
    if (found == nullptr) {
      c.error(w, fmt::format("'retry-on': unknown keyword '{}'{}", w.text, near.text()));
      return;
    }
    bits |= found->bits;
  }
  spec_of(c).retry_on = bits;
}

void on_max_keep_alive_queue(KeywordContext& c) {
  if (!needs_back(c)) return;
  if (const auto v = c.integer(c.arg(0), -1, 0x7fffffff)) {
    spec_of(c).max_keep_alive_queue = static_cast<std::int32_t>(*v);
  }
}

void on_max_session_srv_conns(KeywordContext& c) {
  if (!needs_front(c)) return;
  if (const auto v = c.integer(c.arg(0), 0, 0x7fffffff)) {
    spec_of(c).max_session_srv_conns = static_cast<std::uint32_t>(*v);
  }
}

void on_monitor_uri(KeywordContext& c) {
  if (!needs_front(c)) return;
  spec_of(c).monitor_uri = c.arg(0).text;
  set_http_only(c, c.name(), Sides::Front);
}

void on_monitor_fail(KeywordContext& c) {
  if (!needs_front(c)) return;
  Words words(c.args());
  if (!words.at_condition()) {
    c.error("'monitor fail' requires either 'if' or 'unless' followed by a condition.");
    return;
  }
  warn_if_late(c, Stage::MonitorFail);
  spec_of(c).monitor_fail.push_back(words.take_condition());
}

void on_monitor_other(KeywordContext& c) {
  c.error(c.has(0) ? c.arg(0) : c.keyword().front(), "'monitor' only supports 'fail'.");
}

// TCP keep-alive parameters.
template <TcpKeepAlive ProxySpec::*Side, std::uint32_t TcpKeepAlive::*Member, bool Front>
void on_keepalive_count(KeywordContext& c) {
  if (Front ? !needs_front(c) : !needs_back(c)) return;
  if (const auto v = c.integer(c.arg(0), 0, 0x7fffffff)) spec_of(c).*Side.*Member = static_cast<std::uint32_t>(*v);
}
template <TcpKeepAlive ProxySpec::*Side, std::uint32_t TcpKeepAlive::*Member, bool Front>
void on_keepalive_time(KeywordContext& c) {
  if (Front ? !needs_front(c) : !needs_back(c)) return;
  if (const auto v = c.time(c.arg(0), config::TimeUnit::S)) {
    spec_of(c).*Side.*Member = static_cast<std::uint32_t>((v->count() + 999) / 1000);
  }
}

constexpr std::uint32_t kAll = config::kDefaultsAndProxies;
constexpr std::uint32_t kFront = config::kDefaultsAndProxies;  // a backend gets the reference's warning, not an error

constexpr config::KeywordRow kRows[] = {
    {"mode", kAll, 1, 1, "{tcp|http}", on_mode},
    {"disabled", kAll, 0, 0, "", on_disabled},
    {"enabled", kAll, 0, 0, "", on_enabled},
    {"id", config::kProxies, 1, 1, "<value>", on_id},
    {"guid", config::kProxies, 1, 1, "<string>", on_guid},
    {"description", config::kProxies, 1, config::kAnyArgs, "<text>", on_description},
    {"maxconn", kFront, 1, 1, "<conns>", on_maxconn},
    {"backlog", kFront, 1, 1, "<conns>", on_backlog},
    {"rate-limit sessions", kFront, 1, 1, "<rate>", on_rate_limit},
    {"rate-limit", kFront, 1, config::kAnyArgs, "sessions <rate>", on_rate_limit_other},
    {"retries", kAll, 1, 1, "<value>", on_retries},
    {"retry-on", kAll, 0, config::kAnyArgs, "<keyword>...", on_retry_on},
    {"max-keep-alive-queue", kAll, 1, 1, "<value>", on_max_keep_alive_queue},
    {"max-session-srv-conns", kFront, 1, 1, "<nb>", on_max_session_srv_conns},
    {"monitor-uri", kFront, 1, 1, "<uri>", on_monitor_uri},
    {"monitor fail", config::kProxies, 0, config::kAnyArgs, "{if|unless} <condition>", on_monitor_fail},
    {"monitor", config::kProxies, 0, config::kAnyArgs, "fail {if|unless} <condition>", on_monitor_other},
    {"clitcpka-cnt", kFront, 1, 1, "<count>",
     on_keepalive_count<&ProxySpec::client_keepalive, &TcpKeepAlive::count, true>},
    {"clitcpka-idle", kFront, 1, 1, "<timeout>",
     on_keepalive_time<&ProxySpec::client_keepalive, &TcpKeepAlive::idle_seconds, true>},
    {"clitcpka-intvl", kFront, 1, 1, "<timeout>",
     on_keepalive_time<&ProxySpec::client_keepalive, &TcpKeepAlive::interval_seconds, true>},
    {"srvtcpka-cnt", kAll, 1, 1, "<count>",
     on_keepalive_count<&ProxySpec::server_keepalive, &TcpKeepAlive::count, false>},
    {"srvtcpka-idle", kAll, 1, 1, "<timeout>",
     on_keepalive_time<&ProxySpec::server_keepalive, &TcpKeepAlive::idle_seconds, false>},
    {"srvtcpka-intvl", kAll, 1, 1, "<timeout>",
     on_keepalive_time<&ProxySpec::server_keepalive, &TcpKeepAlive::interval_seconds, false>},
};

}  // namespace

std::span<const config::KeywordRow> basic_rows() noexcept { return kRows; }

}  // namespace sluice::proxy
