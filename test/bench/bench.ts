// `npm run bench [archive|cli|ftp|pop3|schedule|smtp]`: speed as ratios against peers measured in the same run; prints, never judges by itself unless asked with --check.
import { benchArchive } from './archive.ts';
import { benchCli } from './cli.ts';
import { benchFtp } from './ftp.ts';
import { benchPop3 } from './pop3.ts';
import { benchSchedule } from './schedule.ts';
import { benchSmtp } from './smtp.ts';

const BENCHES: Readonly<Record<string, (check: boolean, args: readonly string[]) => Promise<boolean>>> = {
  archive: benchArchive,
  cli: benchCli,
  ftp: (_, args) => benchFtp(args),
  pop3: (_, args) => benchPop3(args),
  smtp: benchSmtp,
  schedule: benchSchedule,
};

const [name = 'all', ...flags] = process.argv.slice(2);
const chosen = name === 'all' || name.startsWith('--') ? Object.keys(BENCHES) : [name];
const check = [name, ...flags].includes('--check');
for (const each of chosen) {
  const bench = BENCHES[each];
  if (bench === undefined) {
    console.error(`there is no bench ${each}; there are: ${Object.keys(BENCHES).join(', ')}`);
    process.exit(2);
  }
  if (!(await bench(check, name === each ? flags : flags.filter(flag => flag === '--check')))) process.exitCode = 1;
}
