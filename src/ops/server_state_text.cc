#include "ops/server_state_text.h"

#include "sluice/base/time.h"

namespace sluice::ops {

namespace {

using backend::CheckStatus;

// Results and states of checks (management manual 9.3 "show servers state").
enum CheckResultNumber : unsigned { kUnknown = 0, kFailed = 2, kPassed = 3, kPassedConditionally = 4 };
enum CheckStateBit : unsigned { kInProgress = 1, kConfigured = 2, kEnabled = 4, kPaused = 8, kAgent = 16 };

unsigned result_number(CheckStatus s) noexcept {
  switch (s) {
    case CheckStatus::Unknown:
    case CheckStatus::Init:
    case CheckStatus::Checked:
    case CheckStatus::HandedOver:
      return kUnknown;
    case CheckStatus::L7OkConditional:
      return kPassedConditionally;
    default:
      return backend::passed(s) ? kPassed : kFailed;
  }
}

std::string ip_or_dash(const net::SocketAddress& a) {
  return a.family() == AF_INET || a.family() == AF_INET6 ? a.address().ip_text() : std::string("-");
}

void append_field(std::string& out, std::int64_t number) {
  out += ' ';
  out += std::to_string(number);
}

}  // namespace

std::string_view server_state_head() noexcept {
  return "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
         "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state "
         "srv_agent_state "
         "bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr "
         "srv_agent_addr srv_agent_port\n";
}

// The reference's own order, in which an aborted start and a few unused ones have places too.
unsigned check_status_number(CheckStatus s) noexcept {
  switch (s) {
    case CheckStatus::Unknown:
      return 0;
    case CheckStatus::Init:
      return 1;
    case CheckStatus::Checked:
      return 2;
    case CheckStatus::HandedOver:
      return 4;
    case CheckStatus::SockError:
      return 5;
    case CheckStatus::L4Ok:
      return 6;
    case CheckStatus::L4Timeout:
      return 7;
    case CheckStatus::L4Connection:
      return 8;
    case CheckStatus::L6Ok:
      return 9;
    case CheckStatus::L6Timeout:
      return 10;
    case CheckStatus::L6Response:
      return 11;
    case CheckStatus::L7Timeout:
      return 12;
    case CheckStatus::L7Response:
      return 13;
    case CheckStatus::L7Ok:
      return 15;
    case CheckStatus::L7OkConditional:
      return 16;
    case CheckStatus::L7Status:
      return 17;
    case CheckStatus::ProcError:
      return 18;
    case CheckStatus::ProcTimeout:
      return 19;
    case CheckStatus::ProcOk:
      return 20;
  }
  return 0;
}

void append_server_state(std::string& out, const proxy::Proxy& p, const backend::Server& s) {
  const backend::CheckResult check = s.last_check();
  const backend::ServerTarget target = s.target();
  const backend::CheckTarget check_target = s.check_target();
  unsigned check_state = check.running ? kInProgress : 0U;
  if (s.checked()) check_state |= kConfigured;
  if (s.checks_enabled()) check_state |= kEnabled;
  if (s.in_maintenance()) check_state |= kPaused;
  const backend::CheckTarget agent_target = s.agent_target();
  unsigned agent_state = 0;
  if (s.has_agent()) agent_state = kAgent | kConfigured | (s.last_agent().running ? kInProgress : 0U);
  if (s.agent_enabled()) agent_state |= kEnabled;

  out += std::to_string(p.rules->id) + " " + p.rules->name + " " + std::to_string(s.id()) + " " + s.name() + " " +
         ip_or_dash(target.address);
  append_field(out, static_cast<int>(s.op_state()));
  append_field(out, s.admin());
  append_field(out, s.weight());
  append_field(out, s.options().weight);
  append_field(out, s.state_figures(base::Clock::now()).last_change_seconds);
  append_field(out, check_status_number(check.status));
  append_field(out, result_number(check.status));
  append_field(out, s.checked() ? s.health().counter : 0);
  append_field(out, check_state);
  append_field(out, agent_state);
  append_field(out, p.rules->spec.id != 0 ? 1 : 0);
  append_field(out, s.spec().id_given ? 1 : 0);
  out += ' ';
  out += s.spec().address.needs_resolving ? s.spec().address.host : std::string("-");
  append_field(out, target.port);
  out += " -";           // srvrecord
  append_field(out, 0);  // srv_use_ssl
  append_field(out, check_target.port);
  out += ' ';
  out += check_target.address ? ip_or_dash(*check_target.address) : std::string("-");
  out += ' ';
  out += agent_target.address ? ip_or_dash(*agent_target.address) : std::string("-");
  append_field(out, agent_target.port);
  out += '\n';
}

}  // namespace sluice::ops
