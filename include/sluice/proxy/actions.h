// What a rule does: compiled actions and what they may touch.
//
// An Action is data plus one function. It reads the world through the policy context and edits the heads; everything
// that a rule changes about the stream itself goes through StreamControls, so that an action never sees the stream.
// Actions are immutable and shared by threads. run() neither throws nor allocates outside the arena and ctx.scratch.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "sluice/base/arena.h"
#include "sluice/base/time.h"
#include "sluice/http/message.h"
#include "sluice/net/proxy_protocol.h"
#include "sluice/policy/context.h"
#include "sluice/proxy/errors.h"

namespace sluice::proxy {

enum class ActionResult : std::uint8_t {
  Continue,  // next rule
  Stop,      // allow: no further rule of this list
  Respond,   // context.reply is ready: send it. Log: "LR"
  Deny,      // the same, counted as denied. Log: "PR"
  Tarpit,    // the same after the tarpit timeout, counted as denied. Log: "PT"
  Redirect,  // the same as Respond. Log: "LR"
  Wait,      // body wanted, see controls.wait; call again when more came. Condition is not asked again. Also: the
             // condition itself is undecided (sample.more_may_come), and will be asked again
  TimedOut,  // wait-for-body was not served in time: 408 (request), 504 (response)
  Close,     // reject: close the connection without a word, counted as denied. Log: "PR"
  Drop,      // silent-drop: the same without telling the peer
  Error,     // a rewrite failed in strict mode, or memory is out: 500, counted as failed rewrite. Log: "PR"
};

// What rules change about a stream. The stream owns it and acts on it.
struct StreamControls {
  static constexpr std::int8_t kLevelUnchanged = -2;
  static constexpr std::int8_t kSilent = -1;
  std::int8_t log_level = kLevelUnchanged;  // else syslog severity 0..7 for this stream's log, or kSilent: no log
  bool disable_l7_retry = false;
  // Asked for by expect-proxy and expect-netscaler-cip (tcp-request connection): what the connection begins with.
  net::PrefaceKind preface = net::PrefaceKind::None;
  std::uint32_t failed_rewrites = 0;             // counters "wrew"
  std::span<std::string_view> request_captures;  // slots of the frontend
  std::span<std::string_view> response_captures;
  std::span<const std::uint32_t> request_capture_lens;
  std::span<const std::uint32_t> response_capture_lens;

  // Asked for by wait-for-body: continue when the body is whole, when at_least_bytes are there (0 = never mind), when
  // the buffer is full, or at the end of `time`. The stream says which of them came true through `body`.
  struct Wait {
    base::Millis time{};
    std::uint64_t at_least_bytes = 0;
  } wait;
};

// How far the body of the message under evaluation has come; kept current by the stream.
struct BodyState {
  bool complete = true;  // nothing more will come (or there is no body)
  bool buffer_full = false;
  bool timed_out = false;   // controls.wait.time has passed since the action first waited
  std::uint64_t bytes = 0;  // buffered
};

struct ActionContext {
  policy::SampleContext& sample;           // sample.request / sample.response point to the heads below
  base::Arena& arena;                      // lives as long as the exchange
  http::RequestHead* request = nullptr;    // to edit; null when it is gone
  http::ResponseHead* response = nullptr;  // to edit; null in request rules
  http::ResponseHead* reply = nullptr;     // where a reply is built; may be the same as response
  StreamControls& controls;
  const ErrorPages* front_pages = nullptr;
  const ErrorPages* back_pages = nullptr;  // null before a backend was chosen
  BodyState body;
  std::size_t buffer_bytes = 16384;  // tune.bufsize: bounds generated bodies and edited heads
  std::size_t head_room = 0;         // rules/head_room.h: what edits may still add; 0 = measure first
  bool strict = true;                // "strict-mode"; RuleList sets it at the start of each list
  bool first_run = true;             // false when called again after Wait

  // -- results of Respond, Deny, Tarpit, Redirect
  std::string_view reply_body;
  std::uint16_t reply_status = 0;  // for logs, where an error page has a status of its own (errorloc); 0 = the reply's
  bool reply_silent = false;       // send nothing, close
};

class Action {
 public:
  virtual ~Action() = default;
  virtual ActionResult run(ActionContext& ctx) const noexcept = 0;
  // What its expressions read.
  [[nodiscard]] const policy::Needs& needs() const noexcept { return needs_; }

 protected:
  policy::Needs needs_;
};

}  // namespace sluice::proxy
