// The request line and the status line (manual 7.3.6).
#include <cstring>

#include "policy/hashes.h"
#include "policy/registry.h"
#include "policy/target.h"
#include "policy/texts.h"
#include "sluice/base/strings.h"

namespace sluice::policy {
namespace {

bool put(Sample& s, std::string_view v) noexcept {
  s.set_str(v);
  return true;
}

bool method(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  s.type = SampleType::Meth;
  if (ctx.request != nullptr) {
    s.method = static_cast<std::uint8_t>(ctx.request->method);
    s.text = ctx.request->method_text;
    return true;
  }
  if (ctx.stream == nullptr || ctx.stream->request_line.empty()) return false;
  s.text = cut_request_line(ctx.stream->request_line).method;
  s.method = static_cast<std::uint8_t>(http::method_of(s.text));
  return true;
}
bool path(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  s.type = SampleType::Str;
  return cached_path(ctx, s.text);
}
bool pathq(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  std::string_view p;
  return cached_path(ctx, p) && put(s, ctx.request->path_and_query());
}
bool url(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  return ctx.request != nullptr && put(s, ctx.request->target);
}

bool prepare_query(Build& b) {
  if (b.args[0].given() && b.args[0].text != "with_qm") {
    b.error = "invalid option '" + std::string(b.args[0].text) + "', expected 'with_qm'";
    return false;
  }
  return true;
}
bool query(SampleContext& ctx, const Arg* a, Sample& s, Cursor&) noexcept {
  if (ctx.request == nullptr) return false;
  cut_target(ctx);
  const std::string_view q = ctx.cache.query;
  if (q.data() == nullptr) return false;
  // With the mark: it stands right before the query in the target.
  if (a[0].given() && !q.empty()) return put(s, {q.data() - 1, q.size() + 1});
  return put(s, q);
}

// First Host value and a part of the target, as one text.
bool joined(SampleContext& ctx, std::string_view tail, Sample& s) noexcept {
  std::string_view host;
  cached_host(ctx, host);
  if (host.empty()) return put(s, tail);
  const auto room = ctx.scratch->take(host.size() + tail.size());
  if (room.data() == nullptr) return false;
  std::memcpy(room.data(), host.data(), host.size());
  if (!tail.empty()) std::memcpy(room.data() + host.size(), tail.data(), tail.size());
  return put(s, {room.data(), room.size()});
}
bool base_of(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  std::string_view p;
  if (ctx.request == nullptr) return false;
  return joined(ctx, cached_path(ctx, p) ? p : std::string_view{}, s);
}
bool baseq(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  std::string_view p;
  if (ctx.request == nullptr) return false;
  return joined(ctx, cached_path(ctx, p) ? ctx.request->path_and_query() : std::string_view{}, s);
}
bool base32(SampleContext& ctx, const Arg* a, Sample& s, Cursor& c) noexcept {
  if (!base_of(ctx, a, s, c)) return false;
  s.set_int(avalanche(sdbm(s.text)));
  return true;
}
bool url32(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  if (ctx.request == nullptr || !joined(ctx, ctx.request->path_and_query(), s)) return false;
  s.set_int(avalanche(sdbm(s.text)));
  return true;
}
bool with_src(SampleContext& ctx, Sample& s) noexcept {
  if (ctx.conn == nullptr) return false;
  const std::string_view ip = ctx.conn->src.ip_bytes();
  if (ip.empty()) return false;
  const auto room = ctx.scratch->take(4 + ip.size());
  if (room.data() == nullptr) return false;
  for (int i = 0; i < 4; ++i) room[static_cast<std::size_t>(i)] = static_cast<char>(s.num >> (24 - 8 * i));
  std::memcpy(room.data() + 4, ip.data(), ip.size());
  s.set_bin({room.data(), room.size()});
  return true;
}
bool base32_src(SampleContext& ctx, const Arg* a, Sample& s, Cursor& c) noexcept {
  return base32(ctx, a, s, c) && with_src(ctx, s);
}
bool url32_src(SampleContext& ctx, const Arg* a, Sample& s, Cursor& c) noexcept {
  return url32(ctx, a, s, c) && with_src(ctx, s);
}
bool url_ip(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  if (ctx.request == nullptr) return false;
  std::uint32_t ip = 0;
  if (!parse_ip4(http::split_host_port(ctx.request->authority()).host, ip)) return false;
  s.set_ip4(ip);
  return true;
}
bool url_port(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  if (ctx.request == nullptr) return false;
  const auto port = base::parse_int<std::uint16_t>(http::split_host_port(ctx.request->authority()).port);
  s.set_int(port ? *port : 80);
  return true;
}

// Parameters "a=1&b=2". args: name, delimiter, "i"
bool prepare_params(Build& b) {
  Arg& option = b.args[b.count - 1];
  if (option.given() && option.text != "i") {
    b.error = "invalid option '" + std::string(option.text) + "', expected 'i'";
    return false;
  }
  return true;
}
bool name_matches(std::string_view have, const Arg& name, bool ignore_case) noexcept {
  if (!name.given()) return true;
  return ignore_case ? base::iequals(have, name.text) : have == name.text;
}
// Without a name the cursor walks over all; with one only the first is meant.
bool parameter(std::string_view list, std::string_view ends, const Arg& name, bool ignore_case, Sample& s,
               Cursor& cursor) noexcept {
  std::size_t pos = cursor.offset;
  while (pos < list.size()) {
    auto end = list.find_first_of(ends, pos);
    if (end == std::string_view::npos) end = list.size();
    const std::string_view item = list.substr(pos, end - pos);
    pos = end + 1;
    const auto equal = item.find('=');
    if (equal == std::string_view::npos || !name_matches(item.substr(0, equal), name, ignore_case)) continue;
    cursor.offset = static_cast<std::uint32_t>(pos);
    cursor.more = pos < list.size();
    return put(s, item.substr(equal + 1));
  }
  cursor.more = false;
  return false;
}
bool url_param(SampleContext& ctx, const Arg* a, Sample& s, Cursor& cursor) noexcept {
  if (ctx.request == nullptr) return false;
  char ends[3] = {'&', ';', 0};
  char start = '?';
  if (a[1].given() && !a[1].text.empty()) start = ends[2] = a[1].text[0];
  const std::string_view target = ctx.request->target;
  const auto mark = target.find(start);
  if (mark == std::string_view::npos) return false;
  return parameter(target.substr(mark + 1), {ends, ends[2] != 0 ? 3U : 2U}, a[0], a[2].given(), s, cursor);
}
bool url_param_val(SampleContext& ctx, const Arg* a, Sample& s, Cursor& cursor) noexcept {
  if (!url_param(ctx, a, s, cursor)) return false;
  s.set_int(leading_int(s.text));
  return true;
}

// Versions. "1.1" of "HTTP/1.1".
std::string_view request_version(const SampleContext& ctx) noexcept {
  if (ctx.request != nullptr) return http::version_name(ctx.request->version);
  if (ctx.stream == nullptr) return {};
  return cut_request_line(ctx.stream->request_line).version;
}
bool put_version(Sample& s, std::string_view name) noexcept {
  const auto slash = name.find('/');
  return slash != std::string_view::npos && put(s, name.substr(slash + 1));
}
bool req_ver(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  return put_version(s, request_version(ctx));
}
bool res_ver(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  return ctx.response != nullptr && put_version(s, http::version_name(ctx.response->version));
}
bool status(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  if (ctx.response != nullptr) {
    s.set_int(ctx.response->status);
  } else if (ctx.stream != nullptr && ctx.stream->status != 0) {
    s.set_int(ctx.stream->status);
  } else {
    return false;
  }
  return true;
}
bool proto_http(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  s.set_bool(ctx.request != nullptr || (ctx.stream != nullptr && !ctx.stream->request_line.empty()));
  return true;
}

// What was kept of the request at its arrival: rules do not change it.
LineParts kept_line(const SampleContext& ctx) noexcept {
  if (ctx.stream != nullptr && !ctx.stream->request_line.empty()) return cut_request_line(ctx.stream->request_line);
  if (ctx.request == nullptr) return {};
  return {ctx.request->method_text, ctx.request->target, http::version_name(ctx.request->version)};
}
bool capture_method(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const LineParts line = kept_line(ctx);
  return !line.method.empty() && put(s, line.method);
}
bool capture_uri(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const LineParts line = kept_line(ctx);
  return !line.target.empty() && put(s, http::uri_path_and_query(line.target));
}
bool capture_req_ver(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const LineParts line = kept_line(ctx);
  return !line.version.empty() && put(s, line.version);
}
bool capture_res_ver(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  return ctx.response != nullptr && put(s, http::version_name(ctx.response->version));
}

constexpr FetchRow kRows[] = {
    {"method", "", SampleType::Meth, kRequestKept, method, Need::RequestLine},
    {"path", "", SampleType::Str, kRequestHead, path, Need::Request},
    {"pathq", "", SampleType::Str, kRequestHead, pathq, Need::Request},
    {"url", "", SampleType::Str, kRequestHead, url, Need::Request},
    {"query", "[string]", SampleType::Str, kRequestHead, query, Need::Request, prepare_query},
    {"base", "", SampleType::Str, kRequestHead, base_of, Need::Request},
    {"baseq", "", SampleType::Str, kRequestHead, baseq, Need::Request},
    {"base32", "", SampleType::Sint, kRequestHead, base32, Need::Request},
    {"base32+src", "", SampleType::Bin, kRequestHead, base32_src, Need::Request},
    {"url32", "", SampleType::Sint, kRequestHead, url32, Need::Request},
    {"url32+src", "", SampleType::Bin, kRequestHead, url32_src, Need::Request},
    {"url_ip", "", SampleType::Ipv4, kRequestHead, url_ip, Need::Request},
    {"url_port", "", SampleType::Sint, kRequestHead, url_port, Need::Request},
    {"url_param", "[string,string,string]", SampleType::Str, kRequestHead, url_param, Need::Request, prepare_params},
    {"urlp", "[string,string,string]", SampleType::Str, kRequestHead, url_param, Need::Request, prepare_params},
    {"urlp_val", "[string,string,string]", SampleType::Sint, kRequestHead, url_param_val, Need::Request,
     prepare_params},
    {"req.ver", "", SampleType::Str, kRequestKept, req_ver, Need::RequestLine},
    {"req_ver", "", SampleType::Str, kRequestKept, req_ver, Need::RequestLine},
    {"req.proto_http", "", SampleType::Bool, kRequestKept, proto_http, Need::RequestLine},
    {"req_proto_http", "", SampleType::Bool, kRequestKept, proto_http, Need::RequestLine},
    {"res.ver", "", SampleType::Str, kResponseHead, res_ver, Need::Response},
    {"resp_ver", "", SampleType::Str, kResponseHead, res_ver, Need::Response},
    {"status", "", SampleType::Sint, kConnected, status},
    {"capture.req.method", "", SampleType::Str, kRequestKept, capture_method, Need::RequestLine},
    {"capture.req.uri", "", SampleType::Str, kRequestKept, capture_uri, Need::RequestLine},
    {"capture.req.ver", "", SampleType::Str, kRequestKept, capture_req_ver, Need::RequestLine},
    {"capture.res.ver", "", SampleType::Str, kConnected, capture_res_ver, Need::Response},
};

// Bodies

bool message_is_response(const SampleContext& ctx, bool response) noexcept {
  return response ? ctx.response != nullptr : ctx.request != nullptr;
}
template <bool Response>
bool body(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  if (!message_is_response(ctx, Response)) return false;
  s.set_bin(Response ? ctx.response_body : ctx.request_body);
  const bool complete = Response ? ctx.response_body_complete : ctx.request_body_complete;
  s.flags = complete ? 0 : kMayChange;
  return true;
}
template <bool Response>
bool body_len(SampleContext& ctx, const Arg* a, Sample& s, Cursor& c) noexcept {
  if (!body<Response>(ctx, a, s, c)) return false;
  s.set_int(static_cast<std::int64_t>(s.text.size()));
  return true;
}
template <bool Response>
bool body_size(SampleContext& ctx, const Arg* a, Sample& s, Cursor& c) noexcept {
  if (!message_is_response(ctx, Response)) return false;
  const auto kind = Response ? ctx.response->body : ctx.request->body;
  const auto length = Response ? ctx.response->content_length : ctx.request->content_length;
  if (kind != http::BodyKind::Length) return body_len<Response>(ctx, a, s, c);
  s.set_int(static_cast<std::int64_t>(length));
  return true;
}
bool body_param(SampleContext& ctx, const Arg* a, Sample& s, Cursor& cursor) noexcept {
  if (ctx.request == nullptr || !parameter(ctx.request_body, "&", a[0], a[1].given(), s, cursor)) return false;
  s.type = SampleType::Bin;
  return true;
}

constexpr FetchRow kBodyRows[] = {
    {"req.body", "", SampleType::Bin, kRequestHead, body<false>, Need::Body},
    {"req.body_len", "", SampleType::Sint, kRequestHead, body_len<false>, Need::Body},
    {"req.body_size", "", SampleType::Sint, kRequestHead, body_size<false>, Need::Body},
    {"req.body_param", "[string,string]", SampleType::Bin, kRequestHead, body_param, Need::Body, prepare_params},
    {"res.body", "", SampleType::Bin, kResponseHead, body<true>, Need::Body},
    {"res.body_len", "", SampleType::Sint, kResponseHead, body_len<true>, Need::Body},
    {"res.body_size", "", SampleType::Sint, kResponseHead, body_size<true>, Need::Body},
};

}  // namespace

std::span<const FetchRow> target_fetches() { return kRows; }
std::span<const FetchRow> body_fetches() { return kBodyRows; }

}  // namespace sluice::policy
