// sd_notify(3): tells systemd that the scheduler is ready, lives, or stops. Node has no datagram sockets of AF_UNIX, so systemd-notify speaks.
import { spawn } from 'node:child_process';

export interface Notifier {
  /** `READY=1`, `STATUS=…`. Never fails. */
  tell(...assignments: readonly string[]): void;
  /** How often to tell `WATCHDOG=1`, in milliseconds; undefined when nobody listens. */
  readonly watchdogMs: number | undefined;
}

/** `missing` is called once when systemd listens but there is no systemd-notify. */
export function notifier(env: Readonly<Record<string, string | undefined>>, missing: (reason: string) => void): Notifier {
  const socket = env['NOTIFY_SOCKET'] ?? '';
  if (socket === '') return { tell: () => undefined, watchdogMs: undefined };
  const watchdogUs = Number(env['WATCHDOG_USEC'] ?? Number.NaN);
  const { PATH = '/usr/bin:/bin' } = env;
  let told = false;
  return {
    tell(...assignments) {
      // The unit says `NotifyAccess=all`, since the message comes from another process than ours.
      const child = spawn('systemd-notify', [...assignments], {
        env: { PATH, NOTIFY_SOCKET: socket },
        stdio: 'ignore',
      });
      child.on('error', error => {
        if (!told) missing(error.message);
        told = true;
      });
      child.unref();
    },
    // Half of it, as sd_watchdog_enabled(3) advises.
    watchdogMs: Number.isFinite(watchdogUs) && watchdogUs > 0 ? Math.floor(watchdogUs / 2_000) : undefined,
  };
}
