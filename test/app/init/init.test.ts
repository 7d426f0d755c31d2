import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { askStarters } from '../../../src/app/init/ask.ts';
import { connectionsText } from '../../../src/app/init/connections-file.ts';
import { initJobs } from '../../../src/app/init/init.ts';
import { filled, yamlWord } from '../../../src/app/init/templates.ts';
import { CancelledError } from '../../../src/core/errors.ts';
import { tempDir } from '../../support/temp-dir.ts';

function person(...answers: readonly string[]) {
  const questions: string[] = [];
  const said: string[] = [];
  const left = [...answers];
  const ask = async (question: string) => {
    questions.push(question);
    return left.shift() ?? '';
  };
  return { ask, say: (line: string) => void said.push(line), questions, said };
}

describe('init', () => {
  it('asks only for what the templates need and the flags do not say, and again after a wrong answer', async () => {
    const who = person('archive', 'ftp://x@y', 'pop3s://me@pop.example.net', '', 'me@example.net');
    const starters = await askStarters(who, { answers: { to: 'you@example.net' } }, 'Europe/Berlin');
    expect(starters).toEqual({
      templates: ['archive'],
      connections: {
        inbox: { type: 'pop3', tls: 'implicit', host: 'pop.example.net', user: 'me' },
        outbox: { type: 'smtp', tls: 'explicit', host: 'smtp.example.org', user: 'robot' },
      },
      answers: { from: 'me@example.net', to: 'you@example.net' },
    });
    expect(who.said.join('\n')).toContain('ftp://x@y is no POP3 server');
  });

  it('takes the zone of the machine, and `quit` for an answer', async () => {
    const { answers } = await askStarters(person('report'), {}, 'Asia/Tokyo');
    expect(answers.timezone).toBe('Asia/Tokyo');
    await expect(askStarters(person('deploy', 'quit'), {}, 'UTC')).rejects.toBeInstanceOf(CancelledError);
  });

  it('puts answers where the example has its own words, whatever they hold', () => {
    const example =
      'url: https://www.example.org/\nwith:\n  from: robot@example.org\n  to: [ops@example.org]\n  local: ./public\n';
    const nasty = '$& "quoted": # no comment';
    const text = filled(example, { site: nasty, to: 'x, y', url: 'https://a.example/' });
    expect(parse(text)).toEqual({ url: 'https://a.example/', with: { from: 'robot@example.org', to: ['x, y'], local: nasty } });
  });

  it.each(['true', 'a: b', '- x', '1', "it's", 'ü', '', '@x', 'C:\\x'])('writes %j so that YAML reads it back', word => {
    expect(parse(`a: ${yamlWord(word)}`)).toEqual({ a: word });
  });

  it('leaves a connections.yaml as it is, and names only what is missing in it', async () => {
    const temp = await tempDir();
    const own = 'web: { type: ftp, host: my.example.net }\n';
    await writeFile(join(temp.path, 'connections.yaml'), own);
    const first = await initJobs(temp.path);
    expect(Object.keys(parse(first.missing ?? ''))).toEqual(['outbox', 'inbox']);
    await writeFile(join(temp.path, 'connections.yaml'), `${own}${first.missing}`);
    const second = await initJobs(temp.path);
    expect(second.missing).toBeUndefined();
    expect(second.files.filter(({ written }) => written)).toEqual([]);
    await temp.remove();
  });

  it('writes connections that say only what is not the default', () => {
    const text = connectionsText(['web', 'inbox'], { web: { type: 'ftp', host: 'h', tls: 'implicit', port: 2121, user: 'u' } });
    expect(parse(text)).toEqual({
      web: { type: 'ftp', host: 'h', tls: 'implicit', port: 2121, user: 'u', password: '${{ secrets.web }}' },
      inbox: { type: 'pop3', host: 'pop.example.org', user: 'invoices', password: '${{ secrets.inbox }}' },
    });
  });
});
