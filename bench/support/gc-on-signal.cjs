// Loaded before a server that is weighed: garbage is no memory that its connections need. The signal is one that no
// server heeds.
process.on('SIGPWR', () => globalThis.gc());
