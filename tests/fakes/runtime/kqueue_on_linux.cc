// KqueuePoller's own source, compiled against the shim.
#define SLUICE_KQUEUE_HEADER "fakes/runtime/kqueue_shim.h"
#include "runtime/kqueue_poller.cc"
