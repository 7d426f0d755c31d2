// What becomes of the `proxy` of a connection: its secrets are found, needed, kept out of what is remembered, and put in whole.
import { expect, it } from 'vitest';
import { endpointResolver } from '../../src/app/endpoints.ts';
import { secretNeeds } from '../../src/app/secrets/secret-needs.ts';
import { formatDiagnostic } from '../../src/core/diagnostic.ts';
import { Redactor, Secret } from '../../src/core/secret.ts';
import { holdsWrittenSecret } from '../../src/job/checks/written-secrets.ts';
import type { Job } from '../../src/job/job.ts';
import { readSnapshot, writeSnapshot } from '../../src/job/snapshot.ts';
import { stepTypes } from '../../src/steps/registry.ts';
import { loadJobText } from '../support/job-text.ts';

const SECRETS: Readonly<Record<string, string>> = {
  pass: 'p%41@s:/s w%',
  whole: 'me:p%2541@proxy.test:99',
  url: 'http://a:b%25cde@p.test',
};

const jobWith = (proxy: string) =>
  loadJobText(`
connections:
  web: { type: ftp, host: ftp.test, user: me, password: "\${{ secrets.web }}", proxy: "${proxy}" }
steps:
  - id: mirror
    uses: ftp/mirror
    with: { connection: web, direction: upload, local: ., remote: / }
`);

async function proxyOf(job: Job) {
  const redactor = new Redactor();
  const resolve = endpointResolver({
    ...{ job, redactor, vars: {}, env: {}, runId: '' },
    resolveSecret: async name => new Secret(SECRETS[name] ?? 'x'),
    tokensOf: () => async () => new Secret('x'),
  });
  const { proxy } = await resolve('web', () => undefined);
  const { kind, host, port, user, password } = proxy ?? {};
  return { at: `${kind} ${host}:${port}`, user, password: password?.reveal(), shown: redactor.redact(`${password?.reveal()}`) };
}

it.each([
  ['socks5://me:${{ secrets.pass }}@proxy.test', 'socks5 proxy.test:1080', SECRETS['pass']],
  ['http://me:p%41-${{ secrets.pass }}@[::1]:3128', 'http ::1:3128', `pA-${SECRETS['pass']}`],
  ['socks5://${{ secrets.whole }}', 'socks5 proxy.test:99', 'p%41'],
  ['${{ secrets.url }}', 'http p.test:8080', 'b%cde'],
])('%s', async (proxy, at, password) => {
  const { job } = await jobWith(proxy);
  expect(await proxyOf(job)).toMatchObject({ at, password, shown: expect.stringContaining('****') });
  expect(secretNeeds(job).map(({ name }) => name)).toContain(/secrets\.(\w+)/.exec(proxy)?.[1]);
});

const WRITTEN = `
connections:
  web: { type: ftp, host: ftp.test, user: me, password: canary-1, proxy: "socks5://me:canary-2@proxy.test" }
  out: { type: smtp, host: a.test, dkim: { domain: a.test, selector: s, key: canary-3 } }
  two: { type: ftp, host: b.test, proxy: "http://\${{ secrets.user }}:canary:4@b.test" }
  any: { type: ftp, host: c.test, proxy: "http://\${{ secrets.user }}:\${{ secrets.pass }}@c.test" }
steps: [{ id: one, run: "true" }]
`;

it('secrets that stand in the file are warned of, and not remembered with a run', async () => {
  const { job, diagnostics } = await loadJobText(WRITTEN);
  expect(diagnostics.map(({ code, range }) => [code, range.start.line, range.start.column])).toEqual([
    ['secret-in-file', 3, 47],
    ['secret-in-file', 3, 67],
    ['secret-in-file', 4, 73],
    ['secret-in-file', 5, 35],
  ]);
  expect(diagnostics.map(formatDiagnostic).join()).not.toContain('canary');
  const text = writeSnapshot({ job });
  expect(text).not.toContain('canary');
  expect(Object.values(job.connections).map(holdsWrittenSecret)).toEqual([true, true, true, false]);
  expect(readSnapshot(text, stepTypes, job).job.connections).toEqual(job.connections);
  const { web, out, any } = readSnapshot(text, stepTypes).job.connections;
  expect([web?.password, web?.proxy, out?.dkim?.key, any]).toEqual([
    undefined,
    'socks5://me@proxy.test',
    '',
    job.connections['any'],
  ]);
});

it('a run that goes on uses the proxy that it was begun with', async () => {
  const { job } = await jobWith('socks5://me:one@old.test');
  const { job: today } = await jobWith('socks5://me:two@new.test');
  expect(readSnapshot(writeSnapshot({ job }), stepTypes, today).job.connections['web']?.proxy).toBe('socks5://me@old.test');
});
