#include "tools/command.h"

int main(int argc, char** argv) { return npusim::runCommand(argc, argv); }
