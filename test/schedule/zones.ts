// The zones and the clock changes that the tests of slots go through, found by asking Intl without any code of ours.

export const ZONES = [
  ...['UTC', 'Europe/Zurich', 'Europe/London', 'Europe/Dublin', 'Europe/Lisbon', 'Atlantic/Azores', 'Europe/Kyiv', 'Europe/Kiev'],
  ...[
    'Europe/Moscow',
    'Europe/Istanbul',
    'Europe/Chisinau',
    'Asia/Beirut',
    'Asia/Jerusalem',
    'Asia/Gaza',
    'Asia/Amman',
    'Asia/Damascus',
  ],
  ...[
    'Asia/Tehran',
    'Asia/Kolkata',
    'Asia/Kathmandu',
    'Pacific/Apia',
    'Africa/Cairo',
    'Africa/Casablanca',
    'Africa/El_Aaiun',
    'Africa/Juba',
  ],
  ...['America/New_York', 'America/Los_Angeles', 'America/St_Johns', 'America/Havana', 'America/Mexico_City', 'America/Santiago'],
  ...['America/Asuncion', 'America/Nuuk', 'America/Scoresbysund', 'America/Sao_Paulo', 'Antarctica/Troll', 'Australia/Lord_Howe'],
  ...['Australia/Adelaide', 'Pacific/Auckland', 'Pacific/Chatham', 'Etc/GMT+5'],
] as const;

const STEP_MS = 6 * 3_600_000;

export interface Change {
  readonly zone: string;
  /** The first instant of the new offset. */
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

/** Every change of offset in [from, to). */
export function changesOf(zone: string, from: number, to: number): readonly Change[] {
  const offset = offsetIn(zone);
  const changes: Change[] = [];
  for (let at = from, before = offset(from); at < to; at += STEP_MS) {
    const after = offset(at + STEP_MS);
    if (after === before) continue;
    let [low, high] = [at, at + STEP_MS];
    while (high - low > 1_000) {
      const middle = Math.floor((low + high) / 2_000) * 1_000;
      if (offset(middle) === before) low = middle;
      else high = middle;
    }
    changes.push({ zone, at: high, before, after });
    before = after;
  }
  return changes;
}

/** By another way than src/schedule/zone.ts goes. */
export function offsetIn(timeZone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset', year: 'numeric' });
  return at => {
    const [, sign, hours, minutes, seconds] = /GMT([+-])(\d+):(\d+)(?::(\d+))?/.exec(format.format(at)) ?? [];
    if (sign === undefined) return 0;
    return (sign === '-' ? -1 : 1) * (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds ?? 0)) * 1_000;
  };
}
