// A server that seems to be far away, without waiting: the clock jumps when it is connected to, and with everything that it is sent.
import { type Clock, systemClock } from '../../src/core/clock.ts';
import type { Dial } from '../../src/protocols/net/dial.ts';

export function farAway(dial: Dial, distanceMs: number, connectMs = distanceMs): { readonly dial: Dial; readonly clock: Clock } {
  let away = 0;
  return {
    async dial(endpoint, options) {
      away += connectMs;
      const transport = await dial(endpoint, options);
      const post = transport.post.bind(transport);
      return Object.assign(transport, {
        post: (octets: string) => {
          away += distanceMs;
          post(octets);
        },
      });
    },
    clock: { ...systemClock, elapsed: () => systemClock.elapsed() + away },
  };
}
