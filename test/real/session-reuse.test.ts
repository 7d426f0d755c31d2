// The FTP rigs are as strict as they claim: a data connection with a TLS session of its own is refused, a resumed one is not.
import { readFileSync } from 'node:fs';
import { connect, type TLSSocket } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { describeReal } from './require.ts';
import { type RealServer, startProftpd, startVsftpd } from './servers.ts';

const START = { vsftpd: startVsftpd, proftpd: startProftpd } as const;
const CASES = (['vsftpd', 'proftpd'] as const).flatMap(name =>
  (['1.2', '1.3'] as const).map(tlsVersion => ({ name, tlsVersion })),
);

describeReal.each('$name demands TLS session reuse (TLS $tlsVersion)', CASES, ['vsftpd', 'proftpd'], ({ name, tlsVersion }) => {
  test.each([
    { resume: true, answer: /^226 / },
    { resume: false, answer: /^(425|522) / },
  ])('resumed: $resume', async ({ resume, answer }) => {
    const server = await START[name]({ tls: 'implicit', tlsVersion });
    onTestFinished(() => server.stop());
    expect(await listOnce(server, resume)).toMatch(answer);
  });
});

/** The answer to LIST, after its data connection. */
async function listOnce(server: RealServer, resume: boolean): Promise<string> {
  const trust = { host: 'localhost', servername: 'localhost', ca: readFileSync(server.caFile) };
  const control = connect({ ...trust, port: server.port });
  let session: Buffer | undefined;
  control.on('session', ticket => {
    session = ticket;
  });
  const replies = repliesOf(control);
  const ask = async (line: string) => {
    control.write(`${line}\r\n`);
    return replies();
  };
  await replies();
  for (const line of [`USER ${server.user}`, `PASS ${server.password}`, 'PBSZ 0', 'PROT P']) await ask(line);
  const port = Number((await ask('EPSV')).match(/\|(\d+)\|\)/)?.[1]);
  control.write('LIST\r\n');
  const data = connect({ ...trust, port, ...(resume && session !== undefined ? { session } : {}) });
  data.on('error', () => undefined).resume();
  const opening = await replies();
  const answer = opening.startsWith('150') ? await replies() : opening;
  data.destroy();
  control.destroy();
  return answer;
}

/** Every final line of a reply, one after the other. */
function repliesOf(control: TLSSocket): () => Promise<string> {
  const lines = (async function* () {
    let text = '';
    for await (const chunk of control) {
      text += chunk;
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        if (/^\d{3} /.test(line)) yield line;
      }
    }
  })();
  return async () => (await lines.next()).value ?? 'the server ended the connection';
}
