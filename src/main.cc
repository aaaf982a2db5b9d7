#include "sluice/process/program.h"

int main(int argc, char** argv) { return sluice::process::run(argc, argv); }
