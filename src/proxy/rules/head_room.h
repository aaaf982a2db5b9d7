// How much an edit may add to a head (manual 3.2 "tune.maxrewrite").
//
// A head is received into tune.bufsize less tune.maxrewrite; with what rules and options add it has to fit
// tune.bufsize. The reference measures its own representation of a message: the size that logs show
// (stream/message_size.h), 8 bytes for each field, the start line and the end of the head, and 24 for the whole. Found
// by observation; the same here, so that what passes there passes here.
#pragma once

#include "proxy/stream/message_size.h"
#include "sluice/proxy/actions.h"

namespace sluice::proxy {

template <class Head>
std::size_t head_weight(const Head& head) noexcept {
  std::size_t blocks = 2;
  for (const http::Field& f : head.fields) blocks += f.removed() ? 0 : 1;
  return head_size(head) + 8 * blocks + 24;
}

// Whether the head that is being edited may grow by `more` bytes of text in `fields` new fields. Takes the room when it
// may. What edits remove counts as soon as the rest is used up: the head is measured again then.
inline bool take_head_room(ActionContext& ctx, std::size_t more, unsigned fields = 0) noexcept {
  const std::size_t wanted = more + 8 * std::size_t{fields};
  if (ctx.head_room < wanted) {
    const std::size_t used = ctx.response != nullptr ? head_weight(*ctx.response) : head_weight(*ctx.request);
    ctx.head_room = ctx.buffer_bytes > used ? ctx.buffer_bytes - used : 0;
    if (ctx.head_room < wanted) return false;
  }
  ctx.head_room -= wanted;
  return true;
}

// A text of the head is replaced by another one.
inline bool take_head_room(ActionContext& ctx, std::string_view before, std::string_view after) noexcept {
  return after.size() <= before.size() || take_head_room(ctx, after.size() - before.size());
}

}  // namespace sluice::proxy
