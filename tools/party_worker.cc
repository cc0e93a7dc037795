// The program party-worker; what it does is in tools/worker.h.

#include "tools/worker.h"

int main(int argc, char** argv) { return tools::WorkerMain(argc, argv); }
