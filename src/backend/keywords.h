// The pieces that the keyword files of this room share.
#pragma once

#include <span>

#include "sluice/backend/balancer.h"
#include "sluice/backend/spec.h"
#include "sluice/config/keyword.h"

namespace sluice::backend {

void register_server_keywords(config::KeywordTable& table);
void register_check_keywords(config::KeywordTable& table);

// "<addr>[:<port>] [interface <name>]"; used: how many words it took. Errors have been reported when it is false.
bool parse_source(config::KeywordContext& c, std::span<const config::Token> words, SourceSpec& out, std::size_t& used,
                  bool range);

}  // namespace sluice::backend
