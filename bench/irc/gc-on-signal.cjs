// Loaded before the server: garbage is no memory that the members need.
process.on('SIGUSR2', () => globalThis.gc());
