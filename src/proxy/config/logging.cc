// Log formats and when to log. Log targets belong to the room `ops`.
#include <fmt/format.h>

#include "proxy/config/common.h"
#include "sluice/http/header_id.h"

namespace sluice::proxy {
namespace {

using config::KeywordContext;

// Log formats of a backend are never used: the frontend logs.
bool front_format(KeywordContext& c) {
  if ((c.section().where() & config::kBackend) == 0) return true;
  c.warning(fmt::format("{} : '{}' directive is ignored in backends.", section_text(c.section()), c.name()));
  return false;
}

std::string_view kind_name(LogFormatKind k) noexcept {
  switch (k) {
    case LogFormatKind::Default:
      return {};
    case LogFormatKind::Tcp:
      return "option tcplog";
    case LogFormatKind::TcpClf:
      return "option tcplog clf";
    case LogFormatKind::Http:
      return "option httplog";
    case LogFormatKind::HttpClf:
      return "option httplog clf";
    case LogFormatKind::Custom:
      return "log-format";
  }
  return {};
}

void set_kind(KeywordContext& c, LogFormatKind kind, const Text& format) {
  auto& spec = spec_of(c).log_format;
  // Taking over from a defaults section is what defaults are for; twice in one section is a mistake, of which the
  // reference speaks only in defaults sections.
  if (is_own(c, spec.format.at) && spec.kind != LogFormatKind::Default) {
    auto text = fmt::format("'{}' overrides previous '{}' in {}.", kind_name(kind), kind_name(spec.kind),
                            section_text(c.section()));
    if (c.in_defaults())
      c.warning(std::move(text));
    else
      c.diag().diag(c.at(), std::move(text));
  }
  spec.kind = kind;
  spec.format = format;
}

template <LogFormatKind kPlain, LogFormatKind kClf>
void on_log_option(KeywordContext& c) {
  if (!front_format(c)) return;
  const bool clf = c.has(0) && c.arg(0).text == "clf";
  if (c.has(0) && !clf) {
    c.error(c.arg(0), fmt::format("keyword '{}' only supports option 'clf'.", c.name().substr(7)));
    return;
  }
  set_kind(c, clf ? kClf : kPlain, c.keyword().front());
}
void on_httpslog(KeywordContext& c) {
  c.error(c.keyword().back(), "'option httpslog' is not supported yet: it shows figures of TLS connections.");
}

void on_log_format(KeywordContext& c) {
  if (front_format(c)) set_kind(c, LogFormatKind::Custom, c.arg(0));
}
void on_error_log_format(KeywordContext& c) {
  if (!front_format(c)) return;
  if (c.in_defaults() && c.repeated())
    c.warning(fmt::format("'{0}' overrides previous '{0}' in {1}.", c.name(), section_text(c.section())));
  spec_of(c).error_log_format = c.arg(0);
}
void on_log_format_sd(KeywordContext& c) {
  if (front_format(c)) spec_of(c).log_format_sd = c.arg(0);
}
void on_unique_id_format(KeywordContext& c) { spec_of(c).unique_id_format = c.arg(0); }

void on_unique_id_header(KeywordContext& c) {
  if (!needs_front(c)) return;
  spec_of(c).unique_id_header = lower_case(c.arg(0).text);
}

constexpr std::uint32_t kAll = config::kDefaultsAndProxies;
constexpr config::KeywordRow kRows[] = {
    {"option httplog", kAll, 0, 1, "[clf]", on_log_option<LogFormatKind::Http, LogFormatKind::HttpClf>},
    {"option tcplog", kAll, 0, 1, "[clf]", on_log_option<LogFormatKind::Tcp, LogFormatKind::TcpClf>},
    {"option httpslog", kAll, 0, 0, "", on_httpslog},
    {"log-format", kAll, 1, 1, "<fmt>", on_log_format},
    {"error-log-format", kAll, 1, 1, "<fmt>", on_error_log_format},
    {"log-format-sd", kAll, 1, 1, "<fmt>", on_log_format_sd},
    {"unique-id-format", kAll, 1, 1, "<fmt>", on_unique_id_format},
    {"unique-id-header", kAll, 1, 1, "<name>", on_unique_id_header},
};

}  // namespace

std::span<const config::KeywordRow> log_rows() noexcept { return kRows; }

}  // namespace sluice::proxy
