/// SystemC's library asks for this function; the test program has a main() of its own.
extern "C" int sc_main(int /*argc*/, char* /*argv*/[]) { return 0; }
