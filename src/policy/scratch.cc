#include "sluice/policy/scratch.h"

#include <new>

namespace sluice::policy {

void Scratch::attach() noexcept { memory_.reset(new (std::nothrow) char[bytes_]); }

}  // namespace sluice::policy
