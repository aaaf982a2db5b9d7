// Streams as `show sess` shows them, and walking over those of one worker.
//
//   StreamCursor cursor;
//   worker.start(cursor);
//   for (unsigned budget = 1000; worker.next(cursor, view, budget);) ...      the rest on a later turn
//   worker.drop(cursor);
//
// Streams may come and go between two calls of next(): a new one is met, one that has gone is not. Thread: the
// worker's; a cursor dies on it.
#pragma once

#include <cstdint>
#include <string_view>

#include "sluice/backend/server.h"
#include "sluice/base/list.h"
#include "sluice/base/time.h"
#include "sluice/net/address.h"

namespace sluice::proxy {

class Session;
class Worker;
struct CompiledProxy;
struct ListenerInfo;

// Texts live until the loop is returned to.
struct StreamView {
  const void* id = nullptr;  // what `shutdown session` takes
  std::uint32_t number = 0;  // request counter of its connection
  net::Address source, local;
  const CompiledProxy* frontend = nullptr;
  const ListenerInfo* listener = nullptr;
  const CompiledProxy* backend = nullptr;  // null: not chosen yet
  const backend::Server* server = nullptr;
  net::Address back_local, back_peer;  // Family::None: not connected
  bool http = false;
  bool ended = false;
  base::TimePoint accepted, began;
  std::int64_t began_wall_us = 0;
  std::uint32_t calls = 0;  // how often it was stepped
  std::uint32_t retries = 0;

  std::string_view phase;  // of the request, by name; "" behind the last
  std::string_view request_state, response_state, back_state;
  unsigned request_state_number = 0, response_state_number = 0, back_state_number = 0;
  unsigned phase_number = 0;
  std::uint64_t request_in = 0, request_out = 0, response_in = 0, response_out = 0;  // bytes
  std::size_t request_pending = 0, response_pending = 0;                             // received, not yet sent on
  bool tunnel = false;
  bool queued = false;
  int front_fd = -1, back_fd = -1;
  unsigned front_interest = 0, back_interest = 0;  // runtime::Ready bits
  // kNever: none.
  base::TimePoint client_deadline = base::kNever, server_deadline = base::kNever, phase_deadline = base::kNever;
  char cause = '-', where = '-';  // why it ends, when that is known already
  std::uint16_t status = 0;       // of the response; 0 = none yet
  std::string_view method, uri;   // "" once the request's memory is gone
};

class StreamCursor {
 public:
  StreamCursor() = default;
  StreamCursor(const StreamCursor&) = delete;
  StreamCursor& operator=(const StreamCursor&) = delete;

 private:
  friend class Worker;
  base::ListHook hook_;
  Session* next_ = nullptr;
};

}  // namespace sluice::proxy
