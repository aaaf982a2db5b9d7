#include "sluice/model/model.h"

#include "reporter.h"

namespace sluice::model {

Model::Model(const proxy::GlobalSettings& settings) : global(settings) {}

Model::~Model() = default;

}  // namespace sluice::model
