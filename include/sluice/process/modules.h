// The one list of everything that reads configuration: rooms and their keywords.
#pragma once

#include "sluice/config/keyword.h"
#include "sluice/config/parser.h"

namespace sluice::process {

// Sections (global, defaults, frontend, backend, listen ...) and the keywords of all rooms.
void register_all(config::KeywordTable& table);
// The keywords of the global section that this room owns.
void register_global_keywords(config::KeywordTable& table);

// What predicates of `.if` and `-cc` ask about this program (manual 2.4).
config::Facts build_facts(bool epoll, bool poll, bool splice, bool reuseport);

}  // namespace sluice::process
