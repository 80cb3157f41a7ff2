/** Collects what reaches `uncaughtException` until the returned function is called. */
export function collectUncaught(): () => unknown[] {
  const errors: unknown[] = [];
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const collect = (error: unknown) => errors.push(error);
  process.on('uncaughtException', collect);
  return () => {
    process.off('uncaughtException', collect);
    for (const listener of before) process.on('uncaughtException', listener);
    return errors;
  };
}
