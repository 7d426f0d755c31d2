// Short ways to ask for slots.
import { readCron } from '../../src/schedule/cron.ts';
import { type Slot, slotsAfter, type Timetable } from '../../src/schedule/slots.ts';
import { zoneNamed } from '../../src/schedule/zone.ts';

export function timetable(cron: string, zone: string, seconds = false): Timetable {
  return { kind: 'cron', fields: readCron({ cron, seconds, hashSeed: 'job' }), zone: zoneNamed(zone) };
}

export function take(table: Timetable, after: number, count: number): readonly Slot[] {
  const slots: Slot[] = [];
  for (const slot of slotsAfter(table, after)) {
    slots.push(slot);
    if (slots.length >= count) break;
  }
  return slots;
}

/** `2026-03-29T01:30`, in UTC. */
export function minute(at: number): string {
  return new Date(at).toISOString().slice(0, 16);
}
