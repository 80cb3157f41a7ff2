// Loaded before a server that is weighed: garbage is no memory that its connections need.
process.on('SIGUSR2', () => globalThis.gc());
