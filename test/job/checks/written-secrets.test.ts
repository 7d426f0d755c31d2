// What is shown of a line that holds a password: stars in the place of each of its characters, so that carets still fit.
import { expect, it } from 'vitest';
import { starred } from '../../../src/job/checks/written-secrets.ts';

it.each([
  ['  password: hunter2', '  password: *******'],
  ['  password: hun, ter2 } # 3', '  password: ***************'],
  ['  "password": "hun\\"ter2"', '  "password": ***********'],
  ["in: { user: me, pass: 'hun''ter2', host: h }", 'in: { user: me, pass: ***********, host: h }'],
  ['in: {user: me, smtp_passwd: hunter2, host: h}', 'in: {user: me, smtp_passwd: *******, host: h}'],
  ['in: { password: hunter2 }', 'in: { password: ******* }'],
  ['proxy: "socks5://me:hun:ter2@h"', 'proxy: "socks5://me:********@h"'],
  ['password: "${{ secrets.web }}"', 'password: "${{ secrets.web }}"'],
  ['proxy: "http://me:${{ secrets.web }}@h"', 'proxy: "http://me:${{ secrets.web }}@h"'],
  ['passive: false', 'passive: false'],
  ['password:', 'password:'],
  ['host: ftp.example.org:21', 'host: ftp.example.org:21'],
])('%s', (line, shown) => expect(starred(line)).toBe(shown));
