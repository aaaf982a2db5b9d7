// The duties of a stream as small machines, and why a stream ended.
//
// Request:   Head ─> Rules ─> Body? ─> Assign ─> Connect ─> Forward ─> Done        (Tarpit, Local: answered here)
// Response:  None ─> AwaitHead ─> Rules ─> Forward ─> Done                          (Local: the reply is ours)
// Back:      None ─> Queued ─> Connecting ─> Established ─> Closed
//                       ^          │ failed, retries left
//                       └─ TurnAround
#pragma once

#include <array>
#include <cstdint>

namespace sluice::proxy {

enum class RequestState : std::uint8_t { Head, Rules, Body, Tarpit, Assign, Connect, Forward, Local, Done };
enum class ResponseState : std::uint8_t { None, AwaitHead, Rules, Forward, Local, Done };
enum class BackState : std::uint8_t { None, Queued, TurnAround, Connecting, Established, Closed };

// manual 8.5, first letter: who or what ended the stream.
enum class Cause : char {
  None = '-',
  Client = 'C',
  ClientTimeout = 'c',
  Server = 'S',
  ServerTimeout = 's',
  Proxy = 'P',
  Local = 'L',
  Resource = 'R',
  Internal = 'I',
  ServerDown = 'D',
  BackupEnded = 'U',
  Killed = 'K',
};
// manual 8.5, second letter: where it was.
enum class Where : char {
  End = '-',
  Request = 'R',
  Queue = 'Q',
  Connect = 'C',
  Headers = 'H',
  Data = 'D',
  Last = 'L',
  Tarpit = 'T',
};

// The first cause and where it struck; later ones change nothing. Log letters, counters and retries read this one
// field.
struct CloseReason {
  Cause cause = Cause::None;
  Where where = Where::End;
  void set(Cause c, Where w) noexcept {
    if (cause != Cause::None) return;
    cause = c;
    where = w;
  }
  [[nodiscard]] std::array<char, 4> letters() const noexcept {
    return {static_cast<char>(cause), static_cast<char>(where), '-', '-'};
  }
};

}  // namespace sluice::proxy
