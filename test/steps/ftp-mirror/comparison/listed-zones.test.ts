// A server whose listings tell local time: noticed against MDTM, and after that no file is asked for or sent again because of it.
import { expect, test } from 'vitest';
import { ListedZones } from '../../../../src/steps/ftp-mirror/comparison/listed-zones.ts';
import { FakeServer } from '../fake-server.ts';
import { makeRig, T0, write } from '../rig.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const listed = (modifiedAt: number, precisionMs = MINUTE) => ({ size: 1, modifiedAt, precisionMs });

test.each([
  ['east', 2 * HOUR],
  ['west', -5 * HOUR],
  ['half past', 5.5 * HOUR],
  ['three quarters', 5.75 * HOUR],
])('%s of Greenwich', (_, zone) => {
  const zones = new ListedZones();
  const at = T0 + 42_000;
  const shown = Math.floor((at + zone) / MINUTE) * MINUTE;
  expect(zones.corrected(listed(shown), at)).toEqual(listed(shown));
  zones.learn(listed(shown), { size: 1, modifiedAt: at, precisionMs: 1_000 });
  expect(zones.corrected(listed(shown), at)).toEqual(listed(shown - zone));
});

test('a time that is off by something else teaches nothing', () => {
  const zones = new ListedZones();
  for (const apart of [7 * MINUTE, 15 * HOUR, -20 * HOUR, 90 * MINUTE + 61_000])
    zones.learn(listed(T0), { size: 1, modifiedAt: T0 + apart, precisionMs: 1_000 });
  zones.learn(listed(T0, 24 * HOUR), { size: 1, modifiedAt: T0 + HOUR, precisionMs: 1_000 });
  for (const apart of [7 * MINUTE, HOUR, 90 * MINUTE]) expect(zones.corrected(listed(T0), T0 + apart)).toEqual(listed(T0));
});

test('nothing is sent again for a zone, nor for daylight saving time between two files', async () => {
  const summer = T0 - 120 * 24 * HOUR;
  const server = new FakeServer({ precisionMs: MINUTE, zoneMs: at => (at < T0 - HOUR ? 2 * HOUR : HOUR), setsTimes: true });
  const rig = await makeRig(server);
  const files = Object.fromEntries(Array.from({ length: 900 }, (_, n) => [`d${n % 3}/${n}`, `${n}`]));
  await write(rig.site, files, T0 + 1_234_000);
  await write(rig.site, { 'd0/summer': 'x', 'd1/summer': 'y' }, summer);
  const config = { direction: 'upload', parallel: 1 };
  await rig.run(config);
  expect(await rig.run(config)).toMatchObject({ uploaded: 0, unchanged: 902 });
  server.log.length = 0;
  expect(await rig.run(config)).toMatchObject({ uploaded: 0, unchanged: 902 });
  const asked = server.log.filter(line => /modified|MDTM/i.test(line)).length;
  expect(asked).toBeGreaterThan(0);
  expect(asked).toBeLessThan(450);
  server.options = { ...server.options, zoneMs: () => -8 * HOUR };
  expect(await rig.run(config)).toMatchObject({ uploaded: 0, unchanged: 902 });
});
