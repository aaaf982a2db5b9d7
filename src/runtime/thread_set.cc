#include "sluice/runtime/thread_set.h"

#include "sluice/base/number_range.h"

namespace sluice::runtime {

std::optional<ThreadSet> parse_thread_set(std::string_view text) noexcept {
  base::NumberRange r{1, kMaxThreads};
  unsigned step = 1;
  if (text == "odd") {
    step = 2;
  } else if (text == "even") {
    r.from = 2;
    step = 2;
  } else if (text != "all") {
    const auto given = base::parse_number_range(text, 1, kMaxThreads);
    if (!given) return std::nullopt;
    r = *given;
  }
  ThreadSet out;
  for (unsigned i = r.from; i <= r.to; i += step) out.set(i - 1);
  return out;
}

}  // namespace sluice::runtime
