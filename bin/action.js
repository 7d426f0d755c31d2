// The GitHub Action: INPUT_* of action.yml → one postrider command. Inputs are named as those of FTP-Deploy-Action, so that moving over is one line.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** FTP-Deploy-Action's words for TLS; `ftp` is clear text and has to be written out. */
const SCHEMES = { ftps: ['ftp', ''], 'ftps-legacy': ['ftps', ''], ftp: ['ftp', '?tls=none'] };
const NEVER_DEPLOYED = ['.git*', 'node_modules/'];

try {
  const { args, env } = commandOf(process.env);
  if (process.env.POSTRIDER_ACTION_PRINT === '1') console.log(JSON.stringify(args));
  else run(args, env);
} catch (error) {
  console.error(`::error title=postrider::${error.message}`);
  process.exitCode = 2;
}

/** Throws what is wrong with the inputs; `env` holds what must not be an argument. */
function commandOf(env) {
  const input = name => (env[`INPUT_${name.toUpperCase().replaceAll('-', '_')}`] ?? '').trim();
  const flag = name => {
    const text = input(name) || 'false';
    if (text !== 'true' && text !== 'false') throw new Error(`${name} must be true or false, but is "${text}"`);
    return text === 'true';
  };
  if (input('job') !== '') return { args: [flag('dry-run') ? 'plan' : 'run', input('job')], env: {} };
  const server = input('server');
  if (server === '') throw new Error('write `server` and `username` to deploy a folder, or `job` to run a job file');
  if (input('security') === 'loose') {
    throw new Error(
      '`security: loose` has no counterpart: certificates are always verified; name the server’s own in `ca` or `fingerprint`',
    );
  }
  const extra = flag('dry-run') ? ['--dry-run'] : [];
  return {
    args: ['ftp', 'mirror', input('local-dir') || './', urlOf(input), ...comparing(flag), ...excluded(input), ...extra],
    env: { POSTRIDER_PASSWORD: input('password') },
  };
}

/** Only what this deployed is ever deleted, unless the server's folder is to be swept clean. */
function comparing(flag) {
  return ['--delete', '--compare', flag('dangerous-clean-slate') ? 'time-size' : 'manifest'];
}

function excluded(input) {
  const written = input('exclude')
    .split('\n')
    .map(line => line.trim());
  return [...NEVER_DEPLOYED, ...written.filter(line => line !== '')].flatMap(pattern => ['--exclude', pattern]);
}

function urlOf(input) {
  const protocol = input('protocol') || 'ftps';
  const scheme = SCHEMES[protocol];
  if (scheme === undefined) throw new Error(`protocol must be ${Object.keys(SCHEMES).join(', ')}, but is "${protocol}"`);
  const [name, tls] = scheme;
  const settings = ['ca', 'fingerprint'].filter(key => input(key) !== '').map(key => `${key}=${encodeURIComponent(input(key))}`);
  const milliseconds = input('timeout');
  if (milliseconds !== '') settings.push(`timeout=${milliseconds}ms`);
  const query = [tls.slice(1), ...settings].filter(part => part !== '').join('&');
  const user = input('username') === '' ? '' : `${encodeURIComponent(input('username'))}@`;
  const port = input('port') === '' ? '' : `:${input('port')}`;
  const path = input('server-dir').replace(/^\.\//, '').split('/').map(encodeURIComponent).join('/');
  return `${name}://${user}${input('server')}${port}/${path}${query === '' ? '' : `?${query}`}`;
}

function run(args, env) {
  const program = fileURLToPath(new URL('postrider.js', import.meta.url));
  const child = spawn(process.execPath, [program, ...args], { stdio: 'inherit', env: { ...process.env, ...env } });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGTERM' ? 143 : 130)));
}
