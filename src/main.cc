#include <csignal>

#include "sluice/process/program.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

int main(int argc, char** argv) {
  const int status = sluice::process::run(argc, argv);
  if (status == 128 + SIGINT) {
    // Ctrl-C ends the reference by the signal itself; shells and test drivers tell that from an exit status of 130.
#if defined(__SANITIZE_ADDRESS__)
    __lsan_do_leak_check();  // nothing runs at exit any more
#endif
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
  }
  return status;
}
