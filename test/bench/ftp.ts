// `npm run bench ftp`: postrider's mirror against lftp, rclone, basic-ftp and curl on real servers; every result is compared byte for
// byte before its time counts. `--help` lists the options.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cellNamed } from './ftp/cells.ts';
import { contestants } from './ftp/contestants.ts';
import { type Field, runCell } from './ftp/field.ts';
import { openLink } from './ftp/link.ts';
import { type BenchOptions, readOptions } from './ftp/options.ts';
import { makeSamples, type Samples } from './ftp/samples.ts';
import { startHost } from './ftp/server.ts';
import { printCell, printHead } from './ftp/table.ts';

/** True when every cell kept its bounds, or when nobody asked. */
export async function benchFtp(args: readonly string[]): Promise<boolean> {
  const options = readOptions(args);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  const folder = mkdtempSync(join(options.dir ?? tmpdir(), 'bench-ftp-'));
  try {
    printHead(options);
    const samples = makeSamples(join(folder, 'samples'), options);
    let kept = true;
    for (const net of options.nets) kept = (await onNet(net, options, samples, folder)) && kept;
    return kept || !options.check;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function onNet(
  net: BenchOptions['nets'][number],
  options: BenchOptions,
  samples: Samples,
  folder: string,
): Promise<boolean> {
  const link = net === 'link' ? await openLink(options.rttMs) : undefined;
  if (link === 'missing') {
    console.log('\nno delay link here: it needs root, network namespaces, /dev/net/tun and delay-link.py (POSTRIDER_DELAY_LINK)');
    return true;
  }
  try {
    let kept = true;
    for (const server of options.servers) {
      for (const tls of options.tls) {
        const host = await startHost({ server, tls, ...(link === undefined ? {} : { link }) });
        try {
          const field: Field = { host, link, samples, folder, options, server, tls };
          for (const name of options.cells) {
            const cell = cellNamed(name);
            const results = await runCell(field, cell, contestants(cell.name, options));
            kept = printCell(field, cell, results) && kept;
          }
        } finally {
          await host.stop();
        }
      }
    }
    return kept;
  } finally {
    await link?.close();
  }
}
