// option forwardfor, originalto, forwarded; http-send-name-header.
#include <fmt/format.h>

#include "proxy/config/common.h"
#include "sluice/net/address.h"

namespace sluice::proxy {
namespace {

using config::KeywordContext;

bool network_ok(std::string_view text) {
  const auto slash = text.find('/');
  net::Address a;
  if (!net::parse_ip(text.substr(0, slash), a)) return false;
  if (slash == std::string_view::npos) return true;
  const auto mask = text.substr(slash + 1);
  if (const auto bits = base::parse_int<unsigned>(mask)) return *bits <= (a.family() == net::Family::Ip4 ? 32U : 128U);
  net::Address m;
  return net::parse_ip(mask, m) && m.family() == a.family();
}

void on_address_header(KeywordContext& c, AddressHeaderSpec& spec, std::string_view name, bool if_none_ok) {
  spec = AddressHeaderSpec{};
  const bool on = !c.negated() && !c.defaulted();
  set_http_only(c, c.name(), Sides::Both, on);
  if (!on) return;
  spec.enabled = true;
  Words words(c.args());
  while (const auto* w = words.take()) {
    if (w->text == "except") {
      const auto* net = words.take();
      if (net == nullptr || !network_ok(net->text)) {
        c.error(net == nullptr ? *w : *net,
                fmt::format("'option {} except' expects <address>[/mask] as argument.", name));
        return;
      }
      spec.except = *net;
    } else if (w->text == "header") {
      const auto* h = words.take();
      if (h == nullptr || h->text.empty()) {
        c.error(*w, fmt::format("'option {} header' expects <header_name> as argument.", name));
        return;
      }
      spec.header = lower_case(h->text);
    } else if (w->text == "if-none" && if_none_ok) {
      spec.if_none = true;
    } else {
      c.error(*w, fmt::format("'option {}' only supports optional values: {}.", name,
                              if_none_ok ? "'except', 'header' and 'if-none'" : "'except' and 'header'"));
      return;
    }
  }
}

void on_forwardfor(KeywordContext& c) { on_address_header(c, spec_of(c).forwardfor, "forwardfor", true); }
void on_originalto(KeywordContext& c) { on_address_header(c, spec_of(c).originalto, "originalto", false); }

void on_forwarded(KeywordContext& c) {
  if (!needs_back(c)) return;
  auto& spec = spec_of(c).forwarded;
  spec = ForwardedSpec{};
  if (c.negated() || c.defaulted()) return;
  spec.enabled = true;
  spec.at = c.at();
  if (c.size() == 0) {  // the same as "proto for"
    spec.proto = true;
    spec.for_.from = ForwardedSpec::Part::From::Connection;
    return;
  }
  struct Name {
    std::string_view plain;
    std::string_view expression;
    ForwardedSpec::Part* part;
  };
  const Name names[] = {{"host", "host-expr", &spec.host},
                        {"by", "by-expr", &spec.by},
                        {"by_port", "by_port-expr", &spec.by_port},
                        {"for", "for-expr", &spec.for_},
                        {"for_port", "for_port-expr", &spec.for_port}};
  Words words(c.args());
  while (const auto* w = words.take()) {
    if (w->text == "proto") {
      spec.proto = true;
      continue;
    }
    bool known = false;
    for (const auto& n : names) {
      if (w->text == n.plain) {
        n.part->from = ForwardedSpec::Part::From::Connection;
        known = true;
      } else if (w->text == n.expression) {
        const auto* e = words.take();
        if (e == nullptr) {
          c.error(*w, fmt::format("'option forwarded' : '{}' expects an expression as argument.", w->text));
          return;
        }
        n.part->from = ForwardedSpec::Part::From::Expression;
        n.part->expression = *e;
        known = true;
      }
    }
    if (!known) {
      config::Suggestion near(w->text);
      near.offer("proto");
      for (const auto& n : names) near.offer(n.plain), near.offer(n.expression);
      c.error(*w, fmt::format("'option forwarded' : unknown keyword '{}'{}", w->text, near.text()));
      return;
    }
  }
}

void on_send_name_header(KeywordContext& c) {
  if (!needs_back(c)) return;
  if (!c.has(0) || c.arg(0).text.empty()) {
    c.error("'http-send-name-header' requires a header string.");
    return;
  }
  std::string name = lower_case(c.arg(0).text);
  // manual 4.2 "http-send-name-header": those say how the request is framed and where it goes.
  for (const std::string_view forbidden : {"host", "content-length", "transfer-encoding", "connection"}) {
    if (name != forbidden) continue;
    c.error(c.arg(0), fmt::format("'http-send-name-header' cannot use the header '{}'.", name));
    return;
  }
  spec_of(c).send_name_header = std::move(name);
}

constexpr std::uint32_t kAll = config::kDefaultsAndProxies;
constexpr std::uint32_t kSwitch = config::kNoPrefix | config::kDefaultPrefix;
constexpr config::KeywordRow kRows[] = {
    {"option forwardfor", kAll, 0, config::kAnyArgs, "[except <network>] [header <name>] [if-none]", on_forwardfor,
     kSwitch},
    {"option originalto", kAll, 0, config::kAnyArgs, "[except <network>] [header <name>]", on_originalto, kSwitch},
    {"option forwarded", kAll, 0, config::kAnyArgs, "[proto] [host|host-expr <expr>] ...", on_forwarded, kSwitch},
    {"http-send-name-header", kAll, 0, 1, "<header>", on_send_name_header},
};

}  // namespace

std::span<const config::KeywordRow> address_header_rows() noexcept { return kRows; }

}  // namespace sluice::proxy
