// Somebody else's time zones: Python's zoneinfo names the same instant for a daily time, on every day of 21 years in 40 zones.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { slotsBetween } from '../../src/schedule/slots.ts';
import { timetable } from '../schedule/ask.ts';
import { ZONES } from '../schedule/zones.ts';

/** Where most zones change their clocks, and where the others do. */
const TIMES = ['0 0', '30 2'] as const;
const FIRST = 2020;
/** Later years are rules that one release of the tz database has and another has not. */
const PAST = 2024;
const LAST = 2040;
const SLOTS_MAX = 10_000;

const SCRIPT = `
import hashlib, json, sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo
zones, times, first, last = json.load(sys.stdin)
epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
found = {}
for zone in zones:
    info = ZoneInfo(zone)
    for time in times:
        minute, hour = map(int, time.split())
        for year in range(first, last + 1):
            day, instants = datetime(year, 1, 1, hour, minute), set()
            while day.year == year:
                instants.add(int((day.replace(tzinfo=info, fold=0) - epoch).total_seconds() // 60))
                day += timedelta(days=1)
            text = ' '.join(map(str, sorted(instants)))
            found[f'{zone} {time} {year}'] = hashlib.sha256(text.encode()).hexdigest()
json.dump(found, sys.stdout)
`;

import { execFileSync } from '../support/sync-child.ts';

test('a daily time is due when Python says', () => {
  const last = sameDatabase() ? LAST : PAST;
  const input = JSON.stringify([ZONES, TIMES, FIRST, last]);
  const wanted = JSON.parse(execFileSync('python3', ['-c', SCRIPT], { input, encoding: 'utf8' })) as Record<string, string>;
  const got: Record<string, string> = {};
  for (const zone of ZONES) {
    for (const time of TIMES) {
      const table = timetable(`${time} * * *`, zone);
      const from = Date.UTC(FIRST, 0, 1) - 2 * 86_400_000;
      const slots = slotsBetween(table, from, Date.UTC(last + 1, 0, 3), SLOTS_MAX);
      const byYear = Map.groupBy(slots, ({ nominal }) => new Date(nominal).getUTCFullYear());
      for (let year = FIRST; year <= last; year++) {
        const text = (byYear.get(year) ?? []).map(({ at }) => at / 60_000).join(' ');
        got[`${zone} ${time} ${year}`] = createHash('sha256').update(text).digest('hex');
      }
    }
  }
  expect(Object.keys(got).length).toBe(ZONES.length * TIMES.length * (last - FIRST + 1));
  expect(Object.keys(wanted).filter(key => wanted[key] !== got[key])).toEqual([]);
});

function sameDatabase(): boolean {
  try {
    return readFileSync('/usr/share/zoneinfo/tzdata.zi', 'latin1').startsWith(`# version ${process.versions['tz']}\n`);
  } catch {
    return false;
  }
}
