// The stream: chosen backend and server, timers, counts, outcome (manual 7.3.2).
#include "policy/registry.h"

namespace sluice::policy {
namespace {

const StreamFacts* facts(const SampleContext& ctx) noexcept { return ctx.stream; }

bool put(Sample& s, std::int64_t v) noexcept {
  s.set_int(v);
  s.flags = kVolatile;
  return true;
}
bool put(Sample& s, std::string_view v) noexcept {
  s.set_str(v);
  return true;
}

bool be_name(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const auto* f = facts(ctx);
  return f != nullptr && f->backend != nullptr && put(s, f->backend->name);
}
bool be_id(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const auto* f = facts(ctx);
  return f != nullptr && f->backend != nullptr && put(s, f->backend->id);
}
bool srv_name(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const auto* f = facts(ctx);
  return f != nullptr && f->server != nullptr && put(s, f->server->name);
}
bool srv_id(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const auto* f = facts(ctx);
  return f != nullptr && f->server != nullptr && put(s, f->server->id);
}

template <auto Member>
bool timer(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const auto* f = facts(ctx);
  return f != nullptr && put(s, static_cast<std::int64_t>(f->timers.*Member));
}
bool timer_tq(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const auto* f = facts(ctx);
  if (f == nullptr) return false;
  const Timers& t = f->timers;
  return put(s, t.idle < 0 || t.request < 0 ? std::int64_t{-1} : std::int64_t{t.handshake} + t.idle + t.request);
}
template <auto Member>
bool count(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const auto* f = facts(ctx);
  return f != nullptr && put(s, static_cast<std::int64_t>(f->counts.*Member));
}
bool redispatched(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const auto* f = facts(ctx);
  if (f == nullptr) return false;
  s.set_bool(f->counts.redispatched);
  return true;
}
template <auto Member>
bool bytes(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const auto* f = facts(ctx);
  return f != nullptr && put(s, static_cast<std::int64_t>(f->*Member));
}
bool txn_status(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const auto* f = facts(ctx);
  return f != nullptr && f->status != 0 && put(s, std::int64_t{f->status});
}
bool term_state(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const auto* f = facts(ctx);
  return f != nullptr && put(s, std::string_view(f->termination.data(), 2));
}
bool id32(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const auto* f = facts(ctx);
  return f != nullptr && put(s, std::int64_t{f->request_counter});
}
bool reused(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const auto* f = facts(ctx);
  if (f == nullptr) return false;
  s.set_bool(f->reused);
  return true;
}
bool first_req(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const auto* f = facts(ctx);
  if (f == nullptr) return false;
  s.set_bool(f->first_request);
  return true;
}
bool unique_id(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  const auto* f = facts(ctx);
  return f != nullptr && f->unique_id.data() != nullptr && put(s, f->unique_id);
}

bool prepare_capture(Build& b, int declared, const char* what) {
  if (b.args[0].num < 0) {
    b.error = "the index of a captured header counts from 0";
    return false;
  }
  if (declared >= 0 && b.args[0].num >= declared) {
    b.error = std::string(what) + " capture slot " + std::to_string(b.args[0].num) + " is not declared (there are " +
              std::to_string(declared) + ")";
    return false;
  }
  return true;
}
bool prepare_request_capture(Build& b) { return prepare_capture(b, b.scope.request_captures, "request"); }
bool prepare_response_capture(Build& b) { return prepare_capture(b, b.scope.response_captures, "response"); }

bool captured(std::span<const std::string_view> slots, const Arg& index, Sample& s) noexcept {
  const auto i = static_cast<std::size_t>(index.num);
  return i < slots.size() && slots[i].data() != nullptr && put(s, slots[i]);
}
bool capture_req_hdr(SampleContext& ctx, const Arg* a, Sample& s, Cursor&) noexcept {
  const auto* f = facts(ctx);
  return f != nullptr && captured(f->request_captures, a[0], s);
}
bool capture_res_hdr(SampleContext& ctx, const Arg* a, Sample& s, Cursor&) noexcept {
  const auto* f = facts(ctx);
  return f != nullptr && captured(f->response_captures, a[0], s);
}

constexpr FetchRow kRows[] = {
    {"be_name", "", SampleType::Str, kWithBackend, be_name},
    {"be_id", "", SampleType::Sint, kWithBackend, be_id},
    {"srv_name", "", SampleType::Str, kWithServer, srv_name},
    {"srv_id", "", SampleType::Sint, kWithServer, srv_id},
    {"fc.timer.handshake", "", SampleType::Sint, kWithClient, timer<&Timers::handshake>, Need::Timers},
    {"fc.timer.total", "", SampleType::Sint, kWithFrontend, timer<&Timers::total>, Need::Timers},
    {"req.timer.idle", "", SampleType::Sint, kRequestHead, timer<&Timers::idle>, Need::Timers},
    {"req.timer.hdr", "", SampleType::Sint, kRequestHead, timer<&Timers::request>, Need::Timers},
    {"req.timer.tq", "", SampleType::Sint, kRequestHead, timer_tq, Need::Timers},
    {"req.timer.queue", "", SampleType::Sint, kConnected, timer<&Timers::queue>, Need::Timers},
    {"bc.timer.connect", "", SampleType::Sint, kConnected, timer<&Timers::connect>, Need::Timers},
    {"res.timer.hdr", "", SampleType::Sint, kConnected, timer<&Timers::response>, Need::Timers},
    {"res.timer.data", "", SampleType::Sint, kServerBytes, timer<&Timers::data>, Need::Timers},
    {"txn.timer.total", "", SampleType::Sint, kRequestKept, timer<&Timers::active>, Need::Timers},
    {"txn.timer.user", "", SampleType::Sint, kRequestKept, timer<&Timers::user>, Need::Timers},
    {"act_conn", "", SampleType::Sint, kEverywhere, count<&Counts::active>, Need::Counts},
    {"bc_be_queue", "", SampleType::Sint, kConnected, count<&Counts::backend_queue>, Need::Counts},
    {"bc_srv_queue", "", SampleType::Sint, kConnected, count<&Counts::server_queue>, Need::Counts},
    {"txn.conn_retries", "", SampleType::Sint, kConnected, count<&Counts::retries>, Need::Counts},
    {"txn.redispatched", "", SampleType::Bool, kConnected, redispatched, Need::Counts},
    {"bytes_in", "", SampleType::Sint, kRequestKept, bytes<&StreamFacts::bytes_in>},
    {"req.bytes_in", "", SampleType::Sint, kRequestKept, bytes<&StreamFacts::bytes_in>},
    {"bytes_out", "", SampleType::Sint, kServerBytes, bytes<&StreamFacts::bytes_out>},
    {"res.bytes_in", "", SampleType::Sint, kServerBytes, bytes<&StreamFacts::bytes_out>},
    {"txn.status", "", SampleType::Sint, kConnected, txn_status},
    {"txn.sess_term_state", "", SampleType::Str, kInternal, term_state},
    {"txn.id32", "", SampleType::Sint, kInternal, id32},
    {"bc_reused", "", SampleType::Bool, kConnected, reused},
    {"http_first_req", "", SampleType::Bool, kRequestKept, first_req},
    {"unique-id", "", SampleType::Str, kEverywhere, unique_id, Need::UniqueId},
    {"capture.req.hdr", "integer", SampleType::Str, kRequestKept, capture_req_hdr, Need::RequestCaptures,
     prepare_request_capture},
    {"capture.res.hdr", "integer", SampleType::Str, kConnected, capture_res_hdr, Need::ResponseCaptures,
     prepare_response_capture},
};

}  // namespace

std::span<const FetchRow> stream_fetches() { return kRows; }

}  // namespace sluice::policy
