// The parts of register_keywords(), one per source file.
#pragma once

#include "sluice/config/keyword.h"

namespace sluice::ops {

void register_log_keywords(config::KeywordTable& table);
void register_stats_keywords(config::KeywordTable& table);
void register_state_keywords(config::KeywordTable& table);

}  // namespace sluice::ops
