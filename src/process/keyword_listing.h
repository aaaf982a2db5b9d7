// `-dK`: the keywords of this build, in the reference's form.
#pragma once

#include <string>
#include <string_view>

#include "sluice/config/keyword.h"

namespace sluice::process {

// cls: "all", "acl", "cfg", "cli", "cnv", "flt", "smp", "svc"; "bnd" and "srv" are a part of "cfg", for themselves.
std::string keyword_listing(const config::KeywordTable& table, std::string_view cls);
std::string keyword_class_help();

}  // namespace sluice::process
