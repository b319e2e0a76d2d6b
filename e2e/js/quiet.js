// Loaded before the SDK, which writes pages into the log of every test. BONGSU_E2E_VERBOSE keeps them.
if (!process.env.BONGSU_E2E_VERBOSE) {
    for (const level of ["trace", "debug", "log", "info", "warn", "error"]) {
        console[level] = () => {};
    }
}
