// The machine itself: Node, its settings that could give secrets away, time zone data and clock.
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../core/clock.ts';
import { machineZone, namedMachineZone } from '../../schedule/zone.ts';
import type { Workspace } from '../workspace.ts';
import { type Finding, fine, warning } from './finding.ts';

const NODE_MAJOR_MIN = 24;
/** No clock that is right is before this version of postrider. */
const EARLIEST = Date.UTC(2026, 0, 1);

export function checkNode({ env }: Workspace): Finding {
  const { node, openssl } = process.versions;
  const options = [env['NODE_OPTIONS'] ?? '', ...process.execArgv].join(' ');
  if (Number(node.split('.')[0]) < NODE_MAJOR_MIN)
    return warning('node', `Node.js ${node}`, `Install Node.js ${NODE_MAJOR_MIN} or later.`);
  const risky = /(^|\s)(--inspect|--abort-on-uncaught-exception|--heapsnapshot|--heap-prof)/.exec(options)?.[2];
  if (risky !== undefined) {
    return warning(
      'node',
      `Node.js ${node} with ${risky}`,
      'That lets others, or a file, see every secret: take it out of NODE_OPTIONS.',
    );
  }
  if (/NODE_TLS_REJECT_UNAUTHORIZED/.test(Object.keys(env).join(' '))) {
    return warning(
      'node',
      'NODE_TLS_REJECT_UNAUTHORIZED is set',
      'postrider verifies all the same; other programs do not. Unset it.',
    );
  }
  return fine('node', `Node.js ${node}, OpenSSL ${openssl}`);
}

/** A crash of Node writes its memory, and with it the secrets, to disk where core dumps are on. */
export async function checkCoreDumps(): Promise<readonly Finding[]> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const soft = /^Max core file size\s+(\S+)/m.exec(limits)?.[1];
  if (soft === undefined) return [];
  if (soft === '0') return [fine('core dumps', 'off')];
  return [
    warning(
      'core dumps',
      `on (${soft})`,
      'A crash would write secrets to disk: `ulimit -c 0`, or LimitCORE=0 in the systemd unit.',
    ),
  ];
}

const TZ_ADVICE = 'Unset TZ to have the zone of the machine, or set it to a name such as Europe/Zurich.';

export function checkTime(clock: Clock): readonly Finding[] {
  const zone = namedMachineZone();
  const now = clock.now();
  const time = new Date(now).toISOString();
  const zones = knowsZones()
    ? zone === undefined
      ? warning('time zones', `TZ names no zone: clocks and schedules without one go by ${machineZone()}`, TZ_ADVICE)
      : fine('time zones', `${process.versions['tz'] ?? 'present'}; this machine is in ${zone}`)
    : warning('time zones', 'the data is missing or wrong', 'Use a Node.js with full ICU, and unset NODE_ICU_DATA and TZDIR.');
  const hour = now < EARLIEST ? warning('clock', time, 'The clock is wrong: switch on NTP.') : fine('clock', time);
  return [zones, hour];
}

/** Summer time in Zurich, as every current edition of the data has it. */
function knowsZones(): boolean {
  try {
    const format = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Zurich', hour: '2-digit', hourCycle: 'h23' });
    return [Date.UTC(2026, 0, 1, 12), Date.UTC(2026, 6, 1, 12)].map(at => format.format(at)).join() === '13,14';
  } catch {
    return false;
  }
}
