// The sessions of one worker, in the order in which they came.
#pragma once

#include "session.h"
#include "sluice/base/list.h"

namespace sluice::proxy {

struct Worker::Sessions {
  base::List<Session, &Session::worker_hook> list;
};

}  // namespace sluice::proxy
