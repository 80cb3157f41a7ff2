/**
 * One loop on three backends: many pipes, one of which has a byte. What select and poll cost grows with the number of
 * fds, since they hand over and look through all of them in each call; epoll remembers them and hands over what is
 * ready.
 */
import { Multiplexer, pipe } from 'fdmux';

const counts = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10, 100, 1000];
const ROUNDS = 300;

console.log(`microseconds for each of ${ROUNDS} rounds: write a byte, wait, read it`);
console.log(['fds', ...Multiplexer.backends()].map((title) => title.padStart(8)).join(''));
for (const count of counts) {
  const pipes = Array.from({ length: count }, () => pipe());
  const costs = Multiplexer.backends().map((backend) => {
    const mux = new Multiplexer<number>({ backend });
    pipes.forEach(([reader], index) => mux.register(reader, { interest: 'read', data: index }));
    const start = performance.now();
    for (let round = 0; round < ROUNDS; round++) {
      const active = round % count;
      pipes[active]?.[1].write('x');
      for (const { data } of mux.waitSync(1000)) {
        if (data !== active) throw new Error(`pipe ${data} has nothing`);
        pipes[data]?.[0].read(1);
      }
    }
    const cost = ((performance.now() - start) * 1000) / ROUNDS;
    mux.close();
    return cost.toFixed(1);
  });
  console.log([String(count), ...costs].map((cell) => cell.padStart(8)).join(''));
  for (const end of pipes.flat()) end.close();
}
